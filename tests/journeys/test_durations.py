"""Lengths of time are read, written and said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.durations import read_duration, say_duration, write_duration


@pytest.mark.parametrize(
    ("text", "length", "said"),
    [
        ("P2D", timedelta(days=2), "2 days"),
        ("PT1M", timedelta(minutes=1), "1 minute"),
        ("PT36H", timedelta(hours=36), "1 day and 12 hours"),
        ("P1DT12H", timedelta(hours=36), "1 day and 12 hours"),
        ("P2W", timedelta(days=14), "2 weeks"),
        ("P10D", timedelta(days=10), "10 days"),
        ("PT90M", timedelta(minutes=90), "1 hour and 30 minutes"),
    ],
)
def test_a_length_is_read_and_said(text: str, length: timedelta, said: str) -> None:
    assert read_duration(text) == length
    assert say_duration(length) == said


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P0D", "PT0M", "2D", "p2d", "P1M", "P1Y", "P2DT", "-P2D", "P2D\n", "PT30S", "P1W2D", "P²D"]
)
def test_what_is_no_length_is_refused(text: str) -> None:
    assert read_duration(text) is None


@given(st.integers(1, 9999 * 24 * 60))
def test_every_length_reads_back_as_written(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert read_duration(write_duration(length)) == length
