"""A town: one real installation with the outside world around it, so that a story reads like a conversation.

Nothing in it is played by the tests: doors, workers, scheduler and database are those of `hearthline run`; what leaves
goes through a real relay into real mailboxes; organizers use the pages. The clock stands still while anything is due.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from admin.cli.demo import free_ports
from admin.process import Embedded
from admin.sandbox.carrier.api import CarrierServer
from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.errands import PAUSES
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.cast import Cast, Organizer, Room, span
from admin.sandbox.deeds import Door
from admin.sandbox.fleet import Fleet
from admin.sandbox.living import Living
from admin.sandbox.post_office import HOST, OurMail, PostOffice
from admin.sandbox.seed import seed
from admin.sandbox.store import Store
from engine.base.clock import SandboxClock
from engine.base.db import Database
from engine.base.services import Services
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.promises import Sandbox
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.base.stored_time import to_microseconds
from engine.chapters.invitation import invite
from engine.enrollments.joining import welcome
from engine.migrations import migrate
from tests.database import postgres_database
from tests.servers import shared
from tests.stories.desk import Desk
from tests.stories.neighbor import Neighbor

#: A Monday morning in Atlanta.
START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
DOMAIN = "nfp.example"
ACCOUNT, TOKEN, OUR_NUMBER = "AC" + "5e" * 16, "7f" * 16, "+14045550100"

LETTERS = ("porch/a_story", "porch/what_would_you_like", "porch/come_by", "porch/glad")
CAST = Cast(
    organization={"name": "Neighbors for Progress", "domain": DOMAIN},
    rooms=(
        Room("atlanta", "Atlanta", "place", "America/New_York", "en", ""),
        Room("duluth", "Duluth", "place", "America/Chicago", "en", ""),
    ),
    organizers=(
        Organizer("maya", "Maya Torres", "maya.torres@mail.example", ((None, "staff"),), "en", ("porch/hello",)),
        Organizer("denise", "Denise Okafor", "denise.okafor@mail.example", (("atlanta", "steward"),), "en", LETTERS),
        Organizer(
            "ingrid", "Ingrid Halvorsen", "ingrid.halvorsen@mail.example", (("duluth", "steward"),), "en", LETTERS
        ),
    ),
    people=(),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Received rows and their outcomes."""

    received: int
    outcomes: dict[str, int]
    unsettled: int

    def since(self, before: "Counts") -> dict[str, int]:
        """The outcomes that came after `before` was counted."""
        return dict(Counter(self.outcomes) - Counter(before.outcomes))


