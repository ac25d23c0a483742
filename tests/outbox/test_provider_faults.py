"""R8: a provider that fails in every way it can: no text arrives twice; a mail goes again with the same Message-ID."""

import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from engine.base.settings import Settings
from engine.base.tokens import Purpose
from engine.channels.sms import TwilioTexts
from engine.outbox import breaker
from engine.outbox.delivery import Delivery
from engine.outbox.text_courier import send_due_texts
from engine.outbox.text_status import tell_status
from tests.channels.provider import Asked, Provider, Says
from tests.database import on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import House
from tests.outbox.phones import OURS

#: Of a hundred calls: so many of each kind of fault; the others are answered as they should be.
FAULTS = {
    "429 with Retry-After": 5, "429": 3, "500, nothing taken": 4, "500, taken": 4, "503": 3, "hang up, taken": 5,
    "slow": 4, "no json, taken": 2,
}  # fmt: skip
#: How a text's callbacks come, by chance: in order, backwards, twice, never.
CALLBACKS = ("in order", "backwards", "twice", "never")


@dataclass
class Faulty:
    """What Twilio has, and how it misbehaves. `shares`: of a hundred calls, so many of each fault."""

    house: House
    dice: random.Random
    shares: Mapping[str, int] = field(default_factory=lambda: FAULTS)
    taken: list[dict[str, str]] = field(default_factory=list)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, call: Asked) -> Says:
        with self._lock:
            return self._listed(call) if call.method == "GET" else self._posted(call)

    def _posted(self, call: Asked) -> Says:
        fault = self.dice.choices([*self.shares, "none"], [*self.shares.values(), 100 - sum(self.shares.values())])[0]
        self.faults[fault] += 1
        match fault:
            case "429 with Retry-After":
                return Says(429, {"code": 20429, "status": 429, "message": "slower"}, {"Retry-After": "7"})
            case "429":
                return Says(429, {"code": 20429, "status": 429, "message": "slower"})
            case "500, nothing taken":
                return Says(500, {"code": 20500, "status": 500, "message": "no"})
            case "503":
                return Says(503, {"code": 20503, "status": 503, "message": "no"})
        sid = f"SM{len(self.taken):032d}"
        self.taken.append({**call.form, "Sid": sid, "At": format_datetime(self.house.now)})
        self._calls_back(sid, call.form["StatusCallback"])
        match fault:
            case "500, taken":
                return Says(500, {"code": 20500, "status": 500, "message": "no"})
            case "hang up, taken":
                return Says(hang_up=True)
            case "no json, taken":
                return Says(201, b"no json")
        return Says(body={"sid": sid, "status": "queued"}, seconds=0.05 if fault == "slow" else 0.0)

    def _calls_back(self, sid: str, url: str) -> None:
        token = urlsplit(url).path.rpartition("/")[2]
        told = [(token, sid, status) for status in ("sent", "delivered")]
        how = self.dice.choice(CALLBACKS)
        if how != "never":
            self.told += told[::-1] if how == "backwards" else told * (2 if how == "twice" else 1)

    def _listed(self, call: Asked) -> Says:
        found = [
            {
                "sid": text["Sid"], "to": text["To"], "from": text["From"], "body": text["Body"], "status": "sent",
                "date_created": text["At"], "direction": "outbound-api", "error_code": None, "num_media": "0",
            }
            for text in reversed(self.taken)
            if text["To"] == call.query.get("To")
        ]  # fmt: skip
        return Says(200, {"messages": found, "next_page_uri": None, "page": 0, "page_size": 100})

    def tells(self) -> None:
        """All callbacks so far are heard, those of one text one after the other."""
        with self._lock:
            told, self.told = self.told, []
        services = self.house.services
        for token, sid, status in told:
            delivery_id = services.tokens.verify(token, Purpose.TEXT_STATUS).subject_id
            with services.db.write() as session:
                tell_status(session, delivery_id, sid, status, None, self.house.now)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.mark.parametrize("many", [80, pytest.param(2000, marks=pytest.mark.long)])
