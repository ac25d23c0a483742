"""A sandbox: the demo as a process of its own, watched from outside."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.cli.shell import ROOT, Ran, command, environment, hearthline
from tests.servers.shared import VARIABLE, alone

START = "2026-03-02T12:00Z"
LINK = re.compile(r"https?://\S+")
PROMISED = {
    "members", "days", "email_sent", "sms_sent", "received", "outcomes", "lost", "doubled", "answered",
    "median_minutes_to_answer", "stage_changes", "database", "broker", "seconds", "email_received", "sms_received",
    "sms_lost", "sms_doubled", "conversations", "waiting",
}  # fmt: skip
#: Wall seconds within which a demo must be there, on a slow machine with much else to do: a hang is found, not a hurry.
PATIENCE = 500.0


def words(data: Path, days: int, *more: str) -> tuple[object, ...]:
    """The demo's command line, on free ports, from a fixed start and seed."""
    return ("demo", "--data", data, "--days", days, "--json", "--port", 0, "--start", START, "--seed", 1, *more)


def lives(data: Path, days: int, *more: str) -> dict[str, Any]:
    """The days are lived and the process has ended; its figures."""
    ran: Ran = hearthline(*words(data, days, "--no-serve", *more), seconds=PATIENCE)
    assert ran.code == 0, ran.said
    figures: dict[str, Any] = ran.json
    return figures


def lived_once(days: int) -> tuple[Path, dict[str, Any]]:
    """A folder in which these days were lived in one go, and their figures: once a run, by whoever asks first. Whoever
    writes in it takes a copy."""
    folder = Path(os.environ[VARIABLE]) / f"lived-{days}"
    with alone(folder.name) as done:
        if not done.stat().st_size:
            done.write_text(json.dumps(lives(folder, days)), "utf-8")
        return folder, json.loads(done.read_text("utf-8"))


def without_time(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures, but for how long this machine took."""
    return {name: value for name, value in figures.items() if name != "seconds"}


def ask(file: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What stands in a database file, read beside whoever writes it."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(sql, values).fetchall()


def history(data: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Everything said and everything that happened, by the sandbox's clock, without ids and the links made of them."""
    said = ask(
        data / "hearthline.db",
        "select m.at, m.kind, p.name, m.author_name, m.subject, m.text from message m"
        " left join member p on p.id = m.member_id order by 1, 2, 3, 5, 6",
    )
    done = ask(data / "world.db", "select at, key, kind, done from plan order by 1, 2")
    return [(*row[:5], LINK.sub("", str(row[5]))) for row in said], done


@dataclass(frozen=True, slots=True)
class Served:
    """A demo that stays up."""

    process: "subprocess.Popen[str]"
    figures: dict[str, Any]

    def get(self, path: str) -> Any:
        """The machine interface's answer."""
        with urllib.request.urlopen(f"{self.figures['sandbox_url']}/api{path}", timeout=30) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The machine interface's answer to a wish."""
        request = urllib.request.Request(
            f"{self.figures['sandbox_url']}/api{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def ends(self) -> int:
        """It was asked to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def begins(data: Path, days: int, *more: str, errors: IO[str] | int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    """A demo has been started and goes on."""
    return subprocess.Popen(
        command(*words(data, days, *more)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        env=environment(),
        start_new_session=True,
    )


@contextmanager
def serves(data: Path, days: int, *more: str) -> Iterator[Served]:
    """A demo whose days are lived and whose doors are open, until the block ends."""
    process = begins(data, days, *more)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the demo ended with {process.wait()}"
        yield Served(process, json.loads(line))
    finally:
        process.kill()
        process.communicate()


def events(data: Path) -> int:
    """How much has happened in the sandbox: letters in and out, and plans carried out."""
    try:
        ((letters, plans),) = ask(
            data / "world.db", "select (select count(*) from letter), (select count(*) from plan where done = 1)"
        )
    except sqlite3.OperationalError:
        return 0
    return int(letters) + int(plans)


def killed(data: Path, days: int, after_events: int, and_seconds: float) -> bool:
    """The demo was killed by the kernel at that moment; False when it had ended by itself before, and well."""
    process = begins(data, days, "--no-serve")
    try:
        goal = events(data) + after_events
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and events(data) < goal and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(and_seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), f"the demo ended by itself with {process.returncode}"
    return process.returncode != 0
