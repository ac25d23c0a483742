"""The table of the provider's errors: every rule is one that the courier can follow."""

import pytest

from engine.base.services import NotSent
from engine.channels.sms_failures import TABLE, Effect, Row, breaks, from_answer, from_exception, row_of


@pytest.mark.parametrize("row", TABLE.values(), ids=str)
def test_a_rule_is_whole(row: Row) -> None:
    assert row.page == f"https://www.twilio.com/docs/api/errors/{row.code}"
    assert row.why and not row.why.endswith(".") and row.why == " ".join(row.why.split())
    # A phone that is off for good, or that stopped us, is never tried again, and tells nothing of the provider.
    if row.effect in (Effect.OPTED_OUT, Effect.NUMBER_OFF):
        assert row.permanent and row.about == "address" and not row.breaks and not row.again
    if row.again:
        assert not row.permanent
    if row.breaks:
        assert row.about == "way"


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        (21610, Effect.OPTED_OUT), (30034, Effect.STOP_ALL), (30007, Effect.SLOW_DOWN), (30005, Effect.NUMBER_OFF),
        (30006, Effect.NUMBER_OFF), (21614, Effect.NUMBER_OFF), (21211, Effect.NUMBER_OFF), (30003, Effect.STRIKE),
    ],
)  # fmt: skip
def test_what_the_reliability_page_asks_for(code: int, effect: Effect) -> None:
    assert TABLE[code].effect is effect


def test_a_code_is_found_however_it_is_written_and_nothing_else_is_one() -> None:
    assert row_of(21610) is row_of("21610") is TABLE[21610]
    assert [row_of(other) for other in (None, "", 0, "http 500", "time-out", "9" * 5000, "-1", "²")] == [None] * 8


def test_only_trouble_at_the_provider_or_on_the_way_breaks() -> None:
    assert breaks(from_answer(503, None, ""))
    assert breaks(from_answer(401, 20003, "Authenticate"))
    assert breaks(from_exception(TimeoutError("timed out")))
    assert not breaks(from_answer(429, 20429, "Too many"))
    assert not breaks(from_answer(429, None, ""))
    assert not breaks(from_answer(400, 21610, ""))
    assert not breaks(from_answer(400, 12345, "?"))
    assert not breaks(NotSent(True, "30007", "filtered", about="message"))


def test_an_exception_nobody_foresaw_may_have_let_the_text_leave() -> None:
    found = from_exception(RuntimeError("?"))
    assert found.unknown and not found.permanent