class Town:
    """One installation and everybody around it."""

    def __init__(
        self,
        folder: Path,
        database_url: str = "",
        redis_url: str = "",
        *,
        pauses: Sequence[float] = PAUSES,
        texts_per_second: float = 1.0,
        **doors: Any,
    ) -> None:
        self.folder = folder
        admin, public, smtp, office, phones, lmtp = free_ports("127.0.0.1", 0, 2)
        self.settings = Settings(
            data_dir=folder,
            database_url=database_url,
            redis_url=redis_url,
            keys=["1:" + "5e" * 32],
            log_level="ERROR",
            organization=Organization(name="Neighbors for Progress", postal_address="12 Porch Lane, Decatur GA 30030"),
            mail=Mail(
                domain=DOMAIN, host="127.0.0.1", port=office, security="none", timeout_seconds=30, trusted_mta=[HOST]
            ),
            doors=Doors(
                smtp_port=smtp,
                lmtp_port=lmtp,
                public_port=public,
                admin_port=admin,
                public_url=f"http://127.0.0.1:{public}",
                admin_url=f"http://127.0.0.1:{admin}",
                **doors,
            ),
            sms=Texting(
                account_sid=ACCOUNT,
                auth_token=TOKEN,
                numbers=[OUR_NUMBER],
                api_url=f"http://127.0.0.1:{phones}",
                per_second=texts_per_second,
            ),
            sandbox=Sandbox(enabled=True, port=phones),
        )
        self.store = Store(folder / "world.db")
        self._clock_db = Database(self.settings.database)
        self.clock = SandboxClock(self._clock_db)
        account = Account(ACCOUNT, TOKEN, (OUR_NUMBER,))
        our_door = OurDoor(f"http://127.0.0.1:{public}", TOKEN)
        self.carrier = Carrier(self.store, self.clock, account, our_door, pauses=pauses)
        self._provider = CarrierServer(self.carrier, self.clock, port=phones)
        self._provider.start()
        self._office_port = office
        self.office: PostOffice | None = None
        self.process_starts()
        seed(self.services.db, self.store, CAST, START)
        self.relay_comes_back()
        self.maya = Desk(self, "Maya Torres", "maya.torres@mail.example", "staff", None)
        self.denise = Desk(self, "Denise Okafor", "denise.okafor@mail.example", "steward", "atlanta")
        self.ingrid = Desk(self, "Ingrid Halvorsen", "ingrid.halvorsen@mail.example", "steward", "duluth")

    @property
    def services(self) -> Services:
        """What the running process works with."""
        return self.process.services

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    @property
    def smtp(self) -> tuple[str, int]:
        """Where our mail door listens."""
        return "127.0.0.1", self.ports.smtp

    def process_starts(self) -> None:
        """The installation runs, and its clock stands where it stood, at first on the first morning."""
        if not self.store.fact("start"):
            # Before anything runs: what a sweep notes at another time would count as the past, or as the future.
            migrate.upgrade(self._clock_db)
            self.clock.hold(START)
            self.store.note("start", START.isoformat())
        self.process: Embedded | Fleet = (Fleet if self.settings.redis_url else Embedded)(self.settings, self.clock)
        self.ports = self.process.start()
        door = Door("127.0.0.1", self.ports.smtp, self.ports.lmtp or 0)
        self.living = Living(self.services, self.clock, self.process.scheduler, self.store, CAST, door, 1, self.carrier)

    def process_ends(self) -> None:
        """The installation has stopped, as by SIGTERM; the world outside goes on."""
        self.process.stop()

    def stop(self) -> None:
        """Everything has ended; the folder stays."""
        self.process.stop()
        self.relay_goes_away()
        self._provider.stop()
        self._clock_db.close()
        self.store.close()

    # Time.

    def settles(self) -> None:
        """Nothing is due, queued or claimed any more."""
        self.living.settle()

    def passes(self, length: str) -> None:
        """So much time has gone by (`3d`, `2h 30m`), and everything in it has happened."""
        self.living.live(self.now + span(length))

    def passes_until(self, moment: datetime) -> None:
        """Everything until then has happened."""
        self.living.live(moment)

    # People.

    def joins(
        self,
        name: str,
        mailbox: str | None = None,
        *,
        chapter: str | None = "atlanta",
        organizer: Desk | None = None,
        settles: bool = True,
        **more: Any,
    ) -> Neighbor:
        """Somebody new: they signed up, and the first letter, if one is due, is in their mailbox."""
        mailbox = mailbox or name.lower().replace(" ", ".") + "@mail.example"
        with self.writing() as session:
            joined = welcome(
                session,
                name,
                mailbox,
                self.now,
                chapters=[chapter] if chapter else [],
                source="signed up at the market",
                organizer_id=organizer.member_id if organizer else None,
                **more,
            )
        if settles:
            self.settles()
        return Neighbor(self, name, mailbox, joined.member_id)

    def stranger(self, name: str, mailbox: str) -> Neighbor:
        """Somebody who is no member."""
        return Neighbor(self, name, mailbox, None)

    def phone(self, name: str, number: str) -> Neighbor:
        """Somebody who is no member, by their phone alone."""
        return Neighbor(self, name, "", None, number)

    def invitation(self, name: str, email: str, chapter: str | None, role: str) -> tuple[int, str]:
        """Somebody was asked to answer people: who they are, and their link's path."""
        with self.writing() as session:
            asked = invite(session, name, email, self.now, chapter=chapter, role=role, tokens=self.services.tokens)
        return asked.member_id, f"/invitation/{asked.token}"

    # The relay.

    def relay_goes_away(self) -> None:
        """Nothing answers where our mail leaves."""
        if self.office is not None:
            self.office.stop()
            self.office = None

    def relay_comes_back(self) -> None:
        """Our mail leaves again."""
        ours = OurMail(self.settings.mail.domain, self.ports.smtp)
        self.office = PostOffice(self.store, self.clock, port=self._office_port, ours=ours)
        self.office.start()

    # The books.

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction by somebody at the command line."""
        with self.services.db.write() as session:
            yield session

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What another process would read: a connection of its own. Times are microseconds since 1970."""
        if self.settings.database_url:
            with psycopg.connect(self.settings.database_url) as server:
                rows = server.execute(sql.replace("%", "%%").replace("?", "%s").encode(), values).fetchall()
            return [tuple(map(_as_sqlite_keeps_it, row)) for row in rows]
        connection = sqlite3.connect(f"file:{self.folder / 'hearthline.db'}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def counts(self) -> Counts:
        """Received rows and their outcomes, as they stand in the file."""
        rows = self.ask("select outcome, count(*) from received group by outcome")
        outcomes = {outcome: count for outcome, count in rows if outcome is not None}
        return Counts(sum(count for _, count in rows), outcomes, sum(c for o, c in rows if o is None))

    @property
    def doubled(self) -> int:
        """How many of our messages the outside world accepted more than once."""
        return self.store.accepted_twice()


def _as_sqlite_keeps_it(value: Any) -> Any:
    match value:
        case datetime():
            return to_microseconds(value)
        case timedelta():
            return value // timedelta(microseconds=1)
        case _:
            return value


def prepared(folder: Path) -> Path:
    """A folder in which a town stands ready on its first morning, to be copied."""
    town = Town(folder)
    town.settles()
    town.stop()
    return folder


@contextmanager
def open_town(ready: Path, folder: Path, **doors: Any) -> Iterator[Town]:
    """A copy of the ready town, open until the block ends."""
    shutil.copytree(ready, folder)
    town = Town(folder, **doors)
    try:
        yield town
    finally:
        town.stop()


@contextmanager
def scaled_out(folder: Path, **doors: Any) -> Iterator[Town]:
    """A town in processes of its own on its first morning, open until the block ends."""
    with postgres_database() as database_url:
        town = Town(folder, database_url, shared.redis_database(), **doors)
        try:
            yield town
        finally:
            town.stop()
