"""Signing up by the public page, as visitors, members and somebody who types other people's addresses meet it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import chapters_of, home_chapter, join
from engine.content.template import publish_library
from engine.enrollments.signal import Signal
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery
from engine.people.address import Address, add_phone, members_with
from engine.people.consent import Consent
from engine.people.member import Member
from engine.people.sign_up import MOST_OF_A_NETWORK, SignUp, new_sign_ups
from engine.people.text_stop import TextStop
from inbound.web import jobs
from inbound.web.joining import ask_to_confirm
from templates.catalog import our_library
from tests.channels.relay import Relay
from tests.inbound.conftest import a_house
from tests.inbound.test_web import Visit

TEXTING = {"account_sid": "AC1", "auth_token": "secret", "numbers": ["+14045550100"]}


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay on a free port."""
    with Relay() as relay:
        yield relay


@pytest.fixture
def visit(tmp_path: Path, relay: Relay) -> Iterator[Visit]:
    """An installation that can send mail and texts, with Rosa and her chapter Tucson in it."""
    from engine.base.setting_groups.texting import Texting

    with a_house(tmp_path, relay_port=relay.port, sms=Texting(**TEXTING)) as house:  # type: ignore[arg-type]
        visit = Visit(house)
        with house.db.write() as session:
            publish_library(session, our_library(), datetime.now(UTC))
        yield visit


def signs_up(visit: Visit, path: str = "/join", **typed: str) -> str:
    """The form was sent, and everything that follows from it is done; the page that answered."""
    answer = visit.client.post(path, data={"name": "Dana Ruiz", "zip": "85701", **typed})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    settles(visit)
    return answer.get_data(as_text=True)


def settles(visit: Visit) -> None:
    """Every sign-up was looked at, and its mail is sent."""
    services = visit.house.services
    while True:
        with services.db.read() as session:
            waiting = new_sign_ups(session, services.clock.now())
        if not waiting:
            break
        for row_id in waiting:
            assert row_id is not None
            ask_to_confirm(services, row_id)
            ask_to_confirm(services, row_id)
    send_due(services)


def button_in(relay: Relay) -> str:
    """The path of the link in the only mail."""
    (taken,) = relay.taken
    body = taken.mail.get_body(("plain",))
    assert body is not None
    (path,) = set(re.findall(r"http://127\.0\.0\.1:8080(/join/yes/\S+?)[\s>)\]]", body.get_content() + " "))
    return str(path)


def member_at(visit: Visit, kind: str, value: str) -> Member | None:
    """The member who is reached there."""
    with visit.house.db.read() as session:
        ids = members_with(session, kind, value)  # type: ignore[arg-type]
        return session.get(Member, ids[0]) if ids else None


def texts(visit: Visit) -> list[tuple[str | None, str]]:
    """(phone, class) of each text of ours."""
    with visit.house.db.read() as session:
        rows = session.scalars(select(Delivery).where(Delivery.channel == "sms").order_by(Delivery.id))
        return [(row.to_address, row.message_class) for row in rows]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_is_small_and_asks_one_thing_with_one_button(visit: Visit, language: str) -> None:
    page = visit.client.get(f"/join?language={language}").get_data(as_text=True)
    assert page.count("<button") == 1
    assert "<script" not in page and len(page) < 30_000
    assert 'name="texts"' in page and "checked" not in page
    assert f'lang="{language}"' in page
    assert "Tucson" in visit.client.get(f"/join/tucson?language={language}").get_data(as_text=True)
    assert visit.client.get("/join/nowhere").status_code == 404


def test_the_page_links_to_the_privacy_policy_and_the_terms_where_they_are_named(visit: Visit, tmp_path: Path) -> None:
    assert "Privacy policy" not in visit.client.get("/join").get_data(as_text=True)
    named = {"privacy_policy_url": "https://nfp.example/privacy", "terms_url": "https://nfp.example/texting?a=1&b=2"}
    (tmp_path / "other").mkdir()
    with a_house(tmp_path / "other", pages=named) as house:
        other = Visit(house)
        page = other.client.get("/join").get_data(as_text=True)
        assert '<a href="https://nfp.example/privacy">Privacy policy</a>' in page
        assert '<a href="https://nfp.example/texting?a=1&amp;b=2">Terms</a>' in page
        spanish = other.client.get("/join?language=es").get_data(as_text=True)
    assert ">Política de privacidad</a>" in spanish and ">Condiciones</a>" in spanish


