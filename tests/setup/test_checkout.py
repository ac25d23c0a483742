"""What is committed: a version that is written about, and nothing heavy or opaque."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: The largest file that may be committed, in bytes.
LARGEST = 400_000


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_the_newest_change_written_about_is_of_the_version_in_pyproject() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == version


def test_no_heavy_file_is_committed() -> None:
    heavy = [str(path.relative_to(ROOT)) for path in committed() if path.stat().st_size > LARGEST]
    assert heavy == []


def test_nothing_but_pictures_is_committed_that_a_person_cannot_read() -> None:
    opaque = [
        str(path.relative_to(ROOT)) for path in committed() if path.suffix != ".png" and b"\0" in path.read_bytes()
    ]
    assert opaque == []


def test_commands_can_be_run_and_only_commands() -> None:
    commands = {path.name: bool(path.stat().st_mode & 0o100) for path in (ROOT / "bin").iterdir() if path.is_file()}
    assert commands.pop("environment.py") is False
    assert set(commands) == {"hearthline", "setup", "test", "bench"}
    assert all(commands.values())
