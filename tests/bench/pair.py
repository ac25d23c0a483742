"""A pair: two workers against one, on PostgreSQL, each a process of its own: the tick, and sending to a relay (P12).

A worker does what its job does, as fast as it can for so many seconds. Afterwards the books are whole: every row that
a worker says it settled was settled once, and nobody got a letter twice. The database shares the cores with its
clients; how much of them it took is told.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select, text

from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.base.services import Services
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.enrollments.enrollment import Visit
from engine.outbox.courier import send_due
from engine.runner.tick import tick_from
from tests.bench.crowd import Crowd, gather_crowd
from tests.bench.figure import Figure
from tests.bench.places import place
from tests.bench.sink import ROOT, sink

ROUNDS = 5
#: Seconds one worker or two work on in a round.
SECONDS = 3.0
GOAL = 1.5


def figures(quick: bool) -> Iterator[Figure]:
    """P12 for both kinds of work, and the database's share of the cores at each."""
    size, rounds, seconds = (20_000, 1, 0.2) if quick else (600_000, ROUNDS, SECONDS)
    with ExitStack() as stack:
        fresh = stack.enter_context(place("postgresql", quick=quick))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        relay = stack.enter_context(sink(folder))
        crowd = gather_crowd(fresh("pair"), size, reachable=True)
        stack.callback(crowd.db.close)
        before = _visits(crowd)
        ticked = 0
        for work in ("tick", "send"):
            alone: list[float] = []
            together: list[float] = []
            shares: list[float] = []
            for _ in range(rounds):
                rows, rate, _share = _work(crowd, work, relay.port, 1, seconds)
                alone.append(rate)
                ticked += rows if work == "tick" else 0
                rows, rate, share = _work(crowd, work, relay.port, 2, seconds)
                together.append(rate)
                ticked += rows if work == "tick" else 0
                shares.append(share)
            unit = "rows/s" if work == "tick" else "mails/s"
            yield Figure(
                f"P12 {work}, two to one", "postgresql", max(1, statistics.median(alone)), statistics.median(together),
                GOAL, unit,
            )  # fmt: skip
            yield Figure(
                f"P12 {work}, database", "postgresql", 1, max(0.001, statistics.median(shares)), None, "of all cores"
            )
        if _visits(crowd) - before != ticked:
            raise AssertionError(f"{ticked} rows were settled, and {_visits(crowd) - before} visits were made")
        twice = [who for who, times in Counter(who for _, who in relay.arrived()).items() if times > 1]
        if twice:
            raise AssertionError(f"{len(twice)} people got a letter twice")


def _work(crowd: Crowd, work: str, relay: int, count: int, seconds: float) -> tuple[int, float, float]:
    """Rows that so many workers settled together, how many a second, and the database's share of all cores."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.pair", work, crowd.db.url, str(relay), str(seconds)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )
        for _ in range(count)
    ]  # fmt: skip
    try:
        for worker in workers:
            _line(worker)  # it is ready
        before, began = _database_seconds(crowd.db), time.monotonic()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        # Each tells its own time: a batch that was begun is finished, and takes a while over the end.
        said = [_line(worker).split() for worker in workers]
        rows, rate = sum(int(settled) for settled, _ in said), sum(int(settled) / float(took) for settled, took in said)
        elapsed = time.monotonic() - began
        share = (_database_seconds(crowd.db) - before) / elapsed / (os.cpu_count() or 1)
        return rows, rate, share
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _line(worker: "subprocess.Popen[str]") -> str:
    assert worker.stdout is not None
    said = worker.stdout.readline()
    if not said:
        raise AssertionError("a worker of the bench ended before its time")
    return said


def _visits(crowd: Crowd) -> int:
    with crowd.db.read() as session:
        return session.scalar(select(func.count()).select_from(Visit)) or 0


def _database_seconds(db: Database) -> float:
    """Processor seconds that the server took so far, with all its processes, the ended ones too."""
    with db.read() as session:
        backend = int(session.scalar(text("SELECT pg_backend_pid()")) or 0)
    server = _stat(backend)[1]
    total = sum(_stat(server)[11:15])
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = _stat(int(entry.name))
            except OSError:
                continue
            if stat[1] == server:
                total += stat[11] + stat[12]
    return total / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[int]:
    """The fields of proc(5) /proc/PID/stat from the state on: parent 1, utime 11, stime 12, cutime 13, cstime 14."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return [0, *map(int, fields[1:15])]


def worker(work: str, url: str, relay: int, seconds: float) -> None:
    """Says that it is ready, waits for its word, works, and says how many rows it settled."""
    settings = Settings(
        organization=Organization(postal_address="12 Porch Lane, Decatur GA 30030"),
        mail=Mail(domain="nfp.example", host="127.0.0.1", port=relay, security="none"),
    )
    db = Database(url)
    services = Services(settings, SystemClock(), db, Broker(), TokenRing({1: b"k" * 32}), SmtpRelay(settings.mail))
    with db.read() as session:
        session.scalar(select(Visit.version_id).limit(1))
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    until = began + seconds
    rows, floor = 0, None
    while time.monotonic() < until:
        if work == "tick":
            settled, floor = tick_from(services, floor)
        else:
            settled = send_due(services)
        rows += settled
    print(rows, time.monotonic() - began, flush=True)


def main(words: Sequence[str]) -> None:
    """One worker of the bench."""
    work, url, relay, seconds = words
    worker(work, url, int(relay), float(seconds))


if __name__ == "__main__":
    import engine.tables  # noqa: F401  (every table is known before the first query)

    main(sys.argv[1:])
