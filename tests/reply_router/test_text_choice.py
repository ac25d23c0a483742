"""DAILY, MENTIONS, EACH and NONE by text choose how much of a chapter's topics comes to a phone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.chapters.membership import Membership, join
from engine.outbox.delivery import Delivery
from engine.people.text_stop import stopped_phones
from tests.reply_router.square import PEOPLE, Square
from tests.reply_router.test_topics_by_text import begun, texts
from tests.reply_router.texting import KEI, NOBODY, Phones


@pytest.fixture
def square(phones: Phones) -> Square:
    town = phones.town
    square = Square(town, phones)
    for name in PEOPLE[1:]:
        town.member(name, "Duluth")
    for name in PEOPLE:
        square.has_written(name)
    square.is_like(default_to="group")
    return square


def chosen(square: Square, chapter: str = "Duluth") -> str:
    with square.town.house.read() as session:
        key = (square.town.person_id("Kei"), square.town.chapters[chapter])
        return session.get_one(Membership, key).topics_by_text


def told(square: Square) -> str:
    """What the last text to Kei says."""
    with square.town.house.read() as session:
        query = (
            select(Delivery).where(Delivery.channel == "sms", Delivery.to_address == KEI).order_by(Delivery.id.desc())
        )
        last = session.scalars(query.limit(1)).one()
        return str((last.data or {}).get("post", {}).get("says", ""))


@pytest.mark.parametrize(
    ("words", "wanted", "says"),
    [
        ("DAILY", "daily", "one short text a day"),
        ("Mentions.", "mentions", "when somebody names you"),
        ("Daily Duluth", "daily", "in Duluth. NONE DULUTH ends it."),
        ("diario", "daily", "NONE DULUTH"),
        ("EACH DULUTH", "both", "and one when somebody names you"),
        ("quiet", "none", ""),
    ],
)
def test_a_word_by_text_chooses_and_the_room_is_named(square: Square, words: str, wanted: str, says: str) -> None:
    row = texts(square, KEI, words)
    assert row == ("command", "topics", "topics_choice") and chosen(square) == wanted
    assert "Duluth" in told(square) and says in told(square)
    if wanted != "none":
        assert square.phones is not None
        chapter = square.town.chapters["Duluth"]
        assert square.phones.ledger("Kei")[-1] == (f"chapter:{chapter}", True, "text")


def test_who_is_in_several_rooms_is_asked_which_and_says_it_by_name(square: Square) -> None:
    town = square.town
    with town.house.services.db.write() as session:
        join(session, town.person_id("Kei"), town.chapters["Atlanta"], town.house.now)
    assert texts(square, KEI, "DAILY") == ("command", "", "topics_choice")
    assert "Which one?" in told(square) and "DAILY Atlanta" in told(square) and "DAILY Duluth" in told(square)
    assert chosen(square) == chosen(square, "Atlanta") == "none"
    assert texts(square, KEI, "DAILY Atlanta")[1] == "topics" and chosen(square, "Atlanta") == "daily"
    assert chosen(square) == "none" and "in Atlanta" in told(square)
    begun(square)
    assert texts(square, KEI, "ALL") == ("command", "topics", "topics_choice"), "the room of the last text"
    assert (chosen(square), chosen(square, "Atlanta")) == ("both", "daily")


def test_a_bare_word_to_a_person_or_a_question_is_their_answer(square: Square) -> None:
    assert square.phones is not None
    for word in ("all", "none", "both", "Each."):
        assert texts(square, KEI, word)[2] != "topics_choice", "nobody wrote to them of a topic"
    square.town.house.later(days=4)
    square.phones.asks("Kei", "How often do you cook?", "choice", "daily", "never")
    assert texts(square, KEI, "daily")[2] == "answer" and chosen(square) == "none"
    square.phones.texts(KEI, "Is somebody there?")
    assert texts(square, KEI, "Mentions")[2] == "open", "they are talking with a person"
    assert texts(square, KEI, "Daily bread is what I bring")[2] == "open" and chosen(square) == "none"


def test_nobody_else_chooses_anything(square: Square) -> None:
    assert texts(square, NOBODY, "DAILY DULUTH")[2] == "anybody"
    assert texts(square, KEI, "DAILY ATLANTA")[2] != "topics_choice", "they are not in it"
    texts(square, KEI, "STOP")
    square.town.house.later(days=4)
    assert texts(square, KEI, "DAILY DULUTH")[2] != "topics_choice", "no text may go there"
    with square.town.house.read() as session:
        assert stopped_phones(session, [KEI])[KEI] <= square.town.house.now - timedelta(days=4)
