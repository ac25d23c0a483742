"""DAILY, WEEKLY, EACH and MENTIONS as a whole first line in answer to a topic's mail choose how topics come."""

import pytest

from engine.chapters.membership import Membership
from reply_router.reading.commands import command
from tests.reply_router.conversation import Town
from tests.reply_router.square import PEOPLE, Square


@pytest.fixture
def square(town: Town) -> Square:
    square = Square(town)
    for name in PEOPLE[1:]:
        town.member(name, "Duluth")
    for name in PEOPLE:
        square.has_written(name)
    square.is_like(default_to="group")
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    return square


def choice(square: Square, name: str) -> str:
    with square.town.house.read() as session:
        return session.get_one(Membership, (square.town.person_id(name), square.town.chapters["Duluth"])).topics_by_mail


def test_a_word_in_answer_to_a_topic_chooses_and_goes_to_nobody(square: Square) -> None:
    for line, wanted in (("WEEKLY", "weekly"), ("Daily.", "daily"), ("menciones", "mentions"), ("EACH", "each")):
        row = square.answers("Jo", line, to="soup on Thursday?")
        assert (row.outcome, row.effect, choice(square, "Jo")) == ("command", "topics", wanted), row.reason
    assert square.had("Jo", "From now on what neighbors write in Duluth comes to you once a week, in one mail")
    assert square.words(square.topics()[-1]) == ["Shall we have soup on Thursday?"]
    assert len(square.mails("Sam")) == 1


def test_nothing_is_chosen_by_what_proves_nothing_or_says_more(square: Square) -> None:
    row = square.answers("Jo", "DAILY", to="soup on Thursday?", from_="mallory@elsewhere.example")
    assert row.effect != "topics" and choice(square, "Jo") == "each"
    assert len(square.mails("Sam")) == 1
    row = square.answers("Jo", "Daily bread is what I can bring.", to="soup on Thursday?")
    assert (row.effect, choice(square, "Jo")) == ("posted", "each")
    assert command("Each of us brings one.") is None
