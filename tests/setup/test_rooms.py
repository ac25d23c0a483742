"""The import contracts: kept as things are, and really broken by an import that goes the wrong way."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "inbound", "journeys", "templates", "reply_router", "admin")

#: Who may import which part of the provider's library: import-linter sees only the whole of it.
TWILIO = {
    "engine/channels": ("twilio",),
    "admin/sandbox": ("twilio",),
    "inbound/sms": ("twilio.request_validator", "twilio.twiml"),
}


@pytest.fixture
def bare_rooms(tmp_path: Path) -> Path:
    """Every module of ours, empty, with the real contracts."""
    for room in ROOMS:
        for module in (ROOT / room).rglob("*.py"):
            copy = tmp_path / module.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def linted(rooms: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=rooms,
        env={"PYTHONPATH": str(rooms), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_empty_rooms_break_no_contract(bare_rooms: Path) -> None:
    result = linted(bare_rooms)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("engine/base/wrong.py", "import inbound.web", "The way through the rooms"),
        ("journeys/wrong.py", "import templates", "The way through the rooms"),
        ("templates/wrong.py", "import engine.base", "The way through the rooms"),
        ("reply_router/wrong.py", "def late() -> None:\n    import admin.cli", "The way through the rooms"),
        ("engine/base/wrong.py", "import engine.people", "Inside the engine"),
        ("engine/channels/wrong.py", "import engine.outbox", "Inside the engine"),
        ("engine/attic/__init__.py", "", "Inside the engine"),
        ("engine/outbox/wrong.py", "import smtplib", "Only the channels speak to the outside world"),
        ("admin/web/wrong.py", "from twilio.rest import Client", "Only the channels speak to the outside world"),
        ("admin/web/wrong.py", "import admin.sandbox", "Only the command line opens the sandbox"),
        ("reply_router/wrong.py", "from flask import request", "The web stays in the doors"),
        ("engine/outbox/wrong.py", "import aiosmtpd.smtp", "The mail server stays in its door"),
        ("journeys/wrong.py", "from sqlalchemy import select", "Journeys and templates know no database"),
    ],
)
def test_an_import_that_goes_the_wrong_way_breaks_its_contract(
    bare_rooms: Path, module: str, line: str, contract: str
) -> None:
    wrong = bare_rooms / module
    wrong.parent.mkdir(exist_ok=True)
    wrong.write_text(line + "\n")

    result = linted(bare_rooms)

    assert result.returncode == 1, result.stdout + result.stderr
    broken = [said for said in result.stdout.splitlines() if said.endswith("BROKEN")]
    assert len(broken) == 1
    assert broken[0].startswith(contract)


def imported(module: Path) -> set[str]:
    """Every dotted name a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_bytes())):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(base), level=0):
                names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def test_only_the_channels_and_the_sandbox_import_the_providers_client() -> None:
    strays = [
        f"{module.relative_to(ROOT)}: {name}"
        for room in ROOMS
        for module in sorted((ROOT / room).rglob("*.py"))
        for name in sorted(imported(module))
        if name.split(".")[0] == "twilio"
        and not any(
            module.relative_to(ROOT).as_posix().removesuffix(".py").startswith(place)
            and any(f"{name}.".startswith(f"{part}.") for part in parts)
            for place, parts in TWILIO.items()
        )
    ]
    assert strays == []
