"""The public pages as a member's browser, a mail program and a link scanner meet them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engine.audit.entry import AuditEntry
from engine.base.ids import new_id
from engine.base.tokens import Purpose
from engine.chapters.chapter import Chapter
from engine.chapters.membership import join
from engine.enrollments.signal import Signal
from engine.outbox.delivery import Delivery
from engine.people.address import Address, add_email
from engine.people.consent import EVERYTHING, Consent, Said, record_consent
from engine.people.link_request import LinkRequest
from engine.people.member import Member, add_member
from engine.people.member_pace import Pace, paces
from engine.people.preference import what_comes
from engine.people.text_stop import TextStop
from inbound.web import create_app
from tests.inbound.conftest import House

NOW = datetime.now(UTC) - timedelta(days=3)


class Visit:
    """An installation with one member, Rosa, who has a letter of ours."""

    def __init__(self, house: House, **member: str) -> None:
        self.house = house
        self.app: Flask = create_app(house.services)
        self.client: FlaskClient = self.app.test_client()
        with house.db.write() as session:
            rosa = add_member(session, "Rosa Medina", NOW, **member)
            chapter = Chapter(id=new_id(), created_at=NOW, slug="tucson", name="Tucson")
            session.add(chapter)
            session.flush()
            join(session, rosa.id, chapter.id, NOW)
            self.address_id = add_email(session, rosa.id, "rosa@mail.example", NOW).id
            record_consent(session, rosa.id, "email", EVERYTHING, True, Said("sign-up"), NOW)
            self.member_id, self.chapter_id = rosa.id, chapter.id

    def letter(self, message_class: str = "journey") -> str:
        """The path of the unsubscribe link in a letter to Rosa."""
        delivery = Delivery(
            id=new_id(), created_at=NOW, message_class=message_class, member_id=self.member_id, send_at=NOW,
            chapter_id=self.chapter_id, state="sent", state_at=NOW, to_address="rosa@mail.example",
        )  # fmt: skip
        with self.house.db.write() as session:
            session.add(delivery)
        return "/u/" + self.house.services.tokens.sign(Purpose.UNSUBSCRIBE, delivery.id, self.member_id)

    def own_page(self, opens_for: timedelta = timedelta(hours=2)) -> str:
        """The path of Rosa's own page."""
        now = self.house.services.clock.now()
        return "/p/" + self.house.services.tokens.sign_link(
            Purpose.PREFERENCES, self.address_id, self.member_id, now + opens_for
        )

    def comes(self, *scopes: str) -> list[bool]:
        """Whether mail of these scopes comes to Rosa."""
        with self.house.db.read() as session:
            return list(what_comes(session, self.member_id, "email", scopes).values())

    def ledger(self) -> list[Consent]:
        """What Rosa said after signing up."""
        with self.house.db.read() as session:
            rows = session.scalars(select(Consent).where(Consent.how != "sign-up").order_by(Consent.id)).all()
            session.expunge_all()
            return list(rows)


@pytest.fixture
def visit(house: House) -> Visit:
    """An installation with one member, Rosa."""
    return Visit(house)


def fields(page: str) -> dict[str, list[str]]:
    """What a browser would send back unchanged."""
    sent: dict[str, list[str]] = {"comes": re.findall(r'name="comes" value="([^"]+)" checked', page)}
    sent["name"] = [unescape(value) for value in re.findall(r'name="name" type="text" value="([^"]*)"', page)]
    sent["language"] = re.findall(r'value="(\w\w)" selected', page)
    return sent


def test_opening_the_link_changes_nothing_and_shows_one_button(visit: Visit) -> None:
    path = visit.letter()
    for _ in range(3):
        page = visit.client.get(path).get_data(as_text=True)
    assert visit.client.head(path).status_code == 200
    assert page.count("<button") == 1
    assert "Stop letters from Neighbors for Progress by mail?" in page
    assert "r…@mail.example" in page
    assert visit.ledger() == []
    assert visit.comes("journey") == [True]


