"""The locks: everything that is asked for, in exact versions with hashes, from no place in particular."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "requirements.lock"
TESTS = ROOT / "tests" / "requirements.lock"

both = pytest.mark.parametrize("lock", [RUN, TESTS], ids=["run", "tests"])

Pin = tuple[str, str, str]


def pins(lock: Path) -> dict[Pin, int]:
    """Name, version and marker of each pin, with the number of its hashes."""
    found: dict[Pin, int] = {}
    current: Pin | None = None
    for line in lock.read_text().splitlines():
        if match := re.match(r"([a-z0-9.-]+)==(\S+)(?: ; (.+?))? \\$", line):
            current = (match[1], match[2], match[3] or "")
            found[current] = 0
        elif re.match(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?$", line):
            assert current is not None
            found[current] += 1
        else:
            assert line.lstrip().startswith("#"), f"neither a pin nor a hash nor a remark: {line}"
    return found


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None, requirement
    return re.sub(r"[._-]+", "-", match[0]).lower()


@both
def test_every_line_of_a_lock_is_a_pin_with_hashes_and_names_no_place(lock: Path) -> None:
    counted = pins(lock)
    assert counted
    assert [pin for pin, hashes in counted.items() if hashes == 0] == []
    assert "://" not in lock.read_text()
    assert not re.search(r"^\s*-[^-]", lock.read_text(), re.MULTILINE), "an option of pip's would bind it to a place"


def test_the_locks_hold_everything_that_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {name_of(requirement) for requirement in project["dependencies"]}
    asked_for_tests = {name_of(requirement) for requirement in project["optional-dependencies"]["test"]}
    assert asked <= {name for name, _, _ in pins(RUN)}
    assert asked | asked_for_tests <= {name for name, _, _ in pins(TESTS)}


def test_what_is_tested_is_what_runs() -> None:
    assert {(name, version) for name, version, _ in pins(RUN)} <= {(name, version) for name, version, _ in pins(TESTS)}


def test_what_runs_brings_nothing_that_is_only_for_tests() -> None:
    names = {name for name, _, _ in pins(RUN)}
    assert [name for name in names if name.startswith("types-") or name.endswith("-stubs")] == []
    assert names.isdisjoint({"pytest", "mypy", "ruff", "hypothesis", "playwright"})
