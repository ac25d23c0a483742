"""A simulation of 10,000 people for 90 days: how long it takes, and how much memory all its processes take together.

Beside it, told and not judged: the whole library, as `journeys simulate` is run before it is published.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "journeys" / "library").glob("*.yaml"))
WELCOME = [ROOT / "journeys" / "library" / "welcome.yaml"]
#: What 10,000 people for 90 days may take.
SECONDS, MEGABYTES = 120.0, 1_000.0
#: Seconds after which something is wrong.
PATIENCE = 1_800.0


def figures(quick: bool) -> Iterator[Figure]:
    """Seconds and megabytes, allowed and taken."""
    members, days = (30, 3) if quick else (10_000, 90)
    found, seconds, megabytes = lived(WELCOME, members, days)
    if any(found["broken"].values()):
        raise AssertionError(f"something was broken: {found['broken']}")
    yield Figure(f"simulate {members:,}", "sqlite", SECONDS, seconds, 1, "s (allowed, taken)", "at most")
    yield Figure(f"simulate {members:,}", "sqlite", MEGABYTES, megabytes, 1, "MB (allowed, taken)", "at most")
    if not quick:
        found, seconds, megabytes = lived(LIBRARY, 2_000, 120)
        if any(found["broken"].values()):
            raise AssertionError(f"something was broken: {found['broken']}")
        yield Figure("simulate library", "sqlite", SECONDS, seconds, None, "s (120, taken)", "at most")
        yield Figure("simulate library", "sqlite", MEGABYTES, megabytes, None, "MB (1,000, taken)", "at most")


def lived(files: Sequence[Path], members: int, days: int) -> tuple[dict[str, Any], float, float]:
    """What the command said, its wall seconds, and the most megabytes its processes held at one time."""
    command = [
        sys.executable, "-m", "admin.cli", "journeys", "simulate", *map(str, files),
        "--members", str(members), "--days", str(days), "--seed", "7", "--json",
    ]  # fmt: skip
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    most = 0.0
    try:
        while process.poll() is None:
            most = max(most, _held_by(process.pid))
            if time.monotonic() - began > PATIENCE:
                raise AssertionError("the simulation does not end")
            time.sleep(0.2)
        seconds = time.monotonic() - began
        said = process.stdout.read() if process.stdout else ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait(10)
    return json.loads(said), seconds, max(most, 1.0)


def _held_by(session: int) -> float:
    """Megabytes held in memory by all processes of this session (proc(5): the sixth field of stat)."""
    pages = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            fields = (folder / "stat").read_text("ascii").rpartition(")")[2].split()
            if int(fields[3]) == session:
                pages += int((folder / "statm").read_text("ascii").split()[1])
        except (OSError, ValueError, UnicodeError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000