def test_somebody_new_confirms_by_the_button_and_journeys_begin(visit: Visit, relay: Relay) -> None:
    page = signs_up(visit, "/join/tucson", email=" Dana@Mail.Example ")
    assert "We wrote to dana@mail.example" in page
    assert member_at(visit, "email", "dana@mail.example") is None
    path = button_in(relay)
    for _ in range(3):
        shown = visit.client.get(path).get_data(as_text=True)
    assert shown.count("<button") == 1 and "be with Tucson?" in shown
    assert member_at(visit, "email", "dana@mail.example") is None, "opening a link changes nothing"
    first, again = (visit.client.post(path).get_data(as_text=True) for _ in range(2))
    assert "You are with Tucson" in first and "You are with Tucson" in again
    dana = member_at(visit, "email", "dana@mail.example")
    assert dana is not None and (dana.name, dana.locality, dana.source) == ("Dana Ruiz", "Tucson", "signed up")
    with visit.house.db.read() as session:
        (address,) = session.scalars(select(Address).where(Address.member_id == dana.id))
        assert address.proven_at is not None
        (consent,) = session.scalars(select(Consent).where(Consent.member_id == dana.id))
        assert (consent.channel, consent.how, consent.network_address) == ("email", "sign-up", "127.0.0.1")
        (row,) = session.scalars(select(SignUp))
        assert row.shown in consent.evidence and "Yes, that was me" in consent.evidence
        assert row.shown in visit.client.get("/join").get_data(as_text=True), "the words kept are the words shown"
        assert [each.slug for each in chapters_of(session, dana.id)] == ["tucson"]
        assert [each.kind for each in session.scalars(select(Signal).where(Signal.member_id == dana.id))] == ["joined"]
    own = re.search(r'href="(/p/[^"]+)"', first)
    assert own is not None and "Hello Dana" in visit.client.get(own[1]).get_data(as_text=True)


def test_known_and_unknown_addresses_get_the_same_words_for_the_same_statements(visit: Visit) -> None:
    said: list[list[str]] = []
    pages: list[str] = []
    for address in ("rosa@mail.example", "dana@mail.example", "rosa@mail.example"):
        statements: list[str] = []

        def note(_c: object, _k: object, statement: str, *_: object, to: list[str] = statements) -> None:
            to.append(statement)

        engine = visit.house.db.engine
        event.listen(engine, "before_cursor_execute", note)
        answer = visit.client.post("/join/tucson", data={"name": "Dana", "email": address})
        event.remove(engine, "before_cursor_execute", note)
        pages.append(answer.get_data(as_text=True).replace(address, "…"))
        said.append(statements)
    assert said[0] == said[1] == said[2] and any("INSERT INTO sign_up" in each for each in said[0])
    assert pages[0] == pages[1] == pages[2]


def test_a_member_who_signs_up_again_is_offered_their_own_page_and_stays_one(visit: Visit, relay: Relay) -> None:
    signs_up(visit, email="rosa@mail.example", phone="(404) 555-0142", texts="yes")
    (taken,) = relay.taken
    body = taken.mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert "You are with us already" in text and "/join/yes" not in text
    (path,) = set(re.findall(r"(/p/\S+?)[\s>)\]]", body.get_content() + " "))
    assert "Hello Rosa" in visit.client.get(path).get_data(as_text=True)
    assert texts(visit) == [], "whoever typed the phone has not shown that they are Rosa"
    with visit.house.db.read() as session:
        assert len(session.scalars(select(Member)).all()) == 1


def test_one_mail_a_day_goes_to_an_address_and_nothing_more_until_it_says_yes(visit: Visit, relay: Relay) -> None:
    for name in ("Dana", "Dana Ruiz", "Buy at cheap.example"):
        signs_up(visit, name=name, email="dana@mail.example")
    assert len(relay.taken) == 1
    with visit.house.db.read() as session:
        assert [row.state for row in session.scalars(select(SignUp).order_by(SignUp.id))] == ["asked", "held", "held"]


def test_what_a_stranger_typed_for_a_name_is_not_sent_on(visit: Visit, relay: Relay) -> None:
    signs_up(visit, name="http://cheap.example/pills now", email="dana@mail.example")
    assert "cheap.example" not in relay.taken[0].mail.as_string()


def test_one_network_has_so_many_people_asked_and_no_more(visit: Visit, relay: Relay) -> None:
    now = visit.house.services.clock.now()
    with visit.house.db.write() as session:
        for number in range(MOST_OF_A_NETWORK):
            session.add(
                SignUp(
                    id=number + 1,
                    created_at=now,
                    channel="email",
                    address=f"p{number}@mail.example",
                    way="form",
                    network_address="127.0.0.1",
                    state="asked",
                    asked_at=now,
                    until_at=now + timedelta(days=7),
                )
            )
    signs_up(visit, email="dana@mail.example")
    assert relay.taken == []


def test_an_old_link_and_one_that_was_never_made_say_the_same(visit: Visit, relay: Relay) -> None:
    signs_up(visit, email="dana@mail.example")
    path = button_in(relay)
    with visit.house.db.write() as session:
        session.execute(update(SignUp).values(until_at=datetime.now(UTC) - timedelta(minutes=1)))
    never = "/join/yes/" + "a" * 55
    assert {visit.client.post(each).status_code for each in (path, never)} == {410}
    assert visit.client.get(path).get_data(as_text=True) == visit.client.get(never).get_data(as_text=True)
    signs_up(visit, email="else@mail.example")
    with visit.house.db.read() as session:
        left = session.scalars(select(SignUp.address)).all()
    assert left == ["else@mail.example"], "an address that never said yes is kept no longer"


