"""Taps (D12): filed on the words they quote, in English and Spanish; nobody is due for one, nothing goes on by one.

On a yes or no question a person sees what it probably means.
"""

from datetime import timedelta

import pytest
from sqlalchemy import update

from engine.conversations.question import Question
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from tests.reply_router.texting import ROSA, Phones

ASKED = "Can you help on Thursday?"
PREGUNTA = "¿Puedes ayudar el jueves?"


def tapped(phones: Phones, row: Received) -> list[tuple[str, str, bool]]:
    """(what, probably, taken back) of every tap at the words that this one was filed on."""
    assert (row.outcome, row.effect) == ("thread", "tap")
    return [(tap["what"], tap["probably"], tap["removed"]) for tap in phones.town.message(row).detail["taps"]]


def talk(phones: Phones) -> Thread:
    """Rosa's one conversation."""
    (thread,) = phones.town.threads("Rosa")
    return thread


@pytest.mark.parametrize(
    ("body", "what", "probably"),
    [
        (f"Liked “{ASKED}”", "liked", "yes"),
        (f"Loved “{ASKED[:12]}…”", "loved", "yes"),
        (f"👍 to “{ASKED}”", "👍", "yes"),
        (f"Disliked “{ASKED}”", "disliked", "no"),
        (f"👎 to “{ASKED}”", "👎", "no"),
        (f"Laughed at “{ASKED}”", "laughed", ""),
        (f"Questioned “{ASKED}”", "questioned", ""),
        (f"Removed a like from “{ASKED}”", "liked", ""),
    ],
)
def test_a_tap_on_a_question_says_what_it_probably_means_and_answers_nothing(
    phones: Phones, body: str, what: str, probably: str
) -> None:
    question = phones.asks("Rosa", ASKED)
    assert tapped(phones, phones.texts(ROSA, body)) == [(what, probably, body.startswith("Removed"))]
    assert phones.asked(question).answered_at is None
    assert phones.town.signals("Rosa") == []
    assert phones.town.threads("Rosa") == [], "nobody is due"
    assert phones.ours() == []


@pytest.mark.parametrize(
    ("body", "what", "probably", "removed"),
    [
        (f"Le gustó “{PREGUNTA}”", "liked", "yes", False),
        (f"Le encantó «{PREGUNTA}»", "loved", "yes", False),
        (f"Reaccionó con ❤️ a “{PREGUNTA}”", "❤️", "yes", False),
        (f"No le gustó “{PREGUNTA}”", "disliked", "no", False),
        (f"Le dio risa “{PREGUNTA}”", "laughed", "", False),
        (f'Eliminó un "Me gusta" de “{PREGUNTA}”', "liked", "", True),
    ],
)
def test_a_tap_in_spanish_is_the_same(phones: Phones, body: str, what: str, probably: str, removed: bool) -> None:
    question = phones.asks("Rosa", PREGUNTA)
    assert tapped(phones, phones.texts(ROSA, body)) == [(what, probably, removed)]
    assert phones.asked(question).answered_at is None
    assert phones.town.signals("Rosa") == []


def test_a_person_who_talks_with_them_sees_probably_yes_until_it_is_taken_back(phones: Phones) -> None:
    phones.texts(ROSA, "Is there parking?")
    waits, before = talk(phones).waits_since, talk(phones).answer_due_at
    phones.asks("Rosa", ASKED)
    phones.town.house.later(minutes=5)
    tap = phones.texts(ROSA, f"Liked “{ASKED}”")
    assert "probably yes" in talk(phones).marks
    assert (talk(phones).waits_since, talk(phones).answer_due_at) == (waits, before), (
        "what waited goes on waiting as it did"
    )
    phones.texts(ROSA, f"Disliked “{ASKED}”")
    assert "probably no" in talk(phones).marks
    taken_back = phones.texts(ROSA, f"Removed a dislike from “{ASKED}”")
    assert [each for each in talk(phones).marks if each.startswith("probably")] == []
    assert taken_back.message_id == tap.message_id


def test_a_tap_on_a_picture_stands_at_our_last_words_in_both_languages(phones: Phones) -> None:
    phones.says("Rosa", "Soup is on Thursday at six.")
    phones.town.house.later(minutes=1)
    latest = phones.says("Rosa", "Look at the garden!")
    for body in ("Loved an image", "Le encantó una imagen", "Removed a heart from an image"):
        row = phones.texts(ROSA, body)
        assert row.message_id == latest.id, body
    assert tapped(phones, row) == [("loved", "", False), ("loved", "", False), ("loved", "", True)]


def test_what_is_no_open_yes_or_no_question_has_no_probable_answer(phones: Phones) -> None:
    phones.says("Rosa", "Soup is on Thursday at six.")
    assert tapped(phones, phones.texts(ROSA, "Liked “Soup is on Thursday at six.”")) == [("liked", "", False)]
    over, answered = phones.asks("Rosa", "Will you bring bread?"), phones.asks("Rosa", "Will you bring a bowl?")
    choice = phones.asks("Rosa", "Soup or salad?", "choice", "soup", "salad")
    now = phones.town.house.now
    with phones.town.house.services.db.write() as session:
        session.execute(update(Question).where(Question.id == over.id).values(until_at=now - timedelta(minutes=1)))
        session.execute(update(Question).where(Question.id == answered.id).values(answered_at=now))
    for words in ("Will you bring bread?", "Will you bring a bowl?", "Soup or salad?"):
        assert tapped(phones, phones.texts(ROSA, f"Liked “{words}”")) == [("liked", "", False)], words
    assert phones.asked(choice).answered_at is None


def test_of_two_open_questions_the_one_that_was_tapped_is_meant(phones: Phones) -> None:
    first, second = phones.asks("Rosa", ASKED), phones.asks("Rosa", "And on Friday?")
    row = phones.texts(ROSA, f"Liked “{ASKED}”")
    assert phones.town.message(row).delivery_id == first.delivery_id != second.delivery_id
    assert tapped(phones, row) == [("liked", "yes", False)]


def test_a_tap_on_words_that_we_never_said_reaches_a_person(phones: Phones) -> None:
    phones.says("Rosa", "Soup is on Thursday at six.")
    row = phones.texts(ROSA, "Loved “Parable of the Sower”")
    assert (row.outcome, row.effect) == ("thread", "")
    assert talk(phones).waits_since is not None
