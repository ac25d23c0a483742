"""The one place that wires a process together: settings, clock, database, broker, channels, rooms, doors."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import engine.tables  # noqa: F401  (every table is known before the first query)
from engine.base.broker import Broker
from engine.base.clock import Clock, SandboxClock, SystemClock
from engine.base.db import Database
from engine.base.errors import SettingsError
from engine.base.lock import FolderLock
from engine.base.log import logger, set_up
from engine.base.services import Services
from engine.base.settings import FILE_NAME, Settings
from engine.base.sweep import Sweep
from engine.base.tokens import TokenRing

if TYPE_CHECKING:
    from inbound.mail.server import MailDoor
    from inbound.web.serve import WebServer

log = logger(__name__)


def build(settings: Settings, clock: Clock | None = None) -> Services:
    """Everything below the edges, by these settings, with this clock or the one they ask for. Nothing runs yet."""
    from engine.channels.email import SmtpRelay

    set_up(level=settings.log_level, json=settings.log_json)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database)
    clock = clock or (SandboxClock(db) if settings.sandbox.enabled else SystemClock())
    broker = Broker(settings.redis_url or None, threads=settings.worker_threads)
    db.waker = broker.wake
    return Services(settings, clock, db, broker, TokenRing(settings.key_ring()), SmtpRelay(settings.mail))


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the doors of a started process listen."""

    smtp: int
    lmtp: int | None
    public: int
    admin: int


class Embedded:
    """Everything in one process: doors, workers, scheduler, on one database (DESIGN section 4)."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._stopping = threading.Lock()

    def start(self) -> Ports:
        """All doors are open and all work is being done.

        Raises SettingsError or AlreadyRunning, having started nothing.
        """
        refusal = self.settings.refuse_to_start()
        if refusal:
            raise SettingsError(refusal)
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> Ports:
        from admin.watching.watch import Watch
        from admin.web import create_app as create_admin
        from engine.content.template import publish_library
        from engine.migrations import migrate
        from engine.runner.scheduler import Scheduler
        from inbound.mail.server import MailDoor
        from inbound.receive import Acceptor
        from inbound.web import create_app as create_public
        from inbound.web.serve import WebServer
        from templates.catalog import library

        settings = self.settings
        lock = FolderLock(settings.data_dir)
        lock.hold()
        self._later("the data folder", lock.release)
        self.services = services = build(settings, self._clock)
        self._later("the database", services.db.close)
        migrate.upgrade(services.db)
        with services.db.write() as session:
            publish_library(session, library(), services.clock.now())

        sweeps = register_rooms(services)
        services.broker.start()
        self._later("the relay", services.mail.close)
        self._later("the workers", services.broker.stop)
        self.scheduler = Scheduler(services, sweeps)
        self.scheduler.start()
        self._later("the scheduler", self.scheduler.stop)

        doors = settings.doors
        acceptor = Acceptor(services.db, services.clock, services.broker)
        acceptor.start()
        self._later("the acceptor", acceptor.stop)
        smtp = MailDoor(services, acceptor, port=doors.smtp_port)
        self._open("the SMTP door", smtp, "smtp_port")
        lmtp: MailDoor | None = None
        if doors.lmtp_port is not None:
            lmtp = MailDoor(services, acceptor, port=doors.lmtp_port, lmtp=True)
            self._open("the LMTP door", lmtp, "lmtp_port")
        public = WebServer(
            create_public(services, acceptor, mail_is_open=lambda: smtp.is_open), doors.host, doors.public_port
        )
        self._open("the public pages", public, "public_port")
        open_parts = {"mail_door": lambda: smtp.is_open, "pages": lambda: public.is_open}
        admin = WebServer(create_admin(services, Watch(services, open_parts)), doors.host, doors.admin_port, threads=40)
        self._open("the admin", admin, "admin_port")
        return Ports(smtp.port, lmtp.port if lmtp else None, public.port, admin.port)

    def stop(self) -> None:
        """Doors first, then workers, then the database: what was accepted stays, what was begun is finished."""
        with self._stopping:
            while self._undo:
                name, undo = self._undo.pop()
                try:
                    undo()
                except Exception:
                    log.exception("stopping went wrong; the rest is stopped all the same", part=name)

    def _open(self, name: str, door: "MailDoor | WebServer", setting: str) -> None:
        """The door is open, and is closed again with the process. Raises SettingsError for a port it cannot have."""
        try:
            door.start()
        except OSError as error:
            raise SettingsError(
                f"Port {door.port} for {name} cannot be opened ({error.strerror or error}). End the program that has "
                f"it, or write another {setting} under [doors] in {self.settings.data_dir / FILE_NAME}."
            ) from error
        self._later(name, door.stop)

    def _later(self, name: str, undo: Callable[[], None]) -> None:
        self._undo.append((name, undo))

    def __enter__(self) -> "Embedded":
        """The process has started."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """The process has stopped."""
        with contextlib.suppress(Exception):
            self.stop()


def register_rooms(services: Services) -> list[Sweep]:
    """The jobs of every room that works in the background are known to the broker; their sweeps are returned."""
    import engine.outbox.jobs as outbox
    import engine.runner.jobs as runner
    import inbound.web.jobs as pages
    import reply_router.jobs as router

    sweeps: list[Sweep] = []
    for room in (runner, outbox, router, pages):
        room.register(services.broker, services)
        sweeps += room.SWEEPS
    return sweeps
