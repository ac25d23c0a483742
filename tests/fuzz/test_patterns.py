"""Every regular expression that strangers' words may meet takes time in step with their length.

Up to a quarter of a megabyte, and to a whole one in the long form.
"""

import os
import re

import pytest

from tests.fuzz.growth import CAPPED, wrong_with
from tests.fuzz.patterns import Found, patterns

THOROUGH = bool(os.environ.get("HEARTHLINE_LONG"))


def test_no_pattern_grows_faster_than_what_it_reads() -> None:
    every = patterns()
    assert len(every) > 100
    wrong = {found.name: said for found in every if (said := wrong_with(found, THOROUGH))}
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())


def test_patterns_are_found_in_modules_containers_and_calls_with_what_they_are_used_for() -> None:
    names = {found.name: found.methods for found in patterns(["reply_router.reading", "engine.base"])}
    assert names["engine.base.redaction._ADDRESS"] == {"sub"}
    assert "engine.base.redaction._PHONES.1" in names
    assert any(re.search(r"reply_router\.reading\.texts\.\d+\.re\.sub", name) for name in names)
    for begins in CAPPED:
        assert any(name.startswith(begins) for name in names), f"{begins} is gone: so should its cap be"


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(a+)+b", "match"),
        (r"(?:a|aa)+$", "fullmatch"),
        (r"\s*>?\s*x:", "match"),
        (r"[^.?]*\?", "search"),
        (r"\d+\.0", "sub"),
        (r"\s+$", "sub"),
        (r'\s*(?:"[^"]*"|[^"<>]*)\s*<x>', "match"),
        (r"\w(?:[ .\-_*]+\w)+", "fullmatch"),
    ],
)
def test_a_pattern_that_grows_with_the_square_or_worse_is_seen(pattern: str, method: str) -> None:
    assert wrong_with(Found("planted", re.compile(pattern, re.DOTALL), frozenset({method})), thorough=False)


def test_a_plain_pattern_is_no_trouble() -> None:
    assert not wrong_with(Found("planted", re.compile(r"\s*+>?\s*+x: ?\S", re.IGNORECASE), frozenset({"match"})), False)