def test_pressing_the_button_stops_that_list_and_offers_the_rest(visit: Visit) -> None:
    path = visit.letter()
    page = visit.client.post(path).get_data(as_text=True)
    assert "Stop everything by mail" in page
    assert 'href="/preferences"' in page
    assert visit.comes("journey", f"chapter:{visit.chapter_id}", "digest") == [False, True, True]
    (row,) = visit.ledger()
    assert (row.scope, row.opted_in, row.how, row.network_address) == ("journey", False, "link", "127.0.0.1")
    assert "Stop these" in row.evidence

    page = visit.client.post(path, data={"everything": "1"}).get_data(as_text=True)
    assert "Stop everything" not in page
    assert visit.comes("journey", f"chapter:{visit.chapter_id}", "digest") == [False, False, False]


def test_one_click_works_in_one_request_and_twice_is_once(visit: Visit) -> None:
    path = visit.letter()
    for _ in range(2):
        response = visit.client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
    (row,) = visit.ledger()
    assert (row.scope, row.how) == ("journey", "one-click")
    with visit.house.db.read() as session:
        assert [entry.verb for entry in session.scalars(select(AuditEntry))] == ["consent_changed"]
        assert [fact.kind for fact in session.scalars(select(Signal))] == ["opted_out"]


def test_one_click_as_multipart_form_works_too(visit: Visit) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    response = visit.client.post(visit.letter(), data=body, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 200
    assert [row.how for row in visit.ledger()] == ["one-click"]


def test_a_chapters_letter_ends_that_chapters_news_alone(visit: Visit) -> None:
    path = visit.letter("chapter")
    assert "news from Tucson" in visit.client.get(path).get_data(as_text=True)
    visit.client.post(path)
    assert visit.comes("journey", f"chapter:{visit.chapter_id}") == [True, False]


def test_a_letter_that_was_forgotten_still_lets_its_reader_stop(visit: Visit) -> None:
    token = visit.house.services.tokens.sign(Purpose.UNSUBSCRIBE, 12345, visit.member_id)
    assert visit.client.post(f"/u/{token}").status_code == 200
    assert visit.comes("journey", "digest") == [False, False]


@pytest.mark.parametrize("token", ["x", "a" * 48, "%00", "<script>", "..", "é"])
def test_a_wrong_link_is_404_in_words(visit: Visit, token: str) -> None:
    for method in (visit.client.get, visit.client.post):
        response = method(f"/u/{token}")
        assert response.status_code == 404
        assert "There is nothing at this address" in response.get_data(as_text=True)


def test_a_token_of_another_purpose_opens_nothing(visit: Visit) -> None:
    token = visit.house.services.tokens.sign(Purpose.REPLY_TO_DELIVERY, 1, visit.member_id)
    assert visit.client.post(f"/u/{token}").status_code == 404
    assert visit.client.get(f"/p/{token}").status_code == 410
    assert visit.ledger() == []


def test_the_pages_speak_the_members_language(new_house: Callable[..., House]) -> None:
    visit = Visit(new_house(), language="es-MX")
    assert "¿Dejar de recibir las cartas de" in visit.client.get(visit.letter()).get_data(as_text=True)
    assert '<html lang="es">' in visit.client.get(visit.own_page()).get_data(as_text=True)
    page = visit.client.get("/preferences", headers={"Accept-Language": "es"}).get_data(as_text=True)
    assert "Tu dirección de correo" in page


def test_known_and_unknown_addresses_are_answered_alike(visit: Visit) -> None:
    answers = []
    for address in ("rosa@mail.example", "nobody@mail.example"):
        response = visit.client.post("/preferences", data={"address": address})
        answers.append((response.status_code, response.get_data(as_text=True).replace(address, "")))
    assert answers[0] == answers[1]
    with visit.house.db.read() as session:
        rows = session.scalars(select(LinkRequest).order_by(LinkRequest.id)).all()
        assert [row.address for row in rows] == ["rosa@mail.example", "nobody@mail.example"]
        assert session.scalars(select(Delivery)).all() == []


def test_what_is_no_address_is_said_to_be_none(visit: Visit) -> None:
    response = visit.client.post("/preferences", data={"address": '"><script>'})
    assert response.status_code == 400
    page = response.get_data(as_text=True)
    assert "does not look like a mail address" in page
    assert "<script>" not in page


def test_asking_without_end_from_one_network_is_slowed(visit: Visit) -> None:
    codes = [visit.client.post("/preferences", data={"address": "a@b.example"}).status_code for _ in range(25)]
    assert codes == [200] * 20 + [429] * 5
    response = visit.client.post("/preferences", data={"address": "a@b.example"})
    assert "A little slower" in response.get_data(as_text=True)
    assert visit.client.post(visit.letter()).status_code == 200


def test_the_own_page_shows_what_comes_and_opening_it_changes_nothing(visit: Visit) -> None:
    page = visit.client.get(visit.own_page()).get_data(as_text=True)
    assert "Rosa" in page
    assert "ro…@mail.example" in page
    assert "rosa@mail.example" not in page
    assert page.count("checked>") == 2
    assert visit.ledger() == []


def test_keeping_the_page_unchanged_says_nothing_new(visit: Visit) -> None:
    path = visit.own_page()
    sent = fields(visit.client.get(path).get_data(as_text=True))
    response = visit.client.post(path, data=sent)
    assert (response.status_code, response.headers["Location"]) == (303, f"{path}?said=saved")
    assert visit.ledger() == []
    assert "It holds from now on" in visit.client.get(f"{path}?said=saved").get_data(as_text=True)


def test_each_change_stands_in_the_ledger_with_its_evidence(visit: Visit) -> None:
    path = visit.own_page()
    sent = fields(visit.client.get(path).get_data(as_text=True))
    visit.client.post(path, data=sent | {"comes": ["email journey"]})
    (row,) = visit.ledger()
    assert (row.scope, row.opted_in, row.how, row.address_id) == (
        f"chapter:{visit.chapter_id}", False, "preferences", visit.address_id,
    )  # fmt: skip
    assert row.evidence == "Unticked “news from Tucson” on their own page"
    visit.client.post(path, data=sent)
    assert [row.opted_in for row in visit.ledger()] == [False, True]
    assert visit.comes("journey", f"chapter:{visit.chapter_id}") == [True, True]


def test_stopping_everything_can_be_taken_back_in_part(visit: Visit) -> None:
    path = visit.own_page()
    response = visit.client.post(f"{path}/everything")
    assert response.headers["Location"] == f"{path}?said=stopped"
    assert visit.comes("journey", f"chapter:{visit.chapter_id}") == [False, False]
    page = visit.client.get(f"{path}?said=stopped").get_data(as_text=True)
    assert "Everything is stopped" in page
    assert page.count("checked>") == 0
    visit.client.post(path, data=fields(page) | {"comes": [f"email chapter:{visit.chapter_id}"]})
    assert visit.comes("journey", f"chapter:{visit.chapter_id}", "digest") == [False, True, False]


def test_name_and_language_are_the_members_to_say(visit: Visit) -> None:
    path = visit.own_page()
    sent = fields(visit.client.get(path).get_data(as_text=True))
    visit.client.post(path, data=sent | {"name": "  Rosa   {{7*7}} <b> ", "language": "es"})
    page = visit.client.get(path).get_data(as_text=True)
    assert "Rosa {{7*7}} &lt;b&gt;" in page
    assert '<html lang="es">' in page
    with visit.house.db.read() as session:
        member = session.get_one(Member, visit.member_id)
        assert (member.name, member.first_name, member.language) == ("Rosa {{7*7}} <b>", "Rosa", "es")
        (entry,) = session.scalars(select(AuditEntry))
        assert (entry.verb, entry.detail["fields"]) == ("member_changed", ["name", "language"])
    assert visit.client.post(path, data=sent | {"name": "   "}).status_code == 400
    visit.client.post(path, data=sent | {"language": "xx"})
    assert visit.ledger() == []


def test_a_link_out_of_a_letter_can_end_things_and_nothing_else(visit: Visit) -> None:
    visit.client.post(visit.letter("chapter"))
    tokens, letter = visit.house.services.tokens, visit.letter()
    delivery_id = tokens.verify(letter.removeprefix("/u/"), Purpose.UNSUBSCRIBE).subject_id
    path = "/p/" + tokens.sign_link(Purpose.PREFERENCES, delivery_id, visit.member_id, NOW + timedelta(days=60))
    page = visit.client.get(path).get_data(as_text=True)
    assert "disabled" in page
    assert 'name="name"' not in page
    assert "ask for a link of your own" in page
    chapter = f"email chapter:{visit.chapter_id}"
    visit.client.post(path, data={"comes": [chapter], "name": "Somebody Else", "language": "es"})
    assert visit.comes("journey", f"chapter:{visit.chapter_id}") == [False, False]
    assert visit.ledger()[-1].address_id == visit.address_id
    with visit.house.db.read() as session:
        member = session.get_one(Member, visit.member_id)
        assert (member.name, member.language) == ("Rosa Medina", "en")


def test_how_often_we_write_is_chosen_there_and_a_link_out_of_a_letter_only_chooses_less(visit: Visit) -> None:
    def pace() -> Pace | None:
        with visit.house.db.read() as session:
            return paces(session, [visit.member_id]).get(visit.member_id)

    def offered(path: str) -> list[tuple[str, bool]]:
        page = visit.client.get(path).get_data(as_text=True)
        options = page.partition('name="pace"')[2].partition("</select>")[0]
        return [(value, bool(on)) for value, on in re.findall(r'value="(\w+)"( selected)?', options)]

    path, tokens = visit.own_page(), visit.house.services.tokens
    delivery_id = tokens.verify(visit.letter().removeprefix("/u/"), Purpose.UNSUBSCRIBE).subject_id
    passed_on = "/p/" + tokens.sign_link(Purpose.PREFERENCES, delivery_id, visit.member_id, NOW + timedelta(days=60))
    assert offered(path) == [("usual", True), ("2", False), ("1", False), ("pause", False)]
    visit.client.post(path, data=fields(visit.client.get(path).get_data(as_text=True)))
    assert pace() is None
    visit.client.post(path, data={"pace": "2"})
    assert pace() == Pace(0, 2)
    assert offered(passed_on) == [("2", True), ("1", False), ("pause", False)]
    visit.client.post(passed_on, data={"pace": "usual"})
    assert pace() == Pace(0, 2)
    visit.client.post(passed_on, data={"pace": "pause"})
    paused = pace()
    assert paused is not None and paused.paused_until is not None
    assert offered(passed_on) == [("pause", True)]
    assert "nothing until" in visit.client.get(path).get_data(as_text=True)
    visit.client.post(path, data={"pace": "usual"})
    assert pace() == Pace(0, None)


def test_texts_are_chosen_one_by_one_and_the_words_agreed_to_are_kept(visit: Visit) -> None:
    with visit.house.db.write() as session:
        session.add(Address(id=new_id(), created_at=NOW, member_id=visit.member_id, kind="phone", value="+15205550133"))
    path = visit.own_page()
    page = visit.client.get(path).get_data(as_text=True)
    assert "…0133" in page
    agrees = "With a tick, or by choosing texts here, you agree to texts from"
    assert agrees in page and "Reply STOP to stop" in page
    sent = fields(page)
    assert not [each for each in sent["comes"] if each.startswith("sms")], "being a member is no consent to texts"
    visit.client.post(path, data=sent | {"comes": [*sent["comes"], "sms journey"]})
    (row,) = visit.ledger()
    assert (row.channel, row.scope, row.opted_in) == ("sms", "journey", True)
    assert agrees in row.evidence
    sent = fields(visit.client.get(path).get_data(as_text=True))
    assert [each for each in sent["comes"] if each.startswith("sms")] == ["sms journey"]
    visit.client.post(path, data=sent | {"comes": [each for each in sent["comes"] if each != "sms journey"]})
    assert not visit.ledger()[-1].opted_in and agrees not in visit.ledger()[-1].evidence


def test_a_phone_that_said_stop_is_told_how_to_undo_it_and_no_tick_does(visit: Visit) -> None:
    phone = "+15205550133"
    with visit.house.db.write() as session:
        session.add(Address(id=new_id(), created_at=NOW, member_id=visit.member_id, kind="phone", value=phone))
        session.add(TextStop(id=new_id(), created_at=NOW, phone=phone, how="text", evidence="STOP"))
    path = visit.own_page()
    page = visit.client.get(path, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Send START to the number they came from" in page
    visit.client.post(path, data=fields(page) | {"comes": ["sms journey"]})
    assert not [row for row in visit.ledger() if row.channel == "sms"]


def test_a_link_too_old_says_so_and_offers_a_new_one(visit: Visit) -> None:
    path = visit.own_page(opens_for=timedelta(minutes=-5))
    for response in (visit.client.get(path), visit.client.post(path), visit.client.post(f"{path}/everything")):
        assert response.status_code == 410
        page = response.get_data(as_text=True)
        assert "no longer opens" in page
        assert 'action="/preferences"' in page
    assert visit.ledger() == []


def test_someone_erased_has_no_page(visit: Visit) -> None:
    path, page = visit.letter(), visit.own_page()
    with visit.house.db.write() as session:
        session.get_one(Member, visit.member_id).erased_at = NOW
    assert visit.client.get(path).status_code == 404
    assert visit.client.get(page).status_code == 410


def test_every_page_is_light_closed_and_without_scripts(visit: Visit) -> None:
    paths = [visit.letter(), visit.own_page(), "/preferences", "/nothing", "/u/x"]
    for path in paths:
        response = visit.client.get(path)
        page = response.get_data(as_text=True)
        files = [visit.client.get(name) for name in re.findall(r'href="(/assets/[^"]+)"', page)]
        assert {file.mimetype for file in files} == {"text/css", "image/svg+xml"}
        assert all(file.status_code == 200 and "immutable" in file.headers["Cache-Control"] for file in files)
        assert len(page.encode()) + sum(len(file.data) for file in files) < 30_000
        assert "<script" not in page
        assert "style=" not in page
        assert not re.search(r'(?:src|href|action)="(?!/)', page)
        headers = response.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in headers


def test_a_database_that_is_away_is_503_and_nothing_is_claimed(visit: Visit) -> None:
    path = visit.letter()
    visit.house.db.close()
    aside = visit.house.path.rename(visit.house.path.with_suffix(".aside"))
    response = visit.client.post(path)
    assert response.status_code == 503
    assert "went wrong on our side" in response.get_data(as_text=True)
    assert visit.client.get("/health").status_code == 503
    visit.house.db.close()
    aside.rename(visit.house.path)
    assert visit.client.post(path).status_code == 200
    assert visit.client.get("/health").get_json() == {"database": True, "mail_door": True}


def test_health_says_when_the_mail_door_is_closed(house: House) -> None:
    client = create_app(house.services, mail_is_open=lambda: house.door.is_open).test_client()
    assert client.get("/health").status_code == 200
    house.door.stop()
    response = client.get("/health")
    assert (response.status_code, response.get_json()) == (503, {"database": True, "mail_door": False})


def test_too_large_a_form_and_a_wrong_method_are_refused_in_words(visit: Visit) -> None:
    assert visit.client.post("/preferences", data={"address": "x" * 50_000}).status_code == 413
    assert visit.client.delete("/preferences").status_code == 405
