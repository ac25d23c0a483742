"""What changed between two versions of a journey, as staff read it."""

import pytest

from journeys.changes import changes
from journeys.model import Journey
from journeys.read import read

BEFORE = """\
slug: soup
title: Soup
purpose: To bring people to the soup.
triggers: joined
steps:
  - id: hello
    do: email
    template: t/hello
    speaks: give
    signed_by: desk
  - id: a_week
    do: wait
    for: P7D
  - id: call
    do: hand_off
    to: desk
    title: Call them
    script: Say hello.
    due: P2D
  - id: over
    do: end
"""
TEXTS = {"t/hello": {"en": 1, "es": 2}}


def journey(yaml: str) -> Journey:
    draft = read(yaml)
    assert draft.journey is not None, draft.findings
    return draft.journey


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Soup\n", "title: Soup for all\n", ["It is called “Soup for all” now, and was “Soup”."]),
        ("bring people to", "feed", ["It says it is for: To feed the soup."]),
        (
            "triggers: joined\n",
            "triggers: by_hand\n",
            ["Begins when a person puts somebody on it; for the same person once only."],
        ),
        (
            "for: P7D",
            "for: P3D",
            ["The step “a week” was: waits 1 week, then “call”. Now it waits 3 days, then “call”."],
        ),
        ("Say hello.", "Say hello, and listen.", ["In the step “call” something else is written now: script."]),
        ("# none", "", []),
    ],
)
def test_each_change_is_one_sentence(old: str, new: str, said: list[str]) -> None:
    assert list(changes(journey(BEFORE), journey(BEFORE.replace(old, new)), TEXTS, TEXTS)) == said


def test_a_step_that_comes_and_one_that_goes_are_told_with_what_they_do() -> None:
    after = BEFORE.replace("  - id: a_week\n    do: wait\n    for: P7D\n", "  - id: mark\n    do: tag\n    add: soup\n")
    said = changes(journey(BEFORE), journey(after), TEXTS, TEXTS)
    assert said == (
        "The step “a week” is gone: it waits 1 week, then “call”.",
        'The step “mark” is new: it adds the tag "soup", then “call”.',
        "The step “hello” was: sends the letter t/hello (give), signed by the team's desk, then “a week”. "
        "Now it sends the letter t/hello (give), signed by the team's desk, then “mark”.",
    )


def test_other_words_in_a_letter_are_told_with_what_follows_for_whoever_lent_their_name() -> None:
    one = journey(BEFORE)
    assert changes(one, one, TEXTS, {"t/hello": {"en": 3, "es": 2}}) == (
        "t/hello has other words (en): whoever lent it their name is asked again.",
    )
    assert changes(one, one, {"t/hello": {"en": 1}}, TEXTS) == ("t/hello is written in another language too (es).",)
