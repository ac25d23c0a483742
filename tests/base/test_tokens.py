"""Signed tokens: they find a row, cannot be guessed or bent, and old keys verify for ever."""

import hashlib
import hmac
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import BadToken
from engine.base.tokens import Purpose, Token, TokenRing

RING = TokenRing({1: b"a" * 32})
NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
ids = st.integers(0, 2**63 - 1)


@given(st.sampled_from(list(Purpose)), ids, ids)
def test_a_token_says_what_it_was_made_of(purpose: Purpose, subject: int, member: int) -> None:
    assert RING.verify(RING.sign(purpose, subject, member), purpose) == Token(purpose, subject, member)


@given(ids, ids)
def test_a_reply_address_fits_a_local_part_with_its_prefix(subject: int, member: int) -> None:
    token = RING.sign(Purpose.REPLY_TO_DELIVERY, subject, member)
    assert len("r-" + token) <= 64
    assert token.isalnum()
    assert token == token.lower()


@given(st.binary(min_size=1, max_size=200), st.text(max_size=300))
def test_a_mark_is_the_hmac_of_rfc_2104_whatever_the_length_of_the_key(key: bytes, text: str) -> None:
    words = text.encode("utf-8", "ignore").decode()
    assert TokenRing({1: key}).mark(words) == hmac.new(key, words.encode(), hashlib.sha256).hexdigest()[:32]


def test_upper_case_and_mixed_case_are_the_same_token() -> None:
    token = RING.sign(Purpose.REPLY_TO_THREAD, 7, 9)
    assert RING.verify(token.upper(), Purpose.REPLY_TO_THREAD).subject_id == 7
    assert RING.verify(token.title(), Purpose.REPLY_TO_THREAD).subject_id == 7


@given(st.integers(0, 47), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_one_changed_letter_spoils_it(place: int, letter: str) -> None:
    token = RING.sign(Purpose.UNSUBSCRIBE, 123456789, 42)
    bent = token[:place] + letter + token[place + 1 :]
    if bent != token:
        with pytest.raises(BadToken):
            RING.verify(bent, Purpose.UNSUBSCRIBE)


@given(st.text(max_size=80))
def test_no_text_is_a_token_by_chance_or_makes_trouble(text: str) -> None:
    with pytest.raises(BadToken):
        RING.verify(text, *Purpose)
    with pytest.raises(BadToken):
        RING.verify_link(text, NOW, *Purpose)


def test_a_token_for_one_purpose_is_worthless_for_another() -> None:
    with pytest.raises(BadToken):
        RING.verify(RING.sign(Purpose.REPLY_TO_DELIVERY, 1, 2), Purpose.UNSUBSCRIBE)


def test_after_a_key_was_changed_old_tokens_still_verify_and_new_ones_use_the_new_key() -> None:
    old = RING.sign(Purpose.REPLY_TO_DELIVERY, 5, 6)
    ring = TokenRing({1: b"a" * 32, 2: b"b" * 32})
    assert ring.verify(old, Purpose.REPLY_TO_DELIVERY).subject_id == 5
    with pytest.raises(BadToken):
        RING.verify(ring.sign(Purpose.REPLY_TO_DELIVERY, 5, 6), Purpose.REPLY_TO_DELIVERY)


def test_a_link_is_good_until_its_minute_and_not_after() -> None:
    link = RING.sign_link(Purpose.PREFERENCES, 1, 2, NOW + timedelta(minutes=30))
    assert RING.verify_link(link, NOW + timedelta(minutes=30), Purpose.PREFERENCES).member_id == 2
    with pytest.raises(BadToken):
        RING.verify_link(link, NOW + timedelta(minutes=32), Purpose.PREFERENCES)


def test_a_link_with_a_later_expiry_written_in_does_not_verify() -> None:
    short = RING.sign_link(Purpose.PREFERENCES, 1, 2, NOW)
    plain = RING.sign(Purpose.PREFERENCES, 1, 2)
    for bent in (plain, short[:29] + "zzzzzzz" + short[36:]):
        with pytest.raises(BadToken):
            RING.verify_link(bent, NOW, Purpose.PREFERENCES)


@pytest.mark.parametrize(
    "bend", [lambda link: link + "=", lambda link: link + "\0", lambda link: link.replace("s", "ſ")]
)
def test_a_link_is_written_in_one_way_only(bend: Callable[[str], str]) -> None:
    link = next(
        link
        for subject in range(1_000)
        if "s" in (link := RING.sign_link(Purpose.CONFIRM, subject, 9, NOW + timedelta(hours=1)))
    )
    assert RING.verify_link(link, NOW, Purpose.CONFIRM).member_id == 9
    with pytest.raises(BadToken):
        RING.verify_link(bend(link), NOW, Purpose.CONFIRM)


def test_a_link_takes_nothing_in_the_bits_that_its_last_letter_has_to_spare() -> None:
    link = RING.sign_link(Purpose.CONFIRM, 7, 9, NOW + timedelta(hours=1))
    good = []
    for letter in "abcdefghijklmnopqrstuvwxyz234567":
        try:
            RING.verify_link(link[:-1] + letter, NOW, Purpose.CONFIRM)
        except BadToken:
            continue
        good.append(letter)
    assert good == [link[-1]]


def test_every_wrong_token_takes_the_same_way_as_any_other() -> None:
    good = RING.sign(Purpose.REPLY_TO_THREAD, 7, 9)
    forged = TokenRing({1: b"b" * 32}).sign(Purpose.REPLY_TO_THREAD, 7, 9)
    elsewhere = TokenRing({9: b"a" * 32}).sign(Purpose.REPLY_TO_THREAD, 7, 9)
    wrong = [good[:-1] + ("b" if good[-1] == "a" else "a"), forged, elsewhere, RING.sign(Purpose.PROBE, 7, 9)]
    way(good)  # what Python looks up at a first call is nobody's way
    ways = {tuple(way(token)) for token in wrong}
    assert len(ways) == 1
    (one,) = ways
    assert "compare_digest" in one and one.count("_code") == 1


def way(token: str) -> list[str]:
    """The functions that the look at this token takes, in order: the clock would tell only of the machine."""
    taken: list[str] = []

    def note(frame: FrameType, event: str, what: Any) -> None:
        if event == "call":
            taken.append(frame.f_code.co_name)
        elif event == "c_call":
            taken.append(what.__name__)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        RING.verify(token, Purpose.REPLY_TO_THREAD)
    except BadToken:
        pass
    finally:
        sys.setprofile(before)
    return taken