@on_both_databases
def test_through_thirty_faults_in_a_hundred_calls_no_text_arrives_twice_and_none_is_lost(
    house: House, provider: Provider, many: int
) -> None:
    faulty = Faulty(house, random.Random(many))
    provider.answer = faulty
    sms = {
        "account_sid": "AC" + "0" * 32, "auth_token": "secret", "api_url": provider.url, "numbers": [OURS],
        "per_second": 1000.0, "look_ups": False, "timeout_seconds": 5.0,
    }  # fmt: skip
    settings = Settings.model_validate({**house.services.settings.model_dump(), "sms": sms})
    texts = TwilioTexts(settings.sms)
    before, house.services = house.services, replace(house.services, settings=settings, texts=texts)
    try:
        house.later(hours=1)
        broadcast_to(house, many, "sms")
        for _ in range(90):
            while send_due_texts(house.services):
                house.later(seconds=3)
            if house.now.minute % 3 == 0:
                faulty.tells()
            with house.read() as session:
                if not session.scalar(select(func.count()).where(Delivery.state.not_in(["sent"]))):
                    break
            house.later(minutes=1)
        faulty.tells()
        doubled = {phone: count for phone, count in Counter(text["To"] for text in faulty.taken).items() if count > 1}
        assert doubled == {}
        with house.read() as session:
            states = Counter(session.scalars(select(Delivery.state)))
            ids = session.scalars(select(Delivery.provider_id)).all()
        assert states == {"sent": many} and len(faulty.taken) == many
        assert sorted(str(each) for each in ids) == sorted(text["Sid"] for text in faulty.taken)
        assert sum(faulty.faults[name] for name in FAULTS) > many // 5
    finally:
        house.services = before
        texts.close()


def test_a_provider_that_only_fails_is_left_alone_within_a_minute_and_found_again(
    house: House, provider: Provider
) -> None:
    provider.answer = lambda call: Says(503, {"code": 20503, "status": 503, "message": "no"})
    sms = {
        "account_sid": "AC" + "0" * 32, "auth_token": "secret", "api_url": provider.url, "numbers": [OURS],
        "per_second": 1000.0, "look_ups": False,
    }  # fmt: skip
    settings = Settings.model_validate({**house.services.settings.model_dump(), "sms": sms})
    texts = TwilioTexts(settings.sms)
    before, house.services = house.services, replace(house.services, settings=settings, texts=texts)
    try:
        house.later(hours=1)
        began = house.now
        broadcast_to(house, 60, "sms")
        while send_due_texts(house.services):
            house.later(seconds=3)
        with house.read() as session:
            assert breaker.is_shut(session, house.now) and (house.now - began).total_seconds() <= 60
        asked = len(provider.asked)
        house.later(minutes=2)
        send_due_texts(house.services)
        assert len(provider.asked) <= asked + 1, "one text a minute is tried"
        # Asked for its list, it has to answer by one: a text whose fate is open is looked for there.
        provider.answer = Faulty(house, random.Random(1), shares={})
        for _ in range(40):
            house.later(minutes=2)
            while send_due_texts(house.services):
                house.later(seconds=3)
        with house.read() as session:
            assert Counter(session.scalars(select(Delivery.state))) == {"sent": 60}
    finally:
        house.services = before
        texts.close()


@on_both_databases
def test_a_mail_whose_yes_was_lost_goes_again_with_the_same_message_id(house: House) -> None:
    broadcast_to(house, 40, "email")
    house.relay.rcpt_replies.extend(["451 4.3.0 later", "250 OK"] * 6)
    house.relay.hang_up_in_data = 3
    house.relay.hang_up_after_body = 4
    for _ in range(8):
        house.send()
        house.later(minutes=30)
    ids = Counter(str(each.mail["Message-ID"]) for each in house.relay.taken)
    whom = Counter(each.rcpt_to for each in house.relay.taken)
    assert len(ids) == len(whom) == 40, "one Message-ID a reader, however often it went"
    assert sum(ids.values()) - 40 <= 4, "again only where the relay had it and its yes was lost"
    with house.read() as session:
        assert Counter(session.scalars(select(Delivery.state))) == {"sent": 40}
