"""The table of steps is the whole truth about which steps there are."""

from typing import get_args

from journeys.conditions import CONDITIONS, AllOf, AnyOf, Leaf, Not
from journeys.read import read
from journeys.steps import STEP_KINDS, Ask, Step


def test_the_table_and_the_type_name_the_same_kinds_of_step() -> None:
    assert tuple(STEP_KINDS) == get_args(Step)
    assert all(kind.record.builds is built for built, kind in STEP_KINDS.items())


def test_the_vocabulary_and_the_type_name_the_same_conditions() -> None:
    assert {option.builds for option in CONDITIONS.options} == {AllOf, AnyOf, Not, *get_args(Leaf)}


def test_an_answer_is_offered_in_the_members_language_else_in_the_first_one_written() -> None:
    answers = "{tea: {label: {en: Tea, es: Té}, words: {en: [tea], es: [té]}}, no: {label: {en: None}, words: [none]}}"
    step = (
        f"{{id: q, do: ask, template: q, speaks: listen, signed_by: desk, timeout: P1D, "
        f"question: {{kind: choice, answers: {answers}}}}}"
    )
    journey = read(f"{{slug: a, title: A, purpose: To try, triggers: by_hand, steps: [{step}]}}").journey
    assert journey is not None
    ask = journey.steps[0]
    assert isinstance(ask, Ask)
    tea = ask.question.answer("tea")
    assert tea is not None and ask.question.answer("coffee") is None
    assert (tea.label_in("es-MX"), tea.label_in("pl")) == ("Té", "Tea")
    assert (tea.words_in("es-MX"), tea.words_in("pl")) == (("té",), ())
