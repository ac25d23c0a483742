"""The runner's tests: a real database file, a clock moved by hand, journeys written as staff write them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from engine.base.broker import Broker
from engine.base.db import Database
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.chapters.membership import give_role
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.enrollments.enrolling import enroll
from engine.enrollments.enrollment import Due, Enrollment, Visit, live_enrollments, standing
from engine.enrollments.journey import JourneyVersion, publish_journey
from engine.enrollments.signal import signal
from engine.outbox.delivery import Delivery
from engine.people.member import Member, add_member
from engine.runner.signals import handle_signals
from engine.runner.tick import tick
from journeys.compiled import compiled
from journeys.read import read

#: A Monday noon in New York.
START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    moment: datetime = START

    def now(self) -> datetime:
        """The moment it stands at."""
        return self.moment


@dataclass
class Town:
    """One installation whose time is in the test's hand."""

    services: Services
    clock: HandClock
    woken: list[str] = field(default_factory=list)
    #: The names of published letters, by the number that stands for their text.
    names: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.clock.moment

    def publish(self, yaml: str, letters: tuple[str, ...] = ("hello", "story", "later")) -> JourneyVersion:
        """The journey, from YAML, with letters that count as published in English and Spanish."""
        draft = read(yaml)
        assert draft.journey is not None, draft.findings
        ids = {f"t/{name}": {"en": number * 2 + 1, "es": number * 2 + 2} for number, name in enumerate(letters)}
        with self.services.db.write() as session:
            return publish_journey(session, yaml, draft.journey, compiled(draft.journey), ids, self.now)

    def member(self, name: str = "Rosa M.", **fields: Any) -> int:
        """A new member's id."""
        with self.services.db.write() as session:
            return add_member(session, name, self.now, **fields).id

    def answers(self, member_id: int, role: str = "staff", chapter_id: int | None = None) -> None:
        """That person has the role from now on, and so may be given tasks."""
        with self.services.db.write() as session:
            give_role(session, member_id, chapter_id, role, self.now)

    def enroll(self, member_id: int, version: JourneyVersion, trigger: str = "by_hand") -> int:
        """The member is on the journey; the enrollment's id."""
        with self.services.db.write() as session:
            enrollment = enroll(session, member_id, version, trigger, self.now)
            assert enrollment is not None
            return enrollment.id

    def run(self) -> int:
        """Everything heard and due at this moment has been done; how many steps there were."""
        done = 0
        for _ in range(200):
            heard = handle_signals(self.services)
            moved = tick(self.services)
            done += moved
            if not heard and not moved:
                return done
        raise AssertionError("it does not come to rest")

    def pass_time(self, **span: float) -> None:
        """Time goes on; whatever falls due on the way is done at its moment, as a running process would."""
        until = self.clock.moment + timedelta(**span)
        self.run()
        while True:
            with self.services.db.read() as session:
                soonest = session.scalar(select(Due.due_at).order_by(Due.due_at).limit(1))
            if soonest is None or soonest > until:
                break
            self.clock.moment = max(self.clock.moment, soonest)
            self.run()
        self.clock.moment = until

    def hears(self, kind: str, member_id: int, *, enrollment_id: int | None = None, **detail: Any) -> None:
        """A fact is written, as the router writes it."""
        with self.services.db.write() as session:
            signal(session, kind, member_id, self.now, enrollment_id=enrollment_id, **detail)

    def words_in(self, member_id: int) -> None:
        """The member's words are in their timeline."""
        with self.services.db.write() as session:
            session.add(Message(id=new_id(), created_at=self.now, at=self.now, member_id=member_id, kind="in"))

    def talk(self, member_id: int, until: datetime) -> int:
        """A conversation holds the member's journeys until then."""
        with self.services.db.write() as session:
            thread = Thread(
                id=new_id(), created_at=self.now, member_id=member_id, last_at=self.now, hold_until_at=until, marks=[]
            )
            session.add(thread)
            return thread.id

    def talk_ends(self, thread_id: int) -> None:
        """The conversation holds nothing any more."""
        with self.services.db.write() as session:
            thread = session.get_one(Thread, thread_id)
            thread.hold_until_at = None
            assert thread.member_id is not None
            signal(session, "hold_ended", thread.member_id, self.now)

    def letter_leaves(self, member_id: int) -> None:
        """Whatever was posted to the member has been sent."""
        with self.services.db.write() as session:
            session.execute(
                update(Delivery).where(Delivery.member_id == member_id).values(state="sent", sent_at=self.now)
            )

    def break_writes(self, name: str, table: str, when: str) -> None:
        """The database itself refuses such rows of the table from now on."""
        with self.services.db.write() as session:
            refuse = "SELECT RAISE(ABORT, 'the disk is full')"
            session.execute(text(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {when} BEGIN {refuse}; END"))

    def mend_writes(self, *names: str) -> None:
        """The database takes all rows again."""
        with self.services.db.write() as session:
            for name in names:
                session.execute(text(f"DROP TRIGGER {name}"))

    def history(self, enrollment_id: int) -> list[str]:
        """What happened at each visit, in order."""
        with self.services.db.read() as session:
            return list(
                session.scalars(
                    select(Visit.outcome).where(Visit.enrollment_id == enrollment_id).order_by(Visit.visit_at)
                )
            )

    def letters(self, member_id: int) -> list[int]:
        """The texts chosen for the member, in the order they were posted."""
        with self.services.db.read() as session:
            found = session.scalars(
                select(Delivery.template_version_id).where(Delivery.member_id == member_id).order_by(Delivery.id)
            )
            return [each for each in found if each is not None]

    def enrollment(self, enrollment_id: int) -> Enrollment:
        """The enrollment as it stands in the database."""
        with self.services.db.read() as session:
            return session.get_one(Enrollment, enrollment_id)

    def person(self, member_id: int) -> Member:
        """The member as they stand in the database."""
        with self.services.db.read() as session:
            return session.get_one(Member, member_id)

    def check_places(self) -> None:
        """Every live enrollment has exactly one due row, and its walk of visits leads to it."""
        with self.services.db.read() as session:
            rows = {row.enrollment_id: row for row in session.scalars(select(Due))}
            assert len(rows) == len(list(session.scalars(select(Due.enrollment_id))))
            live = set(session.scalars(select(Enrollment.id).where(Enrollment.ended_at.is_(None))))
            assert set(rows) == live
            found = standing(session, live)
            assert {id_: here.due_at for id_, here in found.items()} == {id_: row.due_at for id_, row in rows.items()}
            assert live == {id_ for id_, _ in live_enrollments(session, {row.member_id for row in rows.values()})}


def build(folder: Path, db: Database) -> Town:
    """A town in `folder` on that database."""
    settings = Settings(data_dir=folder)
    clock = HandClock()
    services = Services(settings, clock, db, Broker(), TokenRing({1: b"k" * 32}), SmtpRelay(settings.mail))
    town = Town(services, clock)
    db.waker = lambda name, _row_id: town.woken.append(name)
    return town


@pytest.fixture
def new_town(tmp_path: Path, new_database: Callable[[Path], Database]) -> Callable[[], Town]:
    """Builds towns, each in a folder of its own."""
    numbers = count()

    def fresh() -> Town:
        folder = tmp_path / f"town-{next(numbers)}"
        folder.mkdir()
        return build(folder, new_database(folder))

    return fresh


@pytest.fixture
def town(new_town: Callable[[], Town]) -> Town:
    """One town."""
    return new_town()
