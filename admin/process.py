"""The one place that wires a process together: settings, clock, database, broker, channels, rooms, doors."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import engine.tables  # noqa: F401  (every table is known before the first query)
from engine.base.broker import Broker
from engine.base.clock import Clock, SandboxClock, SystemClock
from engine.base.db import Database, one_at_a_time
from engine.base.errors import HearthlineError, SettingsError, Unavailable
from engine.base.lock import FolderLock
from engine.base.log import logger, set_up
from engine.base.services import Services
from engine.base.settings import FILE_NAME, Settings
from engine.base.sweep import Sweep
from engine.base.tokens import TokenRing

if TYPE_CHECKING:
    from inbound.mail.server import MailDoor
    from inbound.receive import Acceptor
    from inbound.web.serve import WebServer

log = logger(__name__)


def build(settings: Settings, clock: Clock | None = None) -> Services:
    """Everything below the edges, by these settings, with this clock or the one they ask for. Nothing runs yet."""
    from engine.channels.email import SmtpRelay
    from engine.channels.sms import TwilioTexts

    set_up(level=settings.log_level, json=settings.log_json, secrets=settings.secrets())
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database)
    clock = clock or (SandboxClock(db) if settings.sandbox.enabled else SystemClock())
    broker = Broker(settings.redis_url or None, threads=settings.worker_threads)
    db.waker = broker.wake
    tokens, relay = TokenRing(settings.key_ring()), SmtpRelay(settings.mail)
    texts = TwilioTexts(settings.sms) if settings.sms.enabled else None
    return Services(settings, clock, db, broker, tokens, relay, texts)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the doors of a started process listen; 0 or None for a door it does not have."""

    smtp: int = 0
    lmtp: int | None = None
    public: int = 0
    admin: int = 0
    watch: int | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """What one kind of process does."""

    takes_mail: bool = False
    shows_pages: bool = False
    works: bool = False
    schedules: bool = False
    #: It is alone on its data folder, and brings the database to its shape itself.
    alone: bool = False


#: Every kind of process by its command. All but `run` share one PostgreSQL and one Redis with any number of others.
ROLES = {
    "run": Role(takes_mail=True, shows_pages=True, works=True, schedules=True, alone=True),
    "web": Role(shows_pages=True),
    "mail": Role(takes_mail=True),
    "worker": Role(works=True),
    "scheduler": Role(schedules=True),
}
#: Seconds a process waits for a database that is away or has another shape, before it says so and ends.
START_PATIENCE = 60.0


class Process:
    """One process of an installation, with the parts of its role, started and stopped as one."""

    def __init__(self, settings: Settings, role: str, clock: Clock | None = None) -> None:
        self.settings = settings
        self.role = ROLES[role]
        self._command = role
        self._clock = clock
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._stopping = threading.Lock()

    def start(self) -> Ports:
        """Its doors are open and its work is being done.

        Raises SettingsError, AlreadyRunning or Unavailable, having started nothing.
        """
        refusal = self.settings.refuse_to_start() or self._refusal()
        if refusal:
            raise SettingsError(refusal)
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def _refusal(self) -> str | None:
        settings = self.settings
        has_server = not settings.database.startswith("sqlite")
        if self.role.alone or (has_server and settings.redis_url):
            return None
        return (
            f"`hearthline {self._command}` shares its work with other processes over PostgreSQL and Redis, and "
            f"{'redis_url' if has_server else 'database_url'} is not set to one. Write both in "
            f"{settings.data_dir / FILE_NAME}, or run everything in one process with `hearthline run`."
        )

    def _start(self) -> Ports:
        from engine.runner.presence import Presence
        from engine.runner.scheduler import Lookout, Scheduler

        settings, role = self.settings, self.role
        if role.alone:
            lock = FolderLock(settings.data_dir)
            lock.hold()
            self._later("the data folder", lock.release)
        self.services = services = build(settings, self._clock)
        self._later("the queue", services.broker.close)
        self._later("the database", services.db.close)
        if role.alone:
            prepare(services)
        else:
            wait_for_shape(services, also=publish if role.schedules else None)
        sweeps = register_rooms(services) if role.works or role.schedules else []
        if role.works or role.shows_pages:
            from reply_router.budget.readers import readers

            # Begun by the first mail that is read, not here.
            self._later("the readers of mail", readers.close)
        if role.works:
            services.broker.start()
            self._later("the relay", services.mail.close)
            if services.texts is not None:
                self._later("the provider of texts", services.texts.close)
            self._later("the workers", services.broker.stop)
            if services.broker.kind == "redis":
                lookout = Lookout(services, sweeps)
                lookout.start()
                self._later("the lookout", lookout.stop)
                presence = Presence(services)
                presence.start()
                self._later("the presence", presence.stop)
        if role.schedules:
            self.scheduler = Scheduler(services, sweeps)
            self.scheduler.start()
            self._later("the scheduler", self.scheduler.stop)
        return self._open_doors()

    def _open_doors(self) -> Ports:
        """The doors of the role are open; those that take in what members send share one acceptor."""
        from inbound.receive import Acceptor

        ports = Ports()
        parts: dict[str, Callable[[], bool]] = {}
        if self.role.takes_mail or self.role.shows_pages:
            acceptor = Acceptor(self.services.db, self.services.clock, self.services.broker)
            acceptor.start()
            self._later("the acceptor", acceptor.stop)
            if self.role.takes_mail:
                ports = self._open_mail(acceptor, ports, parts)
            if self.role.shows_pages:
                return self._open_pages(acceptor, ports, parts)
        return self._open_watch(ports, parts)

    def _open_mail(self, acceptor: "Acceptor", ports: Ports, parts: dict[str, Callable[[], bool]]) -> Ports:
        """The SMTP door is open, and the LMTP door where one is wished for."""
        from inbound.mail.server import MailDoor

        doors = self.settings.doors
        smtp = MailDoor(self.services, acceptor, port=doors.smtp_port)
        self._open("the SMTP door", smtp, "smtp_port")
        parts["mail_door"] = lambda: smtp.is_open
        lmtp: MailDoor | None = None
        if doors.lmtp_port is not None:
            lmtp = MailDoor(self.services, acceptor, port=doors.lmtp_port, lmtp=True)
            self._open("the LMTP door", lmtp, "lmtp_port")
        return replace(ports, smtp=smtp.port, lmtp=lmtp.port if lmtp else None)

    def _open_pages(self, acceptor: "Acceptor", ports: Ports, parts: dict[str, Callable[[], bool]]) -> Ports:
        """Members' pages with the webhook door, and the admin, are open."""
        from admin.watching.watch import Watch
        from admin.web import create_app as create_admin
        from inbound.mail_webhooks.door import most_bytes
        from inbound.web import create_app as create_public
        from inbound.web.serve import WebServer

        services, doors = self.services, self.settings.doors
        mail_is_open = parts.get("mail_door", lambda: True)
        public_app = create_public(services, acceptor, mail_is_open=mail_is_open)
        # The pages themselves take little; a provider may bring a whole mail.
        most = most_bytes(services) if self.settings.webhooks.enabled else 2_000_000
        public = WebServer(public_app, doors.host, doors.public_port, most_bytes=most)
        self._open("the public pages", public, "public_port")
        parts["pages"] = lambda: public.is_open
        watch = Watch(services, parts, needs_scheduler=self.role.works)
        admin = WebServer(create_admin(services, watch), doors.host, doors.admin_port, threads=40)
        self._open("the admin", admin, "admin_port")
        return replace(ports, public=public.port, admin=admin.port)

    def _open_watch(self, ports: Ports, parts: dict[str, Callable[[], bool]]) -> Ports:
        """The pages for machines are open, where a process without others was given a port for them."""
        from admin.watching.pages import watch_server
        from admin.watching.watch import Watch

        doors = self.settings.doors
        if doors.watch_port is None:
            return ports
        watch = Watch(self.services, parts, needs_scheduler=self.role.works)
        server = watch_server(watch, doors.host, doors.watch_port)
        self._open("the watch pages", server, "watch_port")
        return replace(ports, watch=server.port)

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

    def __enter__(self) -> Self:
        """The process has started."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """The process has stopped."""
        with contextlib.suppress(Exception):
            self.stop()


class Embedded(Process):
    """Everything in one process: doors, workers, scheduler, on one database."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        super().__init__(settings, "run", clock)


