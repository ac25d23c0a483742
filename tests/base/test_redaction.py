"""Redaction: what must not stand in a log does not, and what an operator needs does."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.redaction import MOST, Redaction, redacted
from engine.base.tokens import Purpose, TokenRing


@pytest.mark.parametrize(
    "text",
    [
        "no such user dana.marsh@mail.example here",
        "RCPT TO:<dana.marsh@mail.example>",
        "mailto:dana.marsh%40mail.example?x",
        '"dana marsh"@mail.example was refused',
        "dana.marsh@xn--mnchen-3ya.example",
        "cut off in the middle: dana.marsh@mai",
        "dana.marsh@",
        "(dana.marsh@mail.example)",
        "KeyError: 'dana.marsh@mail.example'",
    ],
)
def test_an_address_is_taken_out(text: str) -> None:
    assert "dana" not in redacted(text)
    assert "marsh" not in redacted(text)


@pytest.mark.parametrize(
    "phone",
    [
        "+14045550123", "+1 404 555 0123", "+1 (404) 555-0123", "(404) 555-0123", "404-555-0123", "404.555.0123",
        "1-404-555-0123", "4045550123", "14045550123", "To=%2B14045550123", "+49 151 2345 0123", "+52 1 55 1234 0123",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "call {} now", "'{}'", "to={}&x=1", "<{}>", "Key (value)=({}) exists"])
def test_a_phone_number_is_taken_out(phone: str, around: str) -> None:
    assert "0123" not in redacted(around.format(phone))


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2canary",
        "'auth_token': 'hunter2canary'",
        '{"api_key": "hunter2canary"}',
        "Authorization: Basic hunter2canary",
        "Authorization: Bearer hunter2canary",
        "Cookie: hearthline_admin=hunter2canary",
        "postgresql://hearthline:hunter2canary@db.internal/hearthline",
        "redis://:hunter2canary@10.0.0.2:6379/0",
        "GET /p/aeaqibqcayeamcaaaahunter2canaryaa234567bcdefghijk",
        "DETAIL:  Failing row contains (1, hunter2canary, 2026-11-28).",
        "Body=hunter2canary&NumMedia=0",
        "{'Body': 'well, hunter2canary it is'}",
    ],
)
def test_secrets_and_words_are_known_by_their_name_or_shape(text: str) -> None:
    assert "hunter2canary" not in redacted(text)


def test_no_token_of_ours_stays_however_few_digits_it_happens_to_hold() -> None:
    ring, until = TokenRing({1: b"k" * 32}), datetime(2026, 5, 3, tzinfo=UTC)
    tokens = [
        token
        for number in range(1_500)
        for token in (
            ring.sign(Purpose.UNSUBSCRIBE, number << 40, number << 41),
            ring.sign_link(Purpose.PREFERENCES, number << 40, number << 41, until),
        )
    ]
    assert [each for each in tokens if each in redacted(f"GET /p/{each} failed")] == []


@pytest.mark.parametrize(
    "text",
    [
        "routed row 914480691549384704 at 2026-11-28T11:42:04.123456Z",
        'File "/srv/hearthline/.venv/lib/python3.11/site-packages/sqlalchemy/engine/base.py", line 1967, in _exec',
        "sent as SM0123456789abcdef0123456789abcdef",
        "a_figure_that_is_away_and_not_an_error",
        "took 12.34 s for 500 rows from 203.0.113.9 port 48211",
        "ValueError: the journey porch/welcome has no step 4",
        "    @contextmanager",
        "UnicodeTranslateErrorOfWords in ix_template_version_template_id_language_2",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redacted(text) == text


def test_fields_are_known_by_name_in_any_depth() -> None:
    event = Redaction(["a secret value"])(
        None,
        "info",
        {
            "event": "said",
            "password": "x",
            "reply_token": 17,
            "body": "Dear Dana, the well is dry",
            "raw": b"From: dana@mail.example",
            "data": {"to": ["dana@mail.example", {"text": "the well is dry"}], "dana@mail.example": 1},
            "error": ValueError("it is a secret value"),
            "count": 3,
            "row_id": 914480691549384704,
        },
    )
    shown = repr(event)
    assert "dana" not in shown and "well" not in shown and "secret value" not in shown
    assert event["password"] == event["reply_token"] == "…"
    assert (event["count"], event["row_id"], event["event"]) == (3, 914480691549384704, "said")


def test_something_that_cannot_be_shown_breaks_nothing() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("dana@mail.example")

    assert Redaction()(None, "info", {"what": Broken()}) == {"what": "<Broken>"}


@given(st.text(max_size=300))
def test_any_text_is_redacted_without_an_error_and_a_second_time_changes_nothing_secret(text: str) -> None:
    assert "dana.marsh@mail.example" not in redacted(f"{text} dana.marsh@mail.example {text}")


@pytest.mark.parametrize("place", range(-30, 30, 3))
def test_a_long_text_is_cut_between_words_so_that_no_half_address_is_left(place: int) -> None:
    address = "dana.marsh@mail.example"
    for edge in (MOST // 4, 5 * MOST - MOST * 3 // 4):
        filler = "x " * (5 * MOST // 2)
        at = edge + place
        cut = redacted(filler[:at] + f" {address} " + filler[at + len(address) + 2 :])
        assert "dana" not in cut and "marsh" not in cut and len(cut) <= MOST + 10


@pytest.mark.parametrize(
    "bomb",
    ["a", "a@", "+1 ", "a.", "(", "token=", '"', "http://", "Key (", " ", "1", "+", "password-", "body", "%40", "\n"],
)
def test_no_text_takes_long(bomb: str) -> None:
    began = time.thread_time()
    redacted(bomb * (1_000_000 // len(bomb)))
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("bomb", ["a", "a@", "+1 ", "(", "token=", '"', " ", "1", "body:", "http://"])
def test_twice_the_text_takes_about_twice_the_time(bomb: str) -> None:
    def taken(length: int) -> float:
        text = (bomb * length)[:length]
        best = float("inf")
        for _ in range(5):
            began = time.thread_time()
            for _ in range(10):
                redacted(text)
            best = min(best, time.thread_time() - began)
        return best

    assert taken(8_000) / max(taken(1_000), 1e-5) < 32, "eight times the text: eight times the time, not sixty-four"
