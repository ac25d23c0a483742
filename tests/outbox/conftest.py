"""One installation with a real database file, a real relay on loopback, and a clock that stands still."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.clock import SandboxClock
from engine.base.db import Database
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role
from engine.content.template import publish_library
from engine.conversations.message import Words, file_words_in
from engine.conversations.thread import Thread, open_thread
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Journey, publish_journey
from engine.outbox import jobs
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.journey_letters import JourneyLetter, journey_letters
from engine.outbox.press import Press, press
from engine.people.address import add_email
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import Member, add_member
from journeys.compiled import compiled
from journeys.read import read
from templates.catalog import Catalog, our_library
from tests.channels.relay import Relay
from tests.database import MIGRATED, Shape

if TYPE_CHECKING:
    from tests.outbox.phones import Phones

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
#: `hello` by Maya, `a_story` by the member's organizer, `choose` with named answers by the desk.
JOURNEY = """\
slug: porch
title: Welcome to the porch
purpose: To say hello.
path: belonging
language: en
triggers: by_hand
re_entry: never
steps:
  - id: hello
    do: ask
    template: porch/hello
    speaks: listen
    signed_by: maya@nfp.example
    question:
      kind: open
    timeout: P4D
  - id: a_story
    do: email
    template: porch/a_story
    speaks: give
    signed_by: organizer
  - id: choose
    do: ask
    template: porch/what_would_you_like
    speaks: ask
    signed_by: desk
    question:
      kind: choice
      answers:
        meet: {label: meet neighbors, words: [meet, "1"]}
        browse: {label: just read, words: [browse, "2"]}
    timeout: P3D
