"""From asking for a link to one's own page, through the real relay and back through the real pages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from engine.base.ids import new_id
from engine.base.setting_groups.texting import Texting
from engine.content.template import publish_library
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery
from engine.people.address import add_email, add_phone
from engine.people.link_request import ANSWER_LINK_REQUEST, LinkRequest, open_link_requests
from engine.people.member import Member, add_member
from engine.people.text_stop import TextStop
from inbound.web import jobs
from templates.catalog import our_library
from tests.channels.relay import Relay
from tests.inbound.conftest import a_house
from tests.inbound.test_web import Visit


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay on a free port."""
    with Relay() as relay:
        yield relay


@pytest.fixture
def asked(tmp_path: Path, relay: Relay) -> Iterator[Visit]:
    """An installation that can send, with Rosa in it."""
    with a_house(tmp_path, relay_port=relay.port) as house:
        visit = Visit(house)
        with house.db.write() as session:
            publish_library(session, our_library(), datetime.now(UTC))
        yield visit


def ask(visit: Visit, address: str) -> None:
    """The form was sent, and everything that follows from it is done."""
    assert visit.client.post("/preferences", data={"address": address}).status_code == 200
    services = visit.house.services
    with services.db.read() as session:
        waiting = open_link_requests(session, services.clock.now())
    for row_id in waiting:
        assert row_id is not None
        jobs.answer_link_request(services, row_id)
        jobs.answer_link_request(services, row_id)
    send_due(services)


def link_in(relay: Relay) -> str:
    """The path of the link in the mail that was asked for."""
    plain = relay.taken[-1].mail.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    assert "two hours" in text
    (path,) = set(re.findall(r"http://127\.0\.0\.1:8080(/p/\S+?)[\s>)\]]", text + " "))
    return str(path)


def test_a_link_comes_by_mail_and_opens_the_page(asked: Visit, relay: Relay) -> None:
    ask(asked, " Rosa@Mail.Example ")
    (taken,) = relay.taken
    assert taken.rcpt_to == "rosa@mail.example"
    path = link_in(relay)
    page = asked.client.get(path).get_data(as_text=True)
    assert "Hello Rosa" in page


def test_a_mail_that_was_asked_for_and_passed_on_only_ends_things(asked: Visit, relay: Relay) -> None:
    """Anybody can type her address, and she may answer the mail with its link in the quote (law 9)."""
    ask(asked, "rosa@mail.example")
    path = link_in(relay)
    stranger = asked.client.application.test_client()
    page = stranger.get(path).get_data(as_text=True)
    assert 'name="name"' not in page and "Send me six digits" in page
    stranger.post(f"{path}/everything")
    assert asked.comes("journey") == [False]
    stranger.post(path, data={"comes": "email journey", "name": "Somebody Else"})
    assert asked.comes("journey") == [False]
    with asked.house.db.read() as session:
        assert session.get_one(Member, asked.member_id).name != "Somebody Else"


def test_asking_again_at_once_brings_no_second_mail(asked: Visit, relay: Relay) -> None:
    for _ in range(4):
        ask(asked, "rosa@mail.example")
    assert len(relay.taken) == 1


def test_nobody_is_written_to_at_an_unknown_address(asked: Visit, relay: Relay) -> None:
    ask(asked, "nobody@mail.example")
    with asked.house.db.read() as session:
        (row,) = session.scalars(select(LinkRequest))
        assert row.answered_at is not None
        assert session.scalars(select(Delivery)).all() == []
    assert relay.taken == []


def test_a_household_gets_a_link_for_each_and_the_erased_get_none(asked: Visit, relay: Relay) -> None:
    now = datetime.now(UTC)
    with asked.house.db.write() as session:
        for name in ("Leo Medina", "Gone Medina"):
            member = add_member(session, name, now, language="es")
            add_email(session, member.id, "rosa@mail.example", now)
        session.get_one(Member, member.id).erased_at = now
    ask(asked, "rosa@mail.example")
    assert len(relay.taken) == 2
    texts = [body.get_content() for taken in relay.taken if (body := taken.mail.get_body(("plain",)))]
    assert sorted("dos horas" in text for text in texts) == [False, True]


def test_somebody_who_stopped_everything_still_gets_the_link(asked: Visit, relay: Relay) -> None:
    asked.client.post(asked.letter(), data={"everything": "1"})
    ask(asked, "rosa@mail.example")
    assert len(relay.taken) == 1


def test_the_sweep_finds_an_asking_whose_wake_was_lost(asked: Visit) -> None:
    services = asked.house.services
    now = services.clock.now()
    with services.db.write() as session:
        session.add(LinkRequest(id=new_id(), created_at=now - timedelta(hours=1), address="rosa@mail.example"))
    sweep = next(each for each in jobs.SWEEPS if each.name == ANSWER_LINK_REQUEST)
    jobs.register(services.broker, services)
    with services.db.read() as session:
        due = sweep.due(session, now)
    for row_id in due:
        services.broker.wake(sweep.name, row_id)
    assert services.broker.settle()
    with services.db.read() as session:
        assert sweep.due(session, now) == []
        assert len(session.scalars(select(Delivery)).all()) == 1


KEI = "+14045550144"


@pytest.fixture
def with_texts(tmp_path: Path, relay: Relay) -> Iterator[Visit]:
    """An installation that sends texts too, with Kei in it, of whom a phone is known and nothing else."""
    sms = Texting(account_sid="AC" + "1" * 32, auth_token="secret", numbers=["+14045550100"])
    with a_house(tmp_path, relay_port=relay.port, sms=sms) as house:
        visit = Visit(house)
        with house.db.write() as session:
            publish_library(session, our_library(), datetime.now(UTC))
            add_phone(session, add_member(session, "Kei Tanaka", datetime.now(UTC)).id, KEI, datetime.now(UTC))
        yield visit


def texted(visit: Visit) -> list[Delivery]:
    """What is on its way to phones."""
    with visit.house.db.read() as session:
        return list(session.scalars(select(Delivery).where(Delivery.channel == "sms").order_by(Delivery.id)))


def test_whoever_has_only_a_phone_gets_the_link_by_text(with_texts: Visit, relay: Relay) -> None:
    page = with_texts.client.get("/preferences").get_data(as_text=True)
    assert "Your mail address or your phone" in page
    for _ in range(3):
        ask(with_texts, "(404) 555-0144")
    (text,) = texted(with_texts)
    assert (text.to_address, text.message_class) == (KEI, "consent")
    path = urlsplit((text.data or {})["links"]["preferences"]).path
    own = with_texts.client.get(path).get_data(as_text=True)
    assert "Hello Kei" in own and "Send me six digits" in own and 'name="name"' not in own
    # By mail it is as it was.
    ask(with_texts, "rosa@mail.example")
    assert len(relay.taken) == 1


def test_a_phone_that_is_unknown_or_said_stop_gets_no_text(with_texts: Visit) -> None:
    ask(with_texts, "+14045550199")
    with with_texts.house.db.write() as session:
        session.add(TextStop(id=new_id(), phone=KEI, created_at=datetime.now(UTC), how="text"))
    ask(with_texts, KEI)
    assert texted(with_texts) == []


def test_what_is_neither_an_address_nor_a_phone_is_said_so(with_texts: Visit) -> None:
    answer = with_texts.client.post("/preferences", data={"address": "404"})
    assert answer.status_code == 400 and "nor like a phone" in answer.get_data(as_text=True)
