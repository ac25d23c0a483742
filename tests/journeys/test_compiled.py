"""The stored form is plain JSON, comes back equal, and never changes its meaning."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from journeys.compiled import FORMAT, UnknownFormat, compiled, fingerprint, journey_of
from journeys.model import Journey
from journeys.read import read
from journeys.write import write
from tests.examples import examples
from tests.journeys.random_journeys import journeys

STORED = Path(__file__).parent / "stored"


@given(journeys())
@settings(max_examples=examples(25, 300), deadline=None)
def test_every_journey_comes_back_from_its_stored_form(journey: Journey) -> None:
    stored = json.loads(json.dumps(compiled(journey)))
    assert journey_of(stored) == journey
    assert compiled(journey_of(stored)) == stored


@given(journeys())
@settings(max_examples=examples(25, 300), deadline=None)
def test_every_journey_comes_back_from_the_yaml_it_is_written_as(journey: Journey) -> None:
    draft = read(write(journey))
    assert draft.findings == ()
    assert draft.journey == journey


def test_the_stored_form_speaks_of_steps_by_index_and_of_time_in_seconds() -> None:
    text = "{slug: a, title: A, purpose: To try, triggers: by_hand, steps: [%s]}"
    journey = read(
        text % "{id: one, do: wait, for: P1DT1M, go: three}, {id: two, do: end}, {id: three, do: end}"
    ).journey
    assert journey is not None
    stored = compiled(journey)
    assert stored["format"] == FORMAT
    assert stored["steps"][0] == {"do": "wait", "id": "one", "go": 2, "for": 86_460}


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_a_version_stored_long_ago_still_means_the_same(path: Path) -> None:
    stored = json.loads(path.read_text(encoding="utf-8"))
    journey = read(path.with_suffix(".yaml").read_text(encoding="utf-8")).journey
    assert journey is not None
    assert journey_of(stored) == journey


def test_a_form_of_the_future_is_refused_in_words() -> None:
    with pytest.raises(UnknownFormat, match="reads format 1"):
        journey_of({"format": 99})


def test_equal_words_have_equal_fingerprints_and_other_words_others() -> None:
    text = "{slug: a, title: %s, purpose: To try, triggers: by_hand, steps: [{id: x, do: end}]}"
    first, again, other = (read(text % title).journey for title in ("A", '"A"', "B"))
    assert first is not None and again is not None and other is not None
    assert fingerprint(first) == fingerprint(again) != fingerprint(other)
