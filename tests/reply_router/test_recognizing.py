"""Which words are an answer, which are an answer and more, and which a person has to understand."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conversations.question import Question
from journeys.vocabulary import QuestionKind
from reply_router.answers import HANDLERS, recognize
from reply_router.answers.words import Heard, adds_nothing

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CHOICE = [
    {"name": "neighbors", "label": "Meet neighbors nearby", "words": ["meet", "meet neighbors", "neighbors"]},
    {"name": "lend_a_hand", "label": "Lend a hand", "words": ["lend a hand", "a hand", "volunteer"]},
    {"name": "just_read", "label": "Just read for now", "words": ["read", "just read", "not now", "later"]},
]
SPANISH = [
    {"name": "neighbors", "label": "Conocer a mis vecinos", "words": ["conocer", "vecinos"]},
    {"name": "just_read", "label": "Por ahora, solo leer", "words": ["leer", "solo leer", "ahora no", "más tarde"]},
]


def question(kind: str, answers: list[object]) -> Question:
    return Question(id=1, created_at=NOW, member_id=1, kind=kind, answers=answers, delivery_id=1, until_at=NOW)


ONLY: tuple[tuple[str, list[Any], str, str], ...] = (
    ("choice", CHOICE, "Lend a hand", "lend_a_hand"),
    ("choice", CHOICE, "lend a hand!", "lend_a_hand"),
    ("choice", CHOICE, "LEND A HAND", "lend_a_hand"),
    ("choice", CHOICE, "“Lend a hand”", "lend_a_hand"),
    ("choice", CHOICE, "lend_a_hand", "lend_a_hand"),
    ("choice", CHOICE, "2", "lend_a_hand"),
    ("choice", CHOICE, "2)", "lend_a_hand"),
    ("choice", CHOICE, "Number 2, please.", "lend_a_hand"),
    ("choice", CHOICE, "Hi Maya,\n\nI'd like to lend a hand, please. Thank you!\n\nRosa", "lend_a_hand"),
    ("choice", CHOICE, "Just read for now.\nBest,\nRosa Marin", "just_read"),
    ("choice", CHOICE, "later", "just_read"),
    ("choice", CHOICE, "Meet neighbors nearby 🙂", "neighbors"),
    ("choice", CHOICE, "2. Lend a hand", "lend_a_hand"),
    ("choice", SPANISH, "Hola Lucía, me gustaría conocer a mis vecinos. ¡Gracias!", "neighbors"),
    ("choice", SPANISH, "Mas tarde, gracias", "just_read"),
    ("choice", SPANISH, "por ahora solo leer", "just_read"),
    ("yes_no", [], "yes", "yes"),
    ("yes_no", [], "Yes please!", "yes"),
    ("yes_no", [], "Sí, claro", "yes"),
    ("yes_no", [], "No, thank you.", "no"),
    ("yes_no", [], "nope", "no"),
    ("choice", CHOICE, "two", "lend_a_hand"),
    ("choice", CHOICE, "Dos", "lend_a_hand"),
    ("choice", CHOICE, "2.", "lend_a_hand"),
    ("choice", CHOICE, "la 2", "lend_a_hand"),
    ("choice", CHOICE, "La dos, gracias", "lend_a_hand"),
    ("choice", CHOICE, "la segunda", "lend_a_hand"),
    ("choice", CHOICE, "the second one please", "lend_a_hand"),
    ("choice", CHOICE, "opción 2", "lend_a_hand"),
    ("choice", CHOICE, "#2", "lend_a_hand"),
    ("choice", CHOICE, "2\ufe0f\u20e3", "lend_a_hand"),
    ("choice", CHOICE, "Lend a hand 👍🏽", "lend_a_hand"),
    ("yes_no", [], "sí", "yes"),
    ("yes_no", [], "¡Claro que sí!", "yes"),
    ("yes_no", [], "Sí, por favor", "yes"),
    ("yes_no", [], "👍", "yes"),
    ("yes_no", [], "👍🏿👍🏿", "yes"),
    ("yes_no", [], "👎", "no"),
    ("yes_no", [], "no gracias", "no"),
    ("yes_no", [], "No, gracias. 🙏", "no"),
    ("yes_no", [{"name": "yes", "words": ["gladly"]}, {"name": "no"}], "Gladly.", "yes"),
)
MORE: tuple[tuple[str, list[Any], str, str], ...] = (
    ("choice", CHOICE, "Lend a hand. I have a truck.", "lend_a_hand"),
    ("choice", CHOICE, "Lend a hand, but only after the harvest", "lend_a_hand"),
    ("choice", CHOICE, "Lend a hand. I have two kids.", "lend_a_hand"),
    ("choice", CHOICE, "2\n\nAlso, my mother died last week.", "lend_a_hand"),
    ("yes_no", [], "Yes, and can my kids come?", "yes"),
    ("yes_no", [], "No. You mailed me four times about a potluck.", "no"),
)
FOR_A_PERSON: tuple[tuple[str, list[Any], str], ...] = (
    ("choice", CHOICE, ""),
    ("choice", CHOICE, "I'd rather not lend a hand"),
    ("choice", CHOICE, "What do you mean by lend a hand?"),
    ("choice", CHOICE, "Lend a hand?"),
    ("choice", CHOICE, "Lend a hand, or meet neighbors"),
    ("choice", CHOICE, "1 and 2"),
    ("choice", CHOICE, "1, 2"),
    ("choice", CHOICE, "4"),
    ("choice", CHOICE, "2 kids and a dog"),
    ("choice", CHOICE, "👍"),
    ("choice", CHOICE, "two of them"),
    ("choice", CHOICE, "one or two"),
    ("yes_no", [], "👍 or 👎"),
    ("choice", CHOICE, "Later this year my lease ends and I do not know where to go"),
    ("choice", CHOICE, "read your letter, it made me cry"),
    ("choice", CHOICE, "Thanks!"),
    ("choice", CHOICE, "My sister would. Lend a hand."),
    ("choice", CHOICE, "{{ lend_a_hand }} <script>"),
    ("choice", SPANISH, "¿Leer qué?"),
    ("yes_no", [], "yes and no"),
    ("yes_no", [], "Yes. No. I don't know."),
    ("yes_no", [], "no problem"),
    ("yes_no", [], "not yes"),
    ("yes_no", [], "ok"),
    ("open", [], "yes"),
    ("ranked", [{"name": "yes"}], "yes"),
)
NAMES = ("Rosa Marin", "Maya Torres", "Lucía Romero")


@pytest.mark.parametrize(("kind", "answers", "text", "name"), ONLY, ids=[row[2] for row in ONLY])
def test_nothing_but_the_answer(kind: str, answers: list[object], text: str, name: str) -> None:
    assert recognize(question(kind, answers), text, NAMES) == Heard(name, more=False)


@pytest.mark.parametrize(("kind", "answers", "text", "name"), MORE, ids=[row[2] for row in MORE])
def test_the_answer_and_more_words(kind: str, answers: list[object], text: str, name: str) -> None:
    assert recognize(question(kind, answers), text, NAMES) == Heard(name, more=True)


@pytest.mark.parametrize(("kind", "answers", "text"), FOR_A_PERSON, ids=[row[2] or "nothing" for row in FOR_A_PERSON])
def test_words_for_a_person(kind: str, answers: list[object], text: str) -> None:
    assert recognize(question(kind, answers), text, NAMES) is None


def test_every_kind_of_question_a_journey_may_ask_has_a_handler() -> None:
    # Which of two questions somebody answers is asked by the router itself, and by no journey.
    assert set(HANDLERS) == {str(kind) for kind in QuestionKind} | {"which"}


def test_a_wording_that_two_answers_share_means_neither() -> None:
    answers: list[object] = [{"name": "a", "words": ["sure"]}, {"name": "b", "words": ["sure", "never"]}]
    assert recognize(question("choice", answers), "sure") is None
    assert recognize(question("choice", answers), "never") == Heard("b", more=False)


@given(st.text(max_size=500))
def test_any_text_is_an_offered_answer_or_none(text: str) -> None:
    for kind, answers in (("choice", CHOICE), ("yes_no", []), ("open", [])):
        heard = recognize(question(kind, list(answers)), text, NAMES)
        assert heard is None or heard.name in {"yes", "no", *(each["name"] for each in CHOICE)}


@given(
    st.sampled_from(["Lend a hand", "2", "volunteer"]), st.from_regex(r"[a-z]{4,12}( [a-z]{3,9}){0,5}", fullmatch=True)
)
def test_no_word_is_added_to_an_answer_unseen(answer: str, words: str) -> None:
    heard = recognize(question("choice", list(CHOICE)), f"{answer} {words}", ())
    assert heard is None or heard.more or recognize(question("choice", list(CHOICE)), words, ()) or _is_courtesy(words)


def _is_courtesy(words: str) -> bool:
    return adds_nothing(words)
