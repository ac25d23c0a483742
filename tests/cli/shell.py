"""A shell: the command line as somebody types it, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli import warm

ROOT = Path(__file__).parents[2]

#: Commands that are run off a process which has read our modules already (tests.cli.warm).
WARM = (
    "journeys", "members", "organizers", "chapters", "audience", "database", "init", "doctor", "migrate", "run", "demo",
    "dkim", "sending",
)  # fmt: skip
#: What every installation of these tests says before anything else.
COMPLETE = """\
keys = ["1:{key}"]

[organization]
name = "Neighbors for Progress"
postal_address = "12 Porch Lane, Decatur GA 30030"

[mail]
domain = "nfp.example"
host = "127.0.0.1"
port = 1
security = "none"

[doors]
smtp_port = 0
public_port = 0
admin_port = 0
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, with single spaces."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def json(self) -> Any:
        """The last line of standard output."""
        return json.loads(self.out.strip().splitlines()[-1])


def environment(**more: str) -> dict[str, str]:
    """The caller's, without settings of theirs."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("HEARTHLINE_")}
    return {**mine, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **more}


def command(*words: object) -> list[str]:
    """The command as a process is started with it."""
    return [sys.executable, "-m", "admin.cli", *map(str, words)]


def hearthline(
    *words: object, env: Mapping[str, str] | None = None, cwd: Path = ROOT, seconds: float = 120, anew: bool = False
) -> Ran:
    """The command has run to its end, in a process of its own; `anew`, if that must read for itself what it needs."""
    surroundings = environment(**(env or {}))
    if anew or env or cwd != ROOT or words[0] not in WARM:
        # It asks more of its surroundings when it starts, or is one of many processes: from nothing.
        done = subprocess.run(
            command(*words),
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=cwd,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)
    return Ran(*warm.run([str(each) for each in words], surroundings, cwd, seconds))


def write_settings(folder: Path, text: str = COMPLETE) -> Path:
    """The folder has these settings; its path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hearthline.toml").write_text(text.replace("{key}", "5e" * 32), "utf-8")
    return folder