def prepare(services: Services) -> None:
    """The database has this program's shape and its letters."""
    from engine.migrations import migrate

    migrate.upgrade(services.db)
    publish(services)


def publish(services: Services) -> None:
    """The library's letters stand in the database, and the months' partitions, where it has any.

    Several processes at once do it one after the other.
    """
    from engine.base.partition import ahead
    from engine.content.template import publish_library
    from templates.catalog import our_library

    with services.db.write() as session:
        one_at_a_time(session, "publish the library")
        publish_library(session, our_library(), services.clock.now())
    with services.db.write() as session:
        ahead(session, services.clock.now())


def wait_for_shape(
    services: Services, patience: float = START_PATIENCE, *, also: Callable[[Services], None] | None = None
) -> None:
    """The database is there and has this program's shape, which somebody else brings it to (`hearthline migrate`).

    What is to be done `also` before a process works has been done. Raises SettingsError after `patience` (seconds) when
    it has another shape, at once when that is a newer program's, and Unavailable when it is still away.
    """
    from engine.migrations import migrate

    deadline = time.monotonic() + patience
    told = False
    while True:
        trouble: HearthlineError
        try:
            at = migrate.current(services.db)
            if at == migrate.newest():
                if also is not None:
                    also(services)
                return
            trouble = SettingsError(
                f"The database is at {at or 'no'} shape and this program needs {migrate.newest()}. Run `hearthline "
                "migrate` once, on any of the machines; every other process waits for it."
            )
            if at and not migrate.is_known(at):
                raise SettingsError(
                    f"The database is at shape {at}, which a newer Hearthline gave it; this program knows "
                    f"{migrate.newest()}. Start the newer program here too."
                )
        except Unavailable as away:
            trouble = away
        if time.monotonic() > deadline:
            raise trouble
        if not told:
            log.warning("waiting for the database", says=str(trouble))
            told = True
        time.sleep(0.5)


def register_rooms(services: Services) -> list[Sweep]:
    """The jobs of every room that works in the background are known to the broker; their sweeps are returned."""
    import engine.base.partition as partition
    import engine.channels.jobs as channels
    import engine.outbox.jobs as outbox
    import engine.outbox.topic_jobs as topics
    import engine.runner.jobs as runner
    import inbound.probe as probe
    import inbound.sms.jobs as texts
    import inbound.web.jobs as pages
    import reply_router.jobs as router
    import reply_router.relayed_pictures as pictures

    sweeps: list[Sweep] = []
    for room in (runner, outbox, topics, router, pictures, pages, texts, probe, channels, partition):
        room.register(services.broker, services)
        sweeps += room.SWEEPS
    return sweeps
