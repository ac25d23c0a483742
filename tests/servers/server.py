"""Server: one PostgreSQL or Redis of our own, on a free port of this machine, detached from the caller.

Nothing of the caller's is in its hands (a pipe it inherited would keep whoever reads it waiting for ever), ends with
the thread that started it where the kernel offers that, and is killed with its whole group.
"""

import contextlib
import ctypes
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from tests.servers.programs import NoServer, postgres_programs, redis_program, somebody_else
from tests.waiting import PATIENCE

#: Ports below those the system gives to outgoing connections: while a server is down nobody else takes its port.
PORTS = range(20_000, 32_000)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class Server(ABC):
    """A server in a folder, started and killed at will on one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it answers."""

    @abstractmethod
    def _prepare(self) -> None:
        """The folder is ready for a first start."""

    @abstractmethod
    def _command(self) -> list[str]:
        """What starts it in the foreground."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it takes requests by now."""

    #: The signal at which it ends at once, and well.
    _end = signal.SIGTERM

    def start(self) -> None:
        """It answers. Raises NoServer with the end of its log when it does not."""
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self._prepare()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_with_its_parent,
                **_as_somebody_else(),
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise NoServer(
                    f"{type(self).__name__} did not start:\n{self.log.read_text('utf-8', 'replace')[-2000:]}"
                )
            time.sleep(0.02)

    def kill(self) -> None:
        """Everything of it was killed by the kernel at this moment; what it had written stays."""
        if self._process is not None:
            _signal(os.killpg, self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
            self._process = None

    def stop(self) -> None:
        """It has ended."""
        if self._process is not None:
            self._process.send_signal(self._end)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None


class Postgres(Server):
    """A PostgreSQL cluster for tests: durable against a killed process, not against a power cut."""

    _end = signal.SIGQUIT

    @property
    def url(self) -> str:
        """Its maintenance database."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The database of that name."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _prepare(self) -> None:
        self._programs = _readable_by_all(postgres_programs(), self.folder)
        if (user := somebody_else()) is not None:
            shutil.chown(self.folder, user)
        made = subprocess.run(
            [
                *(str(self._programs / "initdb"), "--pgdata", str(self.folder / "data"), "--username", "postgres"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self.folder,
            timeout=120,
            check=False,
            **_as_somebody_else(),
        )
        if made.returncode != 0:
            raise NoServer(f"initdb failed: {made.stderr.decode('utf-8', 'replace')[-2000:]}")

    def _settings(self) -> dict[str, str]:
        return {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "shared_buffers": "96MB",
            "fsync": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "1h",
            "log_min_messages": "warning",
        }

    def _command(self) -> list[str]:
        words = [word for name, value in self._settings().items() for word in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *words]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """The postmaster and every process of its was killed; the next start recovers."""
        if self._process is not None:
            # Each backend leads a group of its own, so the postmaster's children are asked for one by one.
            children = children_of(self._process.pid)
            for pid in (self._process.pid, *children):
                _signal(os.kill, pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
            self._process = None
            deadline = time.monotonic() + PATIENCE
            while any(map(_runs, children)) and time.monotonic() < deadline:
                time.sleep(0.005)


class Redis(Server):
    """A Redis or Valkey for tests, all in memory: killed, it forgets everything, as the laws allow it."""

    @property
    def url(self) -> str:
        """Its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _prepare(self) -> None:
        self._program = redis_program()

    def _command(self) -> list[str]:
        words = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "64"]
        return [str(self._program), "--port", str(self.port), *words]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as door:
                door.sendall(b"PING\r\n")
                return door.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


def _readable_by_all(programs: Path, folder: Path) -> Path:
    """The programs themselves, or a copy where another user can run them: a checkout may lie in a private folder."""
    if somebody_else() is None or programs.parts[:2] == ("/", "usr"):
        return programs
    copied = folder / "programs"
    shutil.copytree(programs.parent, copied, symlinks=True)
    return copied / programs.name


def _as_somebody_else() -> dict[str, Any]:
    user = somebody_else()
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _with_its_parent() -> None:
    """In the child, before it becomes the server: it is killed when the thread that started it ends (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _signal(send: Callable[[int, int], None], pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        send(pid, number)


def children_of(pid: int) -> list[int]:
    """The processes that this one started and that still run."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if listed.exists():
        return [int(each) for each in listed.read_text("ascii").split()]
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False, timeout=10)
    return [int(each) for each in found.stdout.split()]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_port() -> int:
    """A port of this machine that nobody has. Raises NoServer where there is none."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as door, contextlib.suppress(OSError):
            door.bind(("127.0.0.1", port))
            return port
    raise NoServer(f"No port of {PORTS.start} to {PORTS.stop} is free.")
