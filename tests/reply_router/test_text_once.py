"""Texts that come at the same moment, and a process that dies: each is filed once, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.db import Base, Database
from engine.base.errors import Unavailable
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.chapters.chapter import Chapter
from engine.chapters.membership import join
from engine.content.template import publish_library
from engine.conversations.balance import balance
from engine.conversations.message import Message
from engine.conversations.received import FiledKey, Received
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.people.address import add_phone
from engine.people.consent import EVERYTHING, Consent, Said, record_consent
from engine.people.member import Member, add_member
from engine.people.text_stop import TextStop
from inbound.receive import Arrival, keep
from reply_router import jobs, text_commands, text_filing, text_route
from reply_router.routing import route_one
from templates.catalog import our_library
from tests.database import database_in, postgres_database
from tests.reply_router.crash import dies_after
from tests.reply_router.texting import NOBODY, OURS, ROSA


@dataclass
class Office:
    """One installation on either database, with Rosa's phone in it."""

    services: Services

    def keeps(self, *bodies: str, from_: str = ROSA, sid: str = "") -> list[int]:
        """The webhooks are on the disk, and nobody has looked at them."""
        arrivals = []
        for body in bodies:
            form = {"MessageSid": sid or f"SM{new_id():032x}", "From": from_, "To": OURS, "Body": body}
            raw = urlencode(form).encode()
            arrivals.append(
                Arrival("sms", (OURS,), raw, mail_from=from_, provider="twilio", provider_id=form["MessageSid"])
            )
        with self.services.db.write() as session:
            kept = keep(session, arrivals, self.services.clock.now())
        return [received_id for each in kept for received_id in each.received_ids]

    def routes_together(self, ids: list[int]) -> list[str]:
        """Every row by a worker of its own, all at once; the outcomes, sorted."""
        with ThreadPoolExecutor(len(ids)) as pool:
            return sorted(str(each) for each in pool.map(lambda each: route_one(self.services, each), ids))

    def count(self, table: type[Base], *where: Any) -> int:
        """How many rows there are."""
        with self.services.db.read() as session:
            return session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    def is_balanced(self) -> bool:
        """Whether everything received has exactly one outcome."""
        with self.services.db.read() as session:
            sums = balance(session)
        return sums.unsettled == 0 and sum(sums.outcomes.values()) == sums.received


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "sqlite":
        yield from _office(database_in(tmp_path), tmp_path)
        return
    with postgres_database() as url:
        yield from _office(Database(url), tmp_path)


@pytest.fixture
def small_office(tmp_path: Path) -> Iterator[Office]:
    yield from _office(database_in(tmp_path), tmp_path)


def _office(db: Database, folder: Path) -> Iterator[Office]:
    settings = Settings.model_validate(
        {"data_dir": folder, "sms": {"account_sid": "AC1", "auth_token": "s", "numbers": [OURS]}}
    )
    services = Services(
        settings, SystemClock(), db, Broker(), TokenRing({1: b"k" * 32}), SmtpRelay(settings.mail), None
    )
    now = services.clock.now()
    with db.write() as session:
        publish_library(session, our_library(), now)
        chapter = Chapter(id=new_id(), created_at=now, slug="atlanta", name="Atlanta")
        session.add(chapter)
        session.flush()
        rosa = add_member(session, "Rosa Marin", now)
        join(session, rosa.id, chapter.id, now)
        add_phone(session, rosa.id, ROSA, now)
        record_consent(session, rosa.id, "sms", EVERYTHING, True, Said("sign-up"), now)
    try:
        yield Office(services)
    finally:
        services.broker.stop()
        db.close()


def test_eight_texts_of_one_phone_at_once_are_one_conversation(office: Office) -> None:
    ids = office.keeps(*(f"word {number}" for number in range(8)))
    assert office.routes_together(ids) == ["thread"] * 8
    assert (office.count(Thread), office.count(Message, Message.kind == "in")) == (1, 8)
    assert office.is_balanced()


def test_eight_texts_of_one_stranger_at_once_are_one_conversation(office: Office) -> None:
    ids = office.keeps(*(f"word {number}" for number in range(8)), from_=NOBODY)
    assert office.routes_together(ids) == ["needs_person"] * 8
    assert office.count(Thread) == 1


def test_one_webhook_eight_times_at_once_is_filed_once(office: Office) -> None:
    ids = [office.keeps("Can my kids come?", sid="SM" + "7" * 32)[0] for _ in range(8)]
    assert office.routes_together(ids) == ["duplicate"] * 7 + ["thread"]
    assert office.count(Message, Message.kind == "in") == 1
    assert office.is_balanced()


def test_the_same_words_eight_times_at_once_are_one_entry(office: Office) -> None:
    ids = office.keeps(*["Can my kids come?"] * 8)
    assert office.routes_together(ids) == ["duplicate"] * 7 + ["thread"]
    assert office.count(Message, Message.kind == "in") == 1
    assert office.count(Received) == 8


def test_eight_stops_at_once_are_one_stop_with_one_confirmation(office: Office) -> None:
    ids = office.keeps(*["please stop texting me"] * 8)
    assert office.routes_together(ids) == ["command"] * 8
    assert office.count(TextStop) == 1
    assert office.count(Consent, Consent.opted_in.is_(False)) == 1
    assert office.count(Delivery, Delivery.message_class == "consent") == 1


def test_join_twice_at_once_is_one_joining(office: Office) -> None:
    assert office.routes_together(office.keeps("JOIN ATLANTA", "JOIN ATLANTA", from_=NOBODY)) == [
        "command",
        "duplicate",
    ]
    for body in ("Ana Lima", "30310"):
        route_one(office.services, office.keeps(body, from_=NOBODY)[0])
    assert office.count(Member) == 2
    assert office.is_balanced()


@pytest.mark.parametrize("step", ["find_text", "judge_text", "file_once", "file_stop", "stand", "consent_text"])
def test_a_crash_at_any_step_of_a_stop_leaves_nothing_and_the_next_try_does_it_once(
    small_office: Office, step: str
) -> None:
    (received_id,) = small_office.keeps("please stop texting me")
    died = pytest.raises((RuntimeError, Unavailable))
    with dies_after(step, text_commands, text_filing, text_route), died:
        route_one(small_office.services, received_id)
    assert (small_office.count(FiledKey), small_office.count(TextStop), small_office.count(Thread)) == (0, 0, 0)
    with small_office.services.db.write() as session:
        jobs.free(session)
    assert route_one(small_office.services, received_id) == "command"
    assert (small_office.count(TextStop), small_office.count(Message), small_office.count(Delivery)) == (1, 1, 1)
    assert small_office.is_balanced()


def test_a_text_that_stops_its_reader_every_time_goes_to_a_person(
    small_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RecursionError

    (received_id,) = small_office.keeps("Hello?")
    monkeypatch.setattr("reply_router.understanding.read_message", breaks)
    for _ in range(3):
        with pytest.raises(RecursionError):
            route_one(small_office.services, received_id)
        with small_office.services.db.write() as session:
            jobs.free(session)
    assert route_one(small_office.services, received_id) == "needs_person"
    assert small_office.is_balanced()
