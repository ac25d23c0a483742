"""The demo: a community lives for some days through the real doors, and then stays up for you."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from admin.process import Embedded
from admin.sandbox.carrier.api import CarrierServer
from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.cast import Cast
from admin.sandbox.crowd import community
from admin.sandbox.deeds import Door
from admin.sandbox.figures import figures
from admin.sandbox.fleet import Fleet, refuse_inhabited, start_over
from admin.sandbox.folder import clear, settle_in
from admin.sandbox.living import Living
from admin.sandbox.plug import Plug
from admin.sandbox.post_office import HOST, OurMail, PostOffice
from admin.sandbox.seed import seed
from admin.sandbox.store import Store
from admin.sandbox.web import create_app
from admin.sandbox.world import World
from engine.base.clock import SandboxClock
from engine.base.db import Database
from engine.base.errors import SettingsError
from engine.base.services import Services
from engine.base.settings import FILE_NAME, Settings
from engine.base.settings_file import load

#: The outside world's memory, beside the database.
WORLD = "world.db"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked of the demo."""

    data_dir: Path
    days: int = 30
    start: datetime | None = None
    #: None: 1, or what this folder began with.
    seed: int | None = None
    #: The first of four ports (admin, sandbox, members' pages, mail); 0: free ones.
    port: int = 8400
    reset: bool = False
    #: Both, or neither: then everything is processes of their own, on this PostgreSQL and this Redis.
    database: str = ""
    redis: str = ""


