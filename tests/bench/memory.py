"""Memory: `hearthline run` with nothing to do, and while a million members get a letter (P11).

What is judged is the process's largest resident size. The naive way, told beside it, reads everybody who is due as
objects before it begins.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from admin.cli.demo import free_ports
from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.enrollments.enrollment import Due
from tests.bench.crowd import gather_crowd
from tests.bench.figure import Figure
from tests.bench.sink import ROOT, sink

#: Megabytes that are allowed.
IDLE, ADDED = 250, 150
#: Letters that must have left while the million are worked on, so that both are seen.
LETTERS = 50_000
#: Seconds until the process answers, and until a million are settled.
PATIENCE, LONG = 60.0, 1800.0


def figures(quick: bool) -> Iterator[Figure]:
    """P11 on SQLite, everything in one process."""
    size, letters, rest = (1_100, 20, 0.2) if quick else (1_000_000, LETTERS, 10.0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthline-bench-")))
        relay = stack.enter_context(sink(folder))
        with _running(folder / "idle", relay.port) as (pid, admin):
            for path in ("/session", "/alive", "/metrics") * 3:
                urllib.request.urlopen(f"http://127.0.0.1:{admin}{path}", timeout=30).read()
            time.sleep(rest)
            idle = _resident(pid, "VmHWM")
        yield Figure("P11 idle", "sqlite", IDLE, idle, 1, "MB (allowed, taken)", "at most")

        busy = folder / "busy"
        busy.mkdir()
        crowd = gather_crowd(f"sqlite:///{busy / 'hearthline.db'}", size, reachable=True)
        naive = _naive(crowd.db.url)
        with _running(busy, relay.port) as (pid, _admin):
            began = _resident(pid, "VmRSS")
            deadline = time.monotonic() + LONG
            while _any_due(crowd.db) or len(relay.arrived()) < letters:
                if time.monotonic() > deadline:
                    raise AssertionError("the million were not settled in time")
                time.sleep(rest / 10)
            added = max(1.0, _resident(pid, "VmHWM") - idle)
        crowd.db.close()
        yield Figure(f"P11 send to {size:,}", "sqlite", ADDED, added, 1, "MB (allowed, added)", "at most")
        yield Figure("P11 all at once", "sqlite", max(1.0, naive), added, None, "MB (naive, ours)", "at most")
        if began > IDLE:
            raise AssertionError(f"the process began with {began:.0f} MB")


@contextmanager
def _running(folder: Path, relay: int) -> Iterator[tuple[int, int]]:
    """`hearthline run` on the folder: its process, and the admin's port."""
    folder.mkdir(exist_ok=True)
    smtp, public, admin = free_ports("127.0.0.1", 0)[:3]
    (folder / "hearthline.toml").write_text(
        f'keys = ["1:{"5e" * 32}"]\nlog_level = "ERROR"\n'
        '[organization]\npostal_address = "12 Porch Lane, Decatur GA 30030"\n'
        f'[mail]\ndomain = "nfp.example"\nhost = "127.0.0.1"\nport = {relay}\nsecurity = "none"\n'
        f"[doors]\nsmtp_port = {smtp}\npublic_port = {public}\nadmin_port = {admin}\n"
    )
    Database(f"sqlite:///{folder / 'hearthline.db'}").close()
    command = [sys.executable, "-m", "admin.cli"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    nothing: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, "migrate", "--data", str(folder)], cwd=ROOT, env=environment, check=True, **nothing)
    process = subprocess.Popen(
        [*command, "run", "--data", str(folder)], cwd=ROOT, env=environment, start_new_session=True, **nothing
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(admin):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the process did not start")
            time.sleep(0.05)
        yield process.pid, admin
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/alive", timeout=5).read()
    except OSError:
        return False
    return True


def _resident(pid: int, which: str) -> float:
    """Megabytes in memory: VmRSS now, VmHWM at most so far (proc(5))."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    if found is None:
        raise AssertionError(f"/proc/{pid}/status does not tell {which}")
    return int(found[1]) * 1024 / 1_000_000


def _any_due(db: Database) -> bool:
    with db.read() as session:
        now = SystemClock().now()
        return session.scalar(select(Due.enrollment_id).where(Due.due_at <= now).limit(1)) is not None


def _naive(url: str) -> float:
    """Megabytes that another process takes to read everybody who is due as objects."""
    program = (
        "import re, sys, engine.tables; from pathlib import Path; from sqlalchemy import select\n"
        "from engine.base.db import Database; from engine.enrollments.enrollment import Due\n"
        "size = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) * 1024 / 1e6\n"
        "before = size()\n"
        "with Database(sys.argv[1]).read() as session:\n"
        "    rows = session.scalars(select(Due)).all(); print(size() - before)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, url], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=LONG,
    )  # fmt: skip
    return float(ran.stdout)
