"""How long a text is for a carrier, and what is made plain before it is sent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates.segments import cost, measure, parts, plain_signs

WORDS = st.text(st.characters(codec="utf-8"), max_size=700)
GSM = st.text("abcÑ@£ \n€[]{}~^|\\", max_size=700)


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "left"),
    [
        ("", "gsm7", 1, 160),
        ("a" * 160, "gsm7", 1, 0),
        ("a" * 161, "gsm7", 2, 145),
        ("a" * 306, "gsm7", 2, 0),
        ("a" * 307, "gsm7", 3, 152),
        ("€" * 80, "gsm7", 1, 0),
        ("€" * 81, "gsm7", 2, 144),
        ("ñÑ¿¡àéü", "gsm7", 1, 153),
        ("á" * 70, "ucs2", 1, 0),
        ("á" * 71, "ucs2", 2, 63),
        ("🙂" * 35, "ucs2", 1, 0),
        ("🙂" * 36, "ucs2", 2, 62),
    ],
)
def test_a_text_costs_what_a_carrier_counts(text: str, encoding: str, segments: int, left: int) -> None:
    found = measure(text)
    assert (found.encoding, found.segments, found.left) == (encoding, segments, left)


def test_an_escape_pair_that_would_straddle_two_parts_moves_whole_to_the_next() -> None:
    text = "a" * 152 + "€" + "b" * 20
    assert parts(text) == ["a" * 152, "€" + "b" * 20]
    pair = "á" + "b" * 65 + "🙂" + "c" * 10
    assert parts(pair) == ["á" + "b" * 65, "🙂" + "c" * 10]


@given(st.one_of(WORDS, GSM))
def test_the_parts_are_the_text_and_each_has_room(text: str) -> None:
    found, cut = measure(text), parts(text)
    assert "".join(cut) == text
    assert len(cut) == found.segments
    alone, joined = (160, 153) if found.encoding == "gsm7" else (70, 67)
    for part in cut:
        size = sum(2 if sign in "\f^{}\\[~]|€" else 1 for sign in part)
        if found.encoding == "ucs2":
            size = len(part.encode("utf-16-le", "surrogatepass")) // 2
        assert size <= (alone if len(cut) == 1 else joined)


@given(WORDS)
def test_making_signs_plain_twice_changes_nothing_more_and_never_costs_an_encoding(text: str) -> None:
    plain = plain_signs(text)
    assert plain_signs(plain) == plain
    assert not (measure(text).encoding == "gsm7" and measure(plain).encoding == "ucs2")


def test_what_a_word_processor_put_in_is_made_plain_and_what_people_wrote_is_kept() -> None:
    assert plain_signs("“It’s fine” — she said…\u00a0•\u200b ok\r\nbye") == '"It\'s fine" - she said... - ok\nbye'
    assert plain_signs("José y Zoë 🙂") == "José y Zoë 🙂"


def test_what_makes_a_text_dear_is_said_sign_by_sign() -> None:
    found = measure("José: más tarde 🙂, más")
    assert found.outside == ("á", "🙂")
    assert measure("José, ¿mañana?").outside == ()


def test_a_cost_is_exact() -> None:
    assert cost([1, 2, 3], 0.0083) == Decimal("0.0498")