"""
STEPS = {"hello": 0, "a_story": 1, "choose": 2}


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return our_library()


@dataclass
class House:
    """The installation, and short words for what tests do with it."""

    services: Services
    relay: Relay
    templates: dict[str, dict[str, int]] = field(default_factory=dict)
    version_id: int = 0
    journey_id: int = 0
    people: dict[str, int] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, Any]:
        """What there is by name, for whoever opens a copy of the database."""
        return {name: getattr(self, name) for name in ("templates", "version_id", "journey_id", "people")}

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def press(self) -> Press:
        return press(self.services.settings, self.services.tokens)

    def later(self, **time: float) -> None:
        assert isinstance(self.services.clock, SandboxClock)
        self.services.clock.hold(self.now + timedelta(**time))

    def leases_end(self) -> None:
        """So much wall time has passed that whoever had taken something had to ask for more, and did not."""
        with self.services.db.write() as session:
            past = datetime.now(UTC) - timedelta(seconds=1)
            session.execute(
                update(OutboxDue).where(OutboxDue.leased_until_at.is_not(None)).values(leased_until_at=past)
            )

    def person(self, name: str, *, consents: bool = True, organizer: str | None = None, language: str = "en") -> int:
        with self.services.db.write() as session:
            member = add_member(
                session,
                name,
                self.now,
                language=language,
                organizer_id=self.people[organizer] if organizer else None,
            )
            add_email(session, member.id, f"{member.first_name.lower()}@home.example", self.now)
            if consents:
                record_consent(session, member.id, "email", EVERYTHING, True, Said("sign-up"), self.now)
        self.people[name.split()[0]] = member.id
        return member.id

    def answers(self, name: str, role: str = "staff") -> None:
        """This person has a role in which people are answered."""
        with self.services.db.write() as session:
            give_role(session, self.people[name], None, role, self.now)

    def stop(self, name: str, scope: str = EVERYTHING) -> None:
        with self.services.db.write() as session:
            record_consent(session, self.people[name], "email", scope, False, Said("one-click"), self.now)

    def letter(self, name: str, step: str = "hello", language: str = "en") -> int:
        """One letter of the journey to this person is in the outbox."""
        with self.services.db.write() as session:
            return self.letter_in(session, name, step, language)

    def letter_in(self, session: Session, name: str, step: str = "hello", language: str = "en") -> int:
        member_id = self.people[name]
        enrollment = session.scalar(select(Enrollment).where(Enrollment.member_id == member_id))
        if enrollment is None:
            enrollment = Enrollment(
                id=new_id(),
                created_at=self.now,
                member_id=member_id,
                journey_id=self.journey_id,
                version_id=self.version_id,
                trigger="joined",
                first_at=self.now,
                end_reason="",
            )
            session.add(enrollment)
            session.flush()
        template = {"hello": "hello", "a_story": "a_story", "choose": "what_would_you_like"}[step]
        letter = JourneyLetter(
            delivery_id=new_id(),
            due_at=self.now,
            enrollment_id=enrollment.id,
            member_id=member_id,
            chapter_id=None,
            template_version_id=self.templates[f"porch/{template}"][language],
            version_id=self.version_id,
            step=STEPS[step],
            send_at=self.now,
        )
        journey_letters(session, [letter], self.now)
        return letter.delivery_id

    def writes(self, name: str, text: str = "Can my kids come?", thread_id: int | None = None) -> int:
        """The person's words wait in a thread; returns its id."""
        with self.services.db.write() as session:
            thread = session.get(Thread, thread_id) if thread_id else None
            if thread is None:
                thread = open_thread(
                    session,
                    self.now,
                    member_id=self.people[name],
                    chapter_id=None,
                    subject="the creek",
                    reason="Wrote to us.",
                )
            words = Words(text=text, author_id=self.people[name], internet_message_id=f"<{new_id()}@home.example>")
            file_words_in(session, thread, words, self.now, waits=True, answer_within=timedelta(hours=24))
            return thread.id

    def send(self) -> int:
        """The courier has settled everything due now."""
        count = 0
        while settled := send_due(self.services):
            count += settled
        return count

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session whose rows can be looked at after it has ended."""
        with self.services.db.read() as session:
            yield session
            session.expunge_all()

    def delivery(self, delivery_id: int) -> Delivery:
        with self.read() as session:
            return session.get_one(Delivery, delivery_id)

    def mails(self, name: str | None = None) -> list[EmailMessage]:
        """What the relay took, for this person or for everybody."""
        return [
            each.mail for each in self.relay.taken if name is None or each.rcpt_to == f"{name.lower()}@home.example"
        ]


def text_of(mail: EmailMessage) -> str:
    """The plain part, with its line breaks made spaces."""
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def _furnished(db: Database) -> dict[str, Any]:
    with TemporaryDirectory() as folder, house_on(db, Path(folder)) as house:
        house.person("Maya Torres")
        house.answers("Maya")
        with db.write() as session:
            house.templates = publish_library(session, our_library(), START)
            draft = read(JOURNEY, "porch.yaml")
            script = draft.journey
            assert script is not None, draft.findings
            version = publish_journey(session, JOURNEY, script, compiled(script), house.templates, START)
            house.version_id, house.journey_id = version.id, version.journey_id
        return house.known


#: The library's letters and the journey are published, and Maya Torres is staff.
FURNISHED = Shape("furnished", _furnished, MIGRATED)


@pytest.fixture
def house(tmp_path: Path, new_database: Callable[..., Database]) -> Iterator[House]:
    db = new_database(tmp_path, FURNISHED)
    with house_on(db, tmp_path, FURNISHED.known(db.name)) as house:
        yield house


@pytest.fixture
def phones(house: House, tmp_path: Path) -> "Iterator[Phones]":
    """The house can text."""
    from tests.outbox.phones import phones_of  # which is built on the house

    with phones_of(house, tmp_path) as phones:
        yield phones


@contextmanager
def house_on(db: Database, folder: Path, known: dict[str, Any] | None = None) -> Iterator[House]:
    """The installation on this database, furnished as known or bare; it is closed with the block."""
    with Relay() as relay:
        settings = Settings.model_validate(
            {
                "data_dir": folder,
                "keys": ["1:" + "5a" * 32],
                "organization": {"name": "Neighbors for Progress", "postal_address": "PO Box 155, Duluth, MN"},
                "mail": {
                    "domain": "nfp.example",
                    "host": "127.0.0.1",
                    "port": relay.port,
                    "security": "none",
                    "trusted_mta": ["mx.nfp.example"],
                },
                "doors": {"public_url": "https://nfp.example", "admin_url": "https://desk.nfp.example"},
                "sandbox": {"enabled": True},
            }
        )
        clock = SandboxClock(db)
        clock.hold(START)
        services = Services(settings, clock, db, Broker(), TokenRing(settings.key_ring()), SmtpRelay(settings.mail))
        jobs.register(services.broker, services)
        house = House(services, relay, **copy.deepcopy(known or {}))
        yield house
        services.mail.close()
        services.broker.stop()
        db.close()


__all__ = ["START", "Chapter", "House", "Journey", "Member", "text_of"]
