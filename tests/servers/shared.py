"""Shared: the run's one PostgreSQL and one Redis, started by whoever of its processes asks first."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.servers.programs import NoServer, postgres_programs, redis_program
from tests.waiting import PATIENCE

#: Names the run's folder for servers to every process of the run.
VARIABLE = "HEARTHLINE_TEST_SERVERS"
ROOT = Path(__file__).parents[2]


def begin() -> None:
    """This process is the run: its end is the servers' end."""
    folder = Path(os.environ.get(VARIABLE) or tempfile.mkdtemp(prefix="hearthline-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL runs as somebody else and must find its own folder below
    (folder / "owner").write_text(str(os.getpid()), "ascii")
    os.environ[VARIABLE] = str(folder)


def end() -> None:
    """No server of the run is left."""
    folder = Path(os.environ.pop(VARIABLE, ""))
    if not (folder / "owner").exists():
        return
    for said in folder.glob("*.json"):
        _stop(int(json.loads(said.read_text("utf-8"))["pid"]))
    shutil.rmtree(folder, ignore_errors=True)


@cache
def url_of(kind: str) -> str:
    """Where the run's `postgres` or `redis` answers, started now if need be. Raises NoServer, never less."""
    folder = Path(os.environ[VARIABLE])
    said = folder / f"{kind}.json"
    with alone(kind):
        if not said.exists():
            _start(kind, folder)
        answer = json.loads(said.read_text("utf-8"))
    if "trouble" in answer:
        raise NoServer(answer["trouble"])
    return str(answer["url"])


def redis_database() -> str:
    """A numbered database of the run's Redis that no other process of the run uses, emptied."""
    import redis

    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 1
    url = url_of("redis").rpartition("/")[0] + f"/{number}"
    client = redis.Redis.from_url(url)
    client.flushdb()
    client.close()
    return url


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """No other process of the run does this at the same time; a file that stays until the run ends."""
    path = Path(os.environ[VARIABLE]) / f"{name}.lock"
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def _start(kind: str, folder: Path) -> None:
    {"postgres": postgres_programs, "redis": redis_program}[kind]()  # a missing one is said here and at once
    owner = (folder / "owner").read_text("ascii")
    with (folder / f"{kind}.keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.keeper", kind, str(folder), owner],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while not (folder / f"{kind}.json").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            said = (folder / f"{kind}.keeper.log").read_text("utf-8", "replace")
            raise NoServer(f"The {kind} of the tests did not start:\n{said[-2000:]}")
        time.sleep(0.02)
    keeper.returncode = 0  # it is nobody's child to wait for: the run's end ends it


def _stop(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
            time.sleep(0.01)
