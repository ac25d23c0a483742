"""A condition that stands by itself is read, or told with line, column and what to write instead."""

import pytest

from journeys.conditions import AllOf, AnyOf, FactAtLeast, MemberFact, Not, Tagged
from journeys.read import read_condition


def test_all_any_and_not_stand_inside_one_another() -> None:
    text = """
all:
  - any: [{tag: gardener}, {tag: driver}]
  - not: {fact: {name: children, at_least: 2}}
"""
    found = read_condition(text)
    assert found.condition == AllOf(
        (AnyOf((Tagged("gardener"), Tagged("driver"))), Not(MemberFact("children", FactAtLeast(2))))
    )
    assert found.findings == ()


@pytest.mark.parametrize(
    ("text", "place", "says", "fix"),
    [
        ("{tga: gardener}", (1, 2), '"tga" means nothing here', "`tag`"),
        ("all:\n  - tag: gardener\n  - joined_after: two days", (3, 19), "not a length of time", "`P2D`"),
        ("{weekday: someday}", (1, 11), '"someday" is not known here', "`sunday`"),
        ("{fact: {name: children, at_least: many}}", (1, 35), "should be a number", "`2`"),
        ("{fact: {name: children}}", (1, 8), "is missing here", "Write one of them"),
        ("{fact: {name: c, at_least: 1, at_most: 2}}", (1, 40), "exclude each other", "Keep one"),
        ("{dates: {since: 2026-02-30}}", (1, 17), 'There is no "2026-02-30"', "how many days"),
        ("{dates: {}}", (1, 9), "is missing here", "at least one of them"),
        ("{ties: {at_least: 0}}", (1, 19), "whole number from 1", "`1`"),
        ("{consent: phone}", (1, 11), '"phone" is not known here', "`text`"),
        ("{tag: a, role: staff}", (1, 1), "exactly one key", "`tag`"),
        ("{wrote: {words: []}}", (1, 17), "1 to 50 entries", "Add or remove"),
        ("gardener", (1, 1), "keys with values", "`key: value`"),
        ("{answered: {step: hello, answer: tea}}", (1, 19), "There is no step", "`answered_in`"),
        ("{tag: [", (2, 1), "not YAML", "indentation"),
        ("", (1, 1), "", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_write(
    text: str, place: tuple[int, int], says: str, fix: str
) -> None:
    found = read_condition(text)
    assert found.condition is None
    finding = found.findings[0]
    assert (finding.line, finding.column) == place
    assert says in finding.says and fix in finding.fix, finding
    assert finding.says and finding.fix