def test_a_phone_given_beside_the_mail_is_asked_once_the_mail_is_confirmed(visit: Visit, relay: Relay) -> None:
    signs_up(visit, email="dana@mail.example", phone="404 555 0142", texts="yes")
    assert texts(visit) == []
    visit.client.post(button_in(relay))
    settles(visit)
    assert texts(visit) == [("+14045550142", "consent")]
    dana = member_at(visit, "email", "dana@mail.example")
    assert dana is not None and member_at(visit, "phone", "+14045550142") is None
    with visit.house.db.read() as session:
        row = session.scalars(select(SignUp).where(SignUp.channel == "sms")).one()
        assert (row.state, row.member_id) == ("asked", dana.id)


def test_a_phone_that_is_not_ticked_and_one_that_said_stop_hear_nothing(visit: Visit, relay: Relay) -> None:
    now = visit.house.services.clock.now()
    with visit.house.db.write() as session:
        session.add(TextStop(id=1, created_at=now, phone="+14045550142", how="text"))
    page = signs_up(visit, phone="404 555 0142", texts="yes")
    assert "We texted +14045550142" in page, "the same words for everybody"
    signs_up(visit, email="dana@mail.example", phone="404 555 0143")
    visit.client.post(button_in(relay))
    settles(visit)
    assert texts(visit) == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({}, "Give a mail address or a phone"),
        ({"email": "not an address"}, "does not look like a mail address"),
        ({"phone": "12"}, "does not look like a phone number"),
        ({"phone": "+44 20 7946 0018", "texts": "yes"}, "We cannot send texts to that country"),
        ({"phone": "900 555 1212", "texts": "yes"}, "We cannot send texts to that country"),
        ({"phone": "404 555 0142"}, "we can only reach you by text"),
        ({"email": "dana@mail.example", "zip": "the moon"}, "A ZIP code has five digits"),
        ({"email": "dana@mail.example", "name": ""}, "Write a name"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence_and_keeps_what_was_typed(
    visit: Visit, typed: dict[str, str], says: str
) -> None:
    answer = visit.client.post("/join", data={"name": "Dana <Ruiz>", **typed})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400 and says in page
    assert "name" in typed or "Dana &lt;Ruiz&gt;" in page
    with visit.house.db.read() as session:
        assert session.scalars(select(SignUp)).all() == []


def test_a_household_member_at_the_phone_gains_texts_by_the_same_asking(visit: Visit) -> None:
    with visit.house.db.write() as session:
        add_phone(session, visit.member_id, "+14045550142", visit.house.services.clock.now())
    signs_up(visit, phone="404 555 0142", texts="yes")
    assert texts(visit) == [("+14045550142", "consent")]


def test_the_sweep_finds_a_sign_up_whose_wake_was_lost(visit: Visit, relay: Relay) -> None:
    visit.client.post("/join", data={"name": "Dana", "email": "dana@mail.example"})
    services = visit.house.services
    sweep = next(each for each in jobs.SWEEPS if each.name == "inbound.join")
    with services.db.read() as session:
        (due,) = sweep.due(session, services.clock.now())
    jobs.register(services.broker, services)
    services.broker.wake(sweep.name, due)
    assert services.broker.settle()
    send_due(services)
    assert len(relay.taken) == 1


def test_a_member_gives_a_phone_on_their_own_page_and_it_is_asked(visit: Visit) -> None:
    path = visit.own_page()
    unticked = visit.client.post(path, data={"name": "Rosa", "phone": "404 555 0142"})
    assert (unticked.status_code, "Tick the box below the phone" in unticked.get_data(as_text=True)) == (400, True)
    with visit.house.db.read() as session:
        assert session.get_one(Member, visit.member_id).name == "Rosa Medina", "nothing was changed"
    visit.client.post(path, data={"name": "Rosa Medina", "phone": "404 555 0142", "phone_texts": "yes"})
    settles(visit)
    assert texts(visit) == [("+14045550142", "consent")]
    with visit.house.db.read() as session:
        row = session.scalars(select(SignUp)).one()
        assert (row.way, row.member_id, row.state) == ("page", visit.member_id, "asked")
        assert row.shown in visit.client.get(path).get_data(as_text=True), "the words kept are the words shown"


def test_a_member_of_two_chapters_chooses_their_home(visit: Visit) -> None:
    now = datetime.now(UTC)
    with visit.house.db.write() as session:
        duluth = Chapter(id=new_id(), created_at=now, slug="duluth", name="Duluth")
        session.add(duluth)
        session.flush()
        join(session, visit.member_id, duluth.id, now, rank=1)
    page = visit.client.get(visit.own_page()).get_data(as_text=True)
    assert page.index(">Tucson</option>") < page.index(">Duluth</option>")
    visit.client.post(visit.own_page(), data={"name": "Rosa Medina", "home": str(duluth.id)})
    with visit.house.db.read() as session:
        assert home_chapter(session, visit.member_id) == duluth.id
    visit.client.post(visit.own_page(), data={"name": "Rosa Medina", "home": "12345"})
    with visit.house.db.read() as session:
        assert home_chapter(session, visit.member_id) == duluth.id, "a chapter they are not in is no home"
