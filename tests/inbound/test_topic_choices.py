"""How much of a chapter's topics comes is chosen on the member's own page, in plain words."""

import re
from datetime import timedelta

import pytest

from engine.base.ids import new_id
from engine.base.tokens import Purpose
from engine.chapters.membership import Membership
from engine.chapters.topic_choice import TopicDigest
from engine.people.address import Address
from engine.people.preference import latest
from tests.inbound.conftest import House
from tests.inbound.test_web import NOW, Visit, fields


@pytest.fixture
def visit(house: House) -> Visit:
    return Visit(house)


def choice(visit: Visit) -> tuple[str, str]:
    with visit.house.db.read() as session:
        row = session.get_one(Membership, (visit.member_id, visit.chapter_id))
        return row.topics_by_mail, row.topics_by_text


def test_each_chapter_has_its_choice_in_words_on_a_small_page_that_needs_no_script(visit: Visit) -> None:
    path = visit.own_page()
    page = visit.client.get(path).get_data(as_text=True)
    assert "What neighbors write in Tucson" in page and "Each one, as it is said" in page
    assert "<script" not in page and len(page) < 30_000
    sent = fields(page)

    visit.client.post(path, data=sent | {f"topics email {visit.chapter_id}": "daily"})

    assert choice(visit) == ("daily", "none") and visit.ledger() == []
    with visit.house.db.read() as session:
        assert session.get(TopicDigest, (visit.member_id, visit.chapter_id, "email")) is not None
    page = visit.client.get(path).get_data(as_text=True)
    assert re.search(r'<option value="daily" selected>', page)
    for nonsense in ("hourly", "", "'; drop"):
        visit.client.post(path, data=sent | {f"topics email {visit.chapter_id}": nonsense})
    assert choice(visit) == ("daily", "none")


def test_choosing_texts_is_a_yes_to_them_in_the_words_that_stand_there(visit: Visit) -> None:
    with visit.house.db.write() as session:
        session.add(Address(id=new_id(), created_at=NOW, member_id=visit.member_id, kind="phone", value="+15205550133"))
    path = visit.own_page()
    sent = fields(visit.client.get(path).get_data(as_text=True))

    visit.client.post(path, data=sent | {f"topics sms {visit.chapter_id}": "mentions"})

    assert choice(visit) == ("each", "mentions")
    (row,) = visit.ledger()
    assert (row.channel, row.scope, row.opted_in) == ("sms", f"chapter:{visit.chapter_id}", True)
    assert "Chose “What neighbors write in Tucson: A text when somebody names me”" in row.evidence
    assert "you agree to texts from" in row.evidence


def test_a_link_out_of_a_letter_lets_less_come_and_never_more(visit: Visit) -> None:
    tokens = visit.house.services.tokens
    delivery_id = tokens.verify(visit.letter("chapter").removeprefix("/u/"), Purpose.UNSUBSCRIBE).subject_id
    until = visit.house.services.clock.now() + timedelta(days=1)
    path = "/p/" + tokens.sign_link(Purpose.PREFERENCES, delivery_id, visit.member_id, until)
    field = f"topics email {visit.chapter_id}"
    sent = fields(visit.client.get(path).get_data(as_text=True))
    visit.client.post(path, data=sent | {field: "weekly"})
    assert choice(visit) == ("weekly", "none")
    assert 'value="each"' not in visit.client.get(path).get_data(as_text=True)
    visit.client.post(path, data=sent | {field: "each"})
    assert choice(visit) == ("weekly", "none")


def test_one_click_ends_the_topics_of_that_chapter_and_of_no_other(visit: Visit) -> None:
    with visit.house.db.read() as session:
        assert latest(session, visit.member_id, "email").keys() == {"all"}
    visit.client.post(visit.letter("chapter"), data={"List-Unsubscribe": "One-Click"})
    assert visit.comes(f"chapter:{visit.chapter_id}", "chapter:1", "journey") == [False, True, True]
    assert choice(visit) == ("each", "none")
