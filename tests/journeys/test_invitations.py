"""A move on a path rests on an invitation that was accepted, or on somebody's own words."""

import pytest

from tests.journeys.test_check import CALL, HELLO, REST, found, question

ASK = question("{'yes': {}, 'no': {}}", "yes_no")
TASK = (
    "- {id: visit, do: hand_off, to: desk, title: Visit, script: Go., due: P2D, "
    "outcomes: {met: {label: Met, note: required}, away: {label: Away}}}\n"
)


def moving(stage: str, path: str = "belonging", more: str = "") -> str:
    return f"- {{id: up, do: move, path: '{path}', stage: {stage}, evidence: So it is.{more}}}\n"


def led(step: str, answer: str) -> str:
    return moving("leading", more=f", accepted: {{step: {step}, answer: {answer}}}")


def heard(where: str) -> str:
    return moving("listening", "outlook:transit", f", said: {{step: {where}}}")


@pytest.mark.parametrize(
    ("rule", "key", "steps"),
    [
        ("no_invitation", "steps.up.stage", CALL + moving("active")),
        ("no_invitation", "steps.up.stage", CALL + moving("leading")),
        ("no_invitation", "steps.up.stage", ASK + CALL + moving("leading", more=", said: {step: q, answer: 'yes'}")),
        ("no_words", "steps.up.path", CALL + moving("listening", "outlook:transit")),
        ("unknown_answer", "steps.up.accepted.step", HELLO + REST + CALL + led("hello", "'yes'")),
        ("unknown_answer", "steps.up.accepted.answer", ASK + CALL + led("q", "gladly")),
        ("unknown_answer", "steps.up.said.answer", TASK + heard("visit, answer: gone")),
        ("no_note", "steps.up.said.step", TASK + heard("visit")),
        ("no_note", "steps.up.accepted.step", TASK + led("visit", "away")),
    ],
)  # fmt: skip
def test_a_move_that_rests_on_nothing_is_found(rule: str, key: str, steps: str) -> None:
    assert [(finding.rule, finding.key) for finding in found(steps)] == [(rule, key)]


@pytest.mark.parametrize(
    "steps",
    [
        ASK + CALL + moving("leading", more=", accepted: {step: q, answer: 'yes'}"),
        TASK + moving("active", more=", accepted: {step: visit, answer: met}"),
        ASK + CALL + moving("listening", "outlook:transit", ", said: {step: q}"),
        TASK + moving("listening", "outlook:transit", ", said: {step: visit, answer: met}"),
        CALL + moving("resting"),
        CALL + moving("connected"),
    ],
)
def test_a_move_that_rests_on_an_answer_or_leads_to_rest_is_fine(steps: str) -> None:
    assert found(steps) == []
