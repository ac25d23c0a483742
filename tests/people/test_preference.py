"""What a page says comes is what the gate lets through."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbox.classes import CLASSES
from engine.outbox.gate import Allow, Facts, Limits, judge, scope_of
from engine.people.consent import EVERYTHING
from engine.people.preference import Standing, lets_come

NOW = datetime(2026, 3, 4, 17, tzinfo=UTC)
SCOPES = (EVERYTHING, "journey", "chapter:7", "broadcast", "digest", "reminders")
#: The classes a member may choose about.
CHOSEN = ("journey", "chapter", "broadcast", "invitation", "digest", "service")

words = st.dictionaries(
    st.sampled_from(SCOPES),
    st.builds(lambda yes, hours: Standing(yes, NOW - timedelta(hours=hours)), st.booleans(), st.integers(1, 5)),
)


@given(words, st.sampled_from(CHOSEN))
def test_the_page_and_the_gate_agree(said: dict[str, Standing], name: str) -> None:
    scope = scope_of(CLASSES[name], 7)
    facts = Facts(
        message_class=CLASSES[name],
        channel="email",
        address="rosa@mail.example",
        chapter_id=7,
        standings={each: Standing(word.opted_in, word.at) for each, word in said.items()},
    )
    assert lets_come(scope, said) == isinstance(judge(facts, Limits(), NOW), Allow)


YES, NO, LATER_YES = Standing(True, NOW), Standing(False, NOW), Standing(True, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("said", "scope", "comes"),
    [
        ({}, "journey", False),
        ({}, "chapter:7", True),
        ({EVERYTHING: YES}, "journey", True),
        ({EVERYTHING: YES, "journey": NO}, "journey", False),
        ({EVERYTHING: NO}, "chapter:7", False),
        ({EVERYTHING: NO, "journey": YES}, "journey", False),
        ({EVERYTHING: NO, "journey": LATER_YES}, "journey", True),
        ({EVERYTHING: NO, "journey": LATER_YES}, "digest", False),
        ({EVERYTHING: YES}, EVERYTHING, True),
        ({}, EVERYTHING, False),
    ],
)
def test_the_newest_word_counts(said: dict[str, Standing], scope: str, comes: bool) -> None:
    assert lets_come(scope, said) is comes
