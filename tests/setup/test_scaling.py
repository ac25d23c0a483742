"""docs/scaling: the units and the compose file are read by what they are for, and say only what the program knows."""

import configparser
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from admin.cli.__main__ import COMMANDS
from admin.process import ROLES
from engine.base.settings_file import unknown_variables
from tests.setup.test_locks import ROOT

FOLDER = ROOT / "docs" / "scaling"
UNITS = sorted(FOLDER.glob("*.service"))
OURS = {name for rows in COMMANDS.values() for name, *_ in rows}
APART = set(ROLES) - {"run"}


def variables() -> dict[str, str]:
    """What .env.example sets."""
    lines = (FOLDER / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file, read."""
    read: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    return read


def test_there_is_a_unit_for_every_kind_of_process_and_for_the_shape() -> None:
    assert {unit.stem.removeprefix("hearthline-") for unit in UNITS} == APART | {"migrate"}


@pytest.mark.parametrize("unit", UNITS, ids=[unit.stem for unit in UNITS])
def test_a_unit_is_what_systemd_reads(unit: Path, tmp_path: Path) -> None:
    read = configparser.RawConfigParser(strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(unit.read_text("utf-8"))
    program, command, *_ = read["Service"]["ExecStart"].split()
    assert program == "/opt/hearthline/bin/hearthline"
    assert command in OURS
    assert read["Install"]["WantedBy"] == "multi-user.target"
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        here = tmp_path / unit.name
        here.write_text(unit.read_text("utf-8").replace("/opt/hearthline", str(ROOT)), "utf-8")
        ran = subprocess.run(
            [analyze, "verify", "--man=no", here],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        ours = [line for line in ran.stderr.splitlines() if unit.name in line]
        assert ours == [], ran.stderr


def test_the_compose_file_runs_every_kind_after_the_shape_with_settings_the_program_knows(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    ours = {name: service for name, service in services.items() if service.get("image") == "hearthline"}
    assert set(ours) == APART | {"migrate"}
    for name, service in ours.items():
        assert service["command"].split()[0] == name
        assert set(service["depends_on"]) <= set(services)
        assert unknown_variables(service["environment"]) == []
        if name != "migrate":
            assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    build = ours["web"]["build"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).exists()
    assert compose["volumes"].keys() == {"postgres"}


def test_the_example_of_values_names_settings_only() -> None:
    assert unknown_variables(variables()) == []
    assert "HEARTHLINE_KEYS" in variables()
