"""DAILY, WEEKLY, EACH and MENTIONS as a whole first line in answer to a topic's mail choose how topics come."""

from urllib.parse import unquote

import pytest

from engine.chapters.membership import Membership
from engine.outbox.topic_digest import send_digests
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


def test_a_digests_link_answers_its_topic_and_a_plain_answer_goes_to_a_person_alone(square: Square) -> None:
    town = square.town
    square.answers("Jo", "DAILY", to="soup on Thursday?")
    town.house.later(minutes=5)
    square.writes("Kei Sato", "I have a ladder to lend.", "A ladder")
    town.house.later(days=1)
    with town.house.services.db.write() as session:
        assert send_digests(session, town.house.now) == 1
    town.house.send()
    digest = square.mails("Jo")[-1]
    assert str(digest["Subject"]) == "[Duluth] What was said since yesterday"
    body = digest.get_body(("plain",))
    assert body is not None
    [link] = [word for word in body.get_content().split() if word.startswith("mailto:")]
    address, _, subject = link.removeprefix("mailto:").partition("?subject=")

    row = town.answers("Jo", digest, "Mine is longer.", to=address, subject=unquote(subject))
    square.goes_out()
    assert (row.effect, town.thread(row).subject) == ("posted", "A ladder"), row.reason
    assert square.had("Sam", "Mine is longer.")

    row = town.answers("Jo", digest, "Who keeps the keys of the hall?")
    square.goes_out()
    assert town.thread(row).kind == "person" and row.outcome == "thread", row.reason
    assert not square.had("Sam", "keys of the hall")
