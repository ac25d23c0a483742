"""Walking one member through a journey, as somebody at a terminal would."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from admin.trying.place import a_place, publish
from admin.trying.walk import Walk, Walker
from journeys.steps import STEP_KINDS
from templates.catalog import our_library
from tests.trying.conftest import script

SHORT = """
slug: short
title: A short way
purpose: To walk.
triggers: joined
re_entry: never
steps:
  - id: which
    do: ask
    by: text
    template: sms/porch/when_to_call
    or_email: porch/hello
    speaks: listen
    signed_by: desk
    question:
      kind: choice
      answers:
        mornings: {label: {en: mornings, es: la mañana}, words: {en: [morning], es: [mañana]}, go: call}
        evenings: {label: {en: evenings, es: la tarde}, words: {en: [evening], es: [tarde]}, go: glad}
      otherwise: glad
    timeout: P1D
    silent: over
  - id: call
    do: hand_off
    to: organizer
    title: Call them
    script: Say hello.
    due: P2D
    outcomes:
      reached: {label: {en: We talked, es: Hablamos}, go: glad}
      not_reached: {label: {en: Nobody was there, es: No estaba}, go: over}
  - {id: glad, do: email, template: porch/glad, speaks: give, signed_by: desk}
  - {id: over, do: end}
"""

Walked = Callable[..., tuple[str, str]]


@pytest.fixture
def walked() -> Iterator[Walked]:
    """Walks the short way with these lines typed; what was printed, and how it ended."""

    def go(*typed: str, walker: Walker | None = None, source: str = SHORT) -> tuple[str, str]:
        lines, told = list(typed), list[str]()

        def ask(prompt: str) -> str | None:
            told.append(prompt)
            return lines.pop(0) if lines else None

        with a_place() as place:
            (journey,) = publish(place, [script(source)], our_library())
            how = Walk(place, journey, walker or Walker(), ask, told.append).run()
        return "\n".join(told), how

    yield go


def in_order(text: str, wanted: Sequence[str]) -> None:
    at = 0
    for each in wanted:
        found = text.find(each, at)
        assert found >= 0, f"{each!r} does not come after {text[max(0, at - 200) : at]!r}\n{text}"
        at = found


def test_a_text_a_recognized_answer_a_task_with_its_outcome_and_a_letter_come_in_order(walked: Walked) -> None:
    said, how = walked("1", "1")
    in_order(said, [
        "== Text, Mon 08 Mar 2027 09:00, from +1404555010", "Reply 1 for mornings",
        "understood as “mornings”", "a task for a person", "Call them", "1. We talked",
        "Whoever did it found: reached", "== Letter", "Subject:",
    ])  # fmt: skip
    assert how == "The journey is over after 0 days: finished."


def test_words_that_are_no_answer_go_to_a_person_who_answers_and_the_journey_goes_on(walked: Walked) -> None:
    said, _ = walked("Call me when the bus has left", "I will, on Friday.")
    in_order(said, ["words for a person", "Maya answers", "They wrote", "I will, on Friday.", "== Letter"])


def test_it_is_read_in_the_language_and_at_the_clock_that_were_chosen(walked: Walked) -> None:
    said, _ = walked("tarde", walker=Walker("es", "America/Puerto_Rico"))
    in_order(said, ["== Text", "1 para la mañana", "understood as “evenings”", "== Letter", "Hola"])
    far, _ = walked(walker=Walker("en", "Asia/Tokyo"))
    in_order(far, ["It is outside texting hours", "== Text, Tue 09 Mar 2027 09:00"])


def test_silence_lets_time_go_on_and_somebody_without_a_phone_gets_the_letter(walked: Walked) -> None:
    said, how = walked(walker=Walker(has_phone=False))
    in_order(said, ["== Letter", "which: asks", "No answer came in time", "(end)"])
    assert "== Text" not in said
    assert how == "The journey is over after 1 days: finished."


def test_a_stop_is_a_stop_here_too_and_quit_ends_the_walk(walked: Walked) -> None:
    said, _ = walked("/stop", walker=Walker(has_email=False))
    in_order(said, ["== Text", "no more texts to them"])
    assert walked("/help", "/quit")[1] == "The walk ends here; the journey does not."


def test_a_journey_with_every_kind_of_step_can_be_walked_to_its_end(walked: Walked) -> None:
    said, how = walked(source=EVERY_KIND, walker=Walker(has_phone=False))
    for kind in STEP_KINDS.values():
        assert f"({kind.name})" in said or kind.name in ("email", "text", "ask", "wait"), kind.name
    assert "over after" in how
    assert {kind.name for kind in STEP_KINDS.values()} == {
        line.partition("do: ")[2].partition(",")[0].strip("} ") for line in EVERY_KIND.splitlines() if "do: " in line
    }


EVERY_KIND = """
slug: every-kind
title: Every kind
purpose: To walk over all kinds of steps.
triggers: joined
re_entry: never
steps:
  - {id: letter, do: email, template: porch/a_story, speaks: give, signed_by: desk}
  - {id: texted, do: text, template: sms/porch/three_ways, or_email: porch/glad, speaks: listen, signed_by: desk}
  - {id: rest, do: wait, for: P2D}
  - id: asked
    do: ask
    template: porch/hello
    speaks: listen
    signed_by: desk
    question: {kind: open, replied: called}
    timeout: P1D
    silent: called
  - {id: called, do: hand_off, to: organizer, title: Call them, script: Say hello., due: P1D}
  - {id: marked, do: tag, add: walked}
  - {id: written, do: set, fact: favourite, value: tea}
  - {id: lot, do: split, ways: [{share: 1, go: turn}, {share: 1, go: turn}]}
  - id: turn
    do: branch
    turns: [{when: {tag: walked}, go: into}]
    else: over
  - {id: into, do: join, chapter: riverside}
  - {id: back, do: jump, to: moved, at_most: 1}
  - {id: moved, do: move, path: belonging, stage: connected, evidence: They walked.}
  - {id: over, do: end}
"""
