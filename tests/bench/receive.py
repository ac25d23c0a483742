"""Mail accepted durably before its 250 (P1): 14 KB a message over 20 connections, by Postfix's own load generator.

Three processes take their turns: aiosmtpd as it comes, which throws the mail away; our door, which answers when the row
is on the disk; and Postfix's smtp-sink, written in C, which throws it away too. Each has the same two cores as whoever
drives it. Afterwards every message that was driven into ours is looked for in the database.
"""

import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import text

from engine.base.db import Database
from engine.migrations import migrate
from tests.bench.figure import Figure
from tests.bench.places import KINDS, place
from tests.bench.sink import listening
from tests.servers.programs import NoServer

SESSIONS, SIZE = 20, 14 * 1024
#: Rounds, and messages in each, in which one after the other is driven.
ROUNDS, MESSAGES = 5, 2_000
QUICK = (1, 40)
PATIENCE = 120.0
DOMAIN = "nfp.example"


def figures(quick: bool) -> Iterator[Figure]:
    """Messages a second on both databases, to aiosmtpd's and to smtp-sink's in the same rounds."""
    rounds, messages = QUICK if quick else (ROUNDS, MESSAGES)
    for kind in KINDS:
        with ExitStack() as stack:
            fresh = stack.enter_context(place(kind, quick=quick))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = fresh("receive")
            if not quick:
                db = Database(url)
                migrate.upgrade(db)
                db.close()
            stock = stack.enter_context(listening("tests.bench.receiving", folder / "stock", "stock"))
            ours = stack.enter_context(listening("tests.bench.receiving", folder / "ours", "ours", url, str(folder)))
            sink = stack.enter_context(_smtp_sink())
            rates: dict[str, list[float]] = {"stock": [], "ours": [], "sink": []}
            for port in (stock, ours, sink):
                _drive(port, max(SESSIONS, messages // 10))
            for _ in range(rounds):
                for name, port in (("stock", stock), ("ours", ours), ("sink", sink)):
                    rates[name].append(_drive(port, messages))
            _all_there(url, max(SESSIONS, messages // 10) + rounds * messages)
            median = {name: statistics.median(each) for name, each in rates.items()}
            goal = None if quick else 1
            yield Figure("P1 accepted, aiosmtpd", kind, median["stock"], median["ours"], goal, "messages/s")
            yield Figure("P1 accepted, smtp-sink", kind, median["sink"], median["ours"], None, "messages/s")


def _drive(port: int, messages: int) -> float:
    """Messages a second until the last has its answer. Raises when one was not taken."""
    command = [
        _program("smtp-source"), "-d", "-s", str(SESSIONS), "-m", str(messages), "-l", str(SIZE),
        "-f", "rosa@home.example", "-t", f"hello@{DOMAIN}", f"inet:127.0.0.1:{port}",
    ]  # fmt: skip
    began = time.monotonic()
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    took = time.monotonic() - began
    if done.returncode or done.stderr:
        raise RuntimeError(f"smtp-source: {done.stderr}")
    return messages / took


@contextmanager
def _smtp_sink() -> Iterator[int]:
    """Postfix's smtp-sink listens until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    # As root it wants to become somebody else.
    somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [_program("smtp-sink"), *somebody, f"inet:127.0.0.1:{port}", "256"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _until(lambda: _answers(port))
        yield port
    finally:
        process.kill()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError("it took too long")
        time.sleep(0.02)


def _all_there(url: str, messages: int) -> None:
    """Every message that had its 250 is a row with its bytes."""
    db = Database(url)
    with db.engine.connect() as connection:
        rows = connection.scalar(text("select count(*) from received"))
        bodies = connection.scalar(text("select count(*) from received_bytes where size >= :size"), {"size": SIZE})
    db.close()
    if rows != messages or bodies != messages:
        raise RuntimeError(f"{messages} messages were accepted, and {rows} rows with {bodies} bodies are there")


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise NoServer(f"This bench needs Postfix's {name}: sudo apt-get install postfix (its service need not run).")
    return found
