"""Fleet: one installation as processes of its own: web, mail, worker and scheduler on PostgreSQL and Redis, or one that
does everything (`run`) on SQLite.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from admin.process import Ports, build, prepare, register_rooms
from engine.base.clock import Clock, SandboxClock
from engine.base.db import Database
from engine.base.errors import SettingsError
from engine.base.services import Services
from engine.base.settings import FILE_NAME, Settings
from engine.base.settings_file import as_toml
from engine.migrations import migrate
from engine.runner.scheduler import Scheduler

ROOT = Path(__file__).parents[2]
ROLES = ("web", "mail", "worker", "scheduler")
#: Wall seconds for all to be there, and for one to end what it began.
START_SECONDS, DRAIN_SECONDS = 60.0, 60.0


class Fleet:
    """The processes, each started, ended and killed by its role; what they share is also at hand here.

    `services` and `scheduler` are this process's own: it does no work itself, but can look, wake and sweep.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, roles: Sequence[str] = ROLES) -> None:
        self.settings = settings
        self.roles = roles
        self._folder = settings.data_dir / "processes"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.services: Services = build(settings, clock)
        self.scheduler = Scheduler(self.services, register_rooms(self.services))

    def start(self) -> Ports:
        """All are there. Raises SettingsError with what one said that ended at once."""
        doors = self.settings.doors
        prepare(self.services)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / FILE_NAME
        file.touch(mode=0o600)
        # The file stands in a folder of its own, so it says where the database is.
        file.write_text(as_toml(self.settings.model_copy(update={"database_url": self.settings.database})), "utf-8")
        for role in self.roles:
            self.begin(role)
        self.wait_for(*self.roles)
        return Ports(smtp=doors.smtp_port, lmtp=doors.lmtp_port, public=doors.public_port, admin=doors.admin_port)

    def begin(self, role: str) -> None:
        """A process of that role has been started, if none is there. It ends with this one, however this one ends."""
        if role in self._processes:
            return
        with self.log(role).open("ab") as log:
            self._processes[role] = subprocess.Popen(  # noqa: S603 (our own words)
                [sys.executable, "-m", "admin.cli", role, "--data", str(self._folder), "--below"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={**_without_settings(), "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    def wait_for(self, *roles: str) -> None:
        """The doors of these are open, and those without a door have said that they work."""
        doors = self.settings.doors
        ports = {
            "web": (doors.public_port, doors.admin_port),
            "mail": tuple(port for port in (doors.smtp_port, doors.lmtp_port) if port),
        }
        ports["run"] = (*ports["web"], *ports["mail"])
        deadline = time.monotonic() + START_SECONDS
        for role in roles:
            while not all(map(_answers, ports[role])) if role in ports else not self._has_spoken(role):
                if self._processes[role].poll() is not None or time.monotonic() > deadline:
                    raise SettingsError(f"The {role} process did not start: {self._last_words(role)}")
                time.sleep(0.02)

    def end(self, role: str) -> int:
        """It was asked to end and has; its exit code."""
        process = self._processes.pop(role)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(DRAIN_SECONDS)
        finally:
            _kill(process)

    def kill(self, role: str) -> int:
        """The kernel ended it at this moment (SIGKILL); the number it had as a process."""
        process = self._processes.pop(role)
        _kill(process)
        return process.pid

    def stop(self) -> None:
        """None is left. Doors first, so that nothing is taken in that nobody works on any more."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for role in list(self._processes):
            self.end(role)
        self.services.broker.close()
        self.services.mail.close()
        if self.services.texts is not None:
            self.services.texts.close()
        self.services.db.close()

    def log(self, role: str) -> Path:
        """Where it writes what happens to it."""
        return self._folder / f"{role}.log"

    def _has_spoken(self, role: str) -> bool:
        lines = self.log(role).read_text("utf-8", "replace").splitlines()
        return any(line.startswith(("Working.", "Looking for")) for line in lines)

    def _last_words(self, role: str) -> str:
        return " ".join(self.log(role).read_text("utf-8", "replace").split())[-600:]


def refuse_inhabited(url: str) -> None:
    """Raises SettingsError when somebody's tables stand in the database already; none is given as an empty text."""
    if url:
        db = Database(url)
        try:
            if migrate.current(db):
                raise SettingsError(
                    "Another folder's community lives in this database. Give an empty one, or start over in it with "
                    "--reset."
                )
        finally:
            db.close()


def start_over(url: str) -> None:
    """The database is empty again. Raises SettingsError for one that no sandbox's clock stands in."""
    if url:
        db = Database(url)
        try:
            if migrate.current(db):
                if not SandboxClock(db).is_set:
                    raise SettingsError("This database is no sandbox but a real installation; --reset leaves it alone.")
                migrate.downgrade(db)
        finally:
            db.close()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    if process.stdin is not None:
        process.stdin.close()


def _answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def _without_settings() -> dict[str, str]:
    """The caller's variables but for settings: those stand in the file."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HEARTHLINE_")}