class Demo:
    """One sandbox: the outside world, the clock, and the real process between them."""

    def __init__(self, wish: Wish, free_ports: Callable[[str, int, int], list[int]]) -> None:
        self.wish = wish
        self._began = time.monotonic()
        if wish.reset:
            clear(wish.data_dir)
            start_over(wish.database)
        file = wish.data_dir / FILE_NAME
        if not file.exists():
            refuse_inhabited(wish.database)
            settle_in(wish.data_dir, wish.database, wish.redis)
        self._store = Store(wish.data_dir / WORLD)
        # The door for mail servers, the last, is nobody's to look at, so any port does.
        admin_port, sandbox_port, public_port, smtp_port, self._lmtp_port = free_ports("127.0.0.1", wish.port, 1)
        self._ports = (admin_port, sandbox_port, public_port, smtp_port)
        probe = load(wish.data_dir)
        if not probe.sandbox.enabled:
            raise SettingsError(f"{wish.data_dir} is no sandbox but a real installation; the demo leaves it alone.")
        if wish.database and (wish.database, wish.redis) != (probe.database_url, probe.redis_url):
            raise SettingsError(
                f"{wish.data_dir} lives on another database or Redis; see {FILE_NAME} there. Choose another folder, or "
                "start over in this one with --reset."
            )
        self._clock_db = Database(probe.database)
        self._clock = SandboxClock(self._clock_db)
        self._office = PostOffice(self._store, self._clock, ours=OurMail(probe.mail.domain, smtp_port))
        self.carrier = Carrier(
            self._store,
            self._clock,
            Account(
                probe.sms.account_sid,
                probe.sms.auth_token,
                probe.sms.every_number,
                probe.sms.messaging_service,
                keeps_stops=probe.sms.stop_reply == "provider",
            ),
            OurDoor(f"http://127.0.0.1:{public_port}", probe.sms.auth_token),
        )
        self._web = CarrierServer(self.carrier, self._clock, port=sandbox_port)
        self._process: Embedded | Fleet | None = None
        self._world: World | None = None
        self._plug: Plug | None = None

    @property
    def settings(self) -> Settings:
        """The sandbox's settings, with this run's ports."""
        admin_port, sandbox_port, public_port, smtp_port = self._ports
        return load(
            self.wish.data_dir,
            mail__host="127.0.0.1",
            mail__port=self._office.port,
            mail__security="none",
            mail__trusted_mta=[HOST],
            doors__smtp_port=smtp_port,
            doors__lmtp_port=self._lmtp_port,
            doors__public_port=public_port,
            doors__admin_port=admin_port,
            doors__public_url=f"http://127.0.0.1:{public_port}",
            doors__admin_url=f"http://127.0.0.1:{admin_port}",
            sandbox__port=sandbox_port,
            sms__api_url=f"http://127.0.0.1:{sandbox_port}",
            log_level="WARNING",
        )

    def live(
        self, tell: Callable[[datetime], None] | None = None, ended: Callable[[], bool] = lambda: False
    ) -> dict[str, Any]:
        """The wished days are lived, those already lived left as they are; the figures of the whole database.

        Raises Ended when somebody asks for an end before.
        """
        from engine.migrations import migrate

        migrate.upgrade(self._clock_db)
        start = self._start()
        self._office.start()
        self._open_web()
        settings = self.settings
        process = (Fleet if settings.redis_url else Embedded)(settings, self._clock)
        self._process = process
        if not self._clock.is_set:  # a run that was killed goes on at the moment it had come to
            self._clock.hold(start)
        ports = process.start()
        number = int(self._store.fact("seed") or 1)
        self.cast: Cast = community(number, start)
        self.password = seed(process.services.db, self._store, self.cast, start, number)
        end = start + timedelta(days=self.wish.days)
        self.living = Living(
            process.services,
            self._clock,
            process.scheduler,
            self._store,
            self.cast,
            Door("127.0.0.1", ports.smtp, ports.lmtp or 0),
            number,
            self.carrier,
        )
        if self._clock.now() < end:
            self._clock.hold(self._clock.now())
            self.living.live(end, tell, ended)
            self._store.note("lived until", end.isoformat())
        self.ports = ports
        with process.services.db.read() as session:
            return {
                **figures(session, self._store, self.carrier.texts),
                "days": self.wish.days,
                "database": process.services.db.name,
                "broker": process.services.broker.kind,
                "seconds": round(time.monotonic() - self._began, 2),
            }

    @property
    def services(self) -> Services:
        """The running process's services."""
        assert self._process is not None
        return self._process.services

    @property
    def serving(self) -> bool:
        """Whether the sandbox's own pages are up."""
        return self._world is not None

    def overruled(self) -> str | None:
        """The sentence for a start or seed that is not this folder's, or None."""
        start, seed_number = self._store.fact("start"), self._store.fact("seed")
        if start is None or seed_number is None:
            return None
        other_start = self.wish.start is not None and self.wish.start != datetime.fromisoformat(start)
        if not other_start and self.wish.seed in (None, int(seed_number)):
            return None
        return (
            f"This folder's days began at {datetime.fromisoformat(start):%Y-%m-%dT%H:%MZ} with seed {seed_number}, and "
            "go on so. To begin with another start or seed use --reset, or another folder."
        )

    def _start(self) -> datetime:
        """The first day's first moment: as first chosen for this folder, whatever a later call says."""
        known = self._store.fact("start")
        if known is not None:
            return datetime.fromisoformat(known)
        start = self.wish.start or _days_before_now(self.wish.days)
        self._store.note("start", start.isoformat())
        self._store.note("seed", str(1 if self.wish.seed is None else self.wish.seed))
        return start

    def serve(self) -> None:
        """The sandbox's own pages are up and the clock goes on with the wall's."""
        self._clock.run_from(self._clock.now())
        self._world = World(self.services, self._clock, self._store, self.living, self.cast, self.carrier)
        self._plug = Plug(self._world, self)
        self._web.show(create_app(self._world, self._plug))
        self._world.start()

    def apart(self) -> Fleet:
        """Hearthline runs in a process of its own (on PostgreSQL and Redis in its several), behind the same doors."""
        if isinstance(self._process, Fleet):
            return self._process
        assert self._process is not None
        self._process.stop()
        fleet = Fleet(self.settings, self._clock, roles=("run",))
        fleet.start()
        return fleet

    def together(self, fleet: Fleet) -> None:
        """Hearthline runs as it did before."""
        if fleet is self._process:
            return
        fleet.stop()
        self._process = process = Embedded(self.settings, self._clock)
        process.start()
        assert self._world is not None
        self._world.serve(process.services, process.scheduler)

    def _open_web(self) -> None:
        """Texts are carried, at the address where the pages will be. Raises SettingsError for a taken port."""
        try:
            self._web.start()
        except OSError as error:
            raise SettingsError(
                f"Port {self._web.port} is taken by another program. Choose others with --port, or any with --port 0."
            ) from error

    def stop(self) -> None:
        """Everything has ended; what was lived stays in the folder."""
        self._web.show(None)
        for part in (self._plug, self._world, self._process, self._web, self._office):
            if part is not None:
                part.stop()
        self._clock_db.close()
        self._store.close()

    @property
    def handed_over_again(self) -> int:
        """How often our mail was handed over a second time, after a crash, and was recognized."""
        return self._store.handed_over_again()

    def doors(self) -> dict[str, Any]:
        """Where everything is, and how to sign in."""
        doors = self.settings.doors
        return {
            "admin_url": doors.admin_url,
            "sandbox_url": f"http://127.0.0.1:{self.settings.sandbox.port}",
            "public_url": doors.public_url,
            "smtp": f"127.0.0.1:{self.ports.smtp}",
            "texts": {
                "api_url": self.settings.sms.api_url,
                "account_sid": self.carrier.account.sid,
                "auth_token": self.carrier.account.token,
                "numbers": list(self.carrier.account.numbers),
            },
            "login": {"email": self.cast.organizers[0].mailbox, "password": self.password},
        }


def _days_before_now(days: int) -> datetime:
    """The latest 14:00 UTC at least so many days ago: a morning for the community, at which texts may arrive."""
    now = datetime.now(UTC)
    morning = now.replace(hour=14, minute=0, second=0, microsecond=0)
    return (morning if morning <= now else morning - timedelta(days=1)) - timedelta(days=days)
