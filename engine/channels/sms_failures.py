"""What the provider's "no" to a text means: one table from its error code, or HTTP status, to what we do.

The same codes come at once, as the answer to a call, and later, in a status callback. Each has a page of its own,
https://www.twilio.com/docs/api/errors/<code>; the sentences here are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, SSLError

from engine.base.services import NotSent

About = Literal["address", "message", "way"]
PAGE = "https://www.twilio.com/docs/api/errors/{code}"


class Effect(StrEnum):
    """What follows besides the text's own fate."""

    NONE = "none"
    #: They told their carrier to stop: our ledger says so too, and nothing is tried again.
    OPTED_OUT = "opted out"
    #: The number takes no texts: it rests.
    NUMBER_OFF = "number off"
    #: One more sign that the number does not work.
    STRIKE = "strike"
    #: Our number sends more slowly for a while, and the operator is told.
    SLOW_DOWN = "slow down"
    #: No text leaves until a person has seen to it: our registration is missing.
    STOP_ALL = "stop all"


@dataclass(frozen=True, slots=True)
class Row:
    """One rule."""

    code: int
    permanent: bool
    about: About
    effect: Effect
    #: Why, as staff read it.
    why: str
    #: Whether it tells of trouble at the provider or on our way there, for the breaker.
    breaks: bool = False
    #: Whether the provider may have the text all the same: it is asked before anything is sent again.
    unknown: bool = False
    #: Told after the text had left: may the same text be sent once more? Only where it surely never arrived.
    again: bool = False

    @property
    def page(self) -> str:
        """The provider's own words on it."""
        return PAGE.format(code=self.code)


_SETTINGS = "our settings at the provider need mending"

TABLE: Mapping[int, Row] = {
    row.code: row
    for row in (
        # The account and the call.
        Row(20003, False, "way", Effect.NONE, f"the provider does not know our account or secret: {_SETTINGS}", True),
        Row(20404, False, "way", Effect.NONE, f"the provider does not know what we asked for: {_SETTINGS}", True),
        Row(20429, False, "way", Effect.NONE, "the provider asks us to be slower"),
        Row(20500, False, "way", Effect.NONE, "the provider is out of order, and may have the text", True, True),
        Row(20503, False, "way", Effect.NONE, "the provider cannot be used just now", True),
        # The phone.
        Row(21211, True, "address", Effect.NUMBER_OFF, "there is no such phone number"),
        Row(21217, True, "address", Effect.NUMBER_OFF, "there is no such phone number"),
        Row(21610, True, "address", Effect.OPTED_OUT, "they asked their carrier for no more texts from us"),
        Row(21612, True, "address", Effect.STRIKE, "no way leads from our number to this phone"),
        Row(21614, True, "address", Effect.NUMBER_OFF, "this phone takes no texts"),
        Row(21635, True, "address", Effect.NUMBER_OFF, "this phone is a landline"),
        # Our number, and what our account may do.
        Row(21212, False, "way", Effect.NONE, f"the number we send from is none: {_SETTINGS}", True),
        Row(21408, True, "message", Effect.NONE, "our account may not text to that country"),
        Row(21603, False, "way", Effect.NONE, f"no number of ours was named: {_SETTINGS}", True),
        Row(21606, False, "way", Effect.NONE, f"our number is not ours, or takes no texts: {_SETTINGS}", True),
        Row(21608, True, "message", Effect.NONE, "a trial account may text to confirmed numbers only"),
        Row(21609, False, "way", Effect.NONE, "the provider cannot use our public_url, which needs mending", True),
        Row(21611, False, "way", Effect.SLOW_DOWN, "too many texts wait at the provider for our number"),
        Row(21701, False, "way", Effect.NONE, f"the messaging service does not exist: {_SETTINGS}", True),
        Row(21703, False, "way", Effect.NONE, f"the messaging service has no numbers: {_SETTINGS}", True),
        # The words.
        Row(21602, True, "message", Effect.NONE, "the text is empty"),
        Row(21617, True, "message", Effect.NONE, "the text is longer than 1,600 signs"),
        Row(21620, True, "message", Effect.NONE, "the provider could not fetch the picture"),
        # What carriers say, mostly afterwards.
        Row(30001, False, "way", Effect.SLOW_DOWN, "too many texts wait at the provider for our number", again=True),
        Row(30002, False, "way", Effect.STOP_ALL, "the provider has suspended our account", True, again=True),
        Row(30003, False, "address", Effect.STRIKE, "the phone cannot be reached; it may be switched off", again=True),
        Row(30004, True, "address", Effect.STRIKE, "the carrier blocks texts of ours to this phone"),
        Row(30005, True, "address", Effect.NUMBER_OFF, "the carrier does not know this phone"),
        Row(30006, True, "address", Effect.NUMBER_OFF, "the phone is a landline, or its carrier takes no texts"),
        Row(30007, True, "message", Effect.SLOW_DOWN, "the carrier filtered it as unwanted"),
        Row(30008, True, "address", Effect.STRIKE, "the carrier gives no reason"),
        Row(30010, True, "message", Effect.NONE, "it would cost more than the limit that was set"),
        Row(30017, False, "way", Effect.NONE, "the carrier's network is crowded", again=True),
        Row(30022, False, "way", Effect.SLOW_DOWN, "we send faster than our registration allows", again=True),
        Row(30023, False, "way", Effect.SLOW_DOWN, "the carriers' daily limit for us is reached", again=True),
        Row(30032, False, "way", Effect.STOP_ALL, "our toll-free number is not verified", again=True),
        Row(30034, False, "way", Effect.STOP_ALL, "our number is not registered (A2P 10DLC)", again=True),
    )
}  # fmt: skip

#: By HTTP status, where the answer names no code of the table (RFC 9110 15; RFC 6585 4 for 429).
_BY_STATUS: Mapping[int, tuple[bool, bool, str]] = {
    # permanent, may have left, why
    401: (False, False, f"the provider does not know our account or secret: {_SETTINGS}"),
    403: (False, False, f"the provider does not let us: {_SETTINGS}"),
    404: (False, False, f"the provider does not know what we asked for: {_SETTINGS}"),
    408: (False, False, "the provider did not hear our call to its end"),
    429: (False, False, "the provider asks us to be slower"),
    # What breaks at the provider may break after the text was taken; a gateway speaks for a server that fell silent.
    500: (False, True, "the provider is out of order, and may have the text"),
    502: (False, True, "the provider is out of order, and may have the text"),
    504: (False, True, "the provider is out of order, and may have the text"),
}
#: A longer wish of the provider's is kept to this; then we ask again.
LONGEST_WISH = timedelta(hours=1)


def row_of(code: str | int | None) -> Row | None:
    """The rule for an error code of the provider, as it is or as a NotSent's code names it; None for any other."""
    text = str(code or "")
    return TABLE.get(int(text)) if text.isdecimal() and len(text) < 7 else None


def breaks(reason: NotSent) -> bool:
    """Whether a refusal tells of trouble at the provider or on the way there, and not of one text or our pace."""
    row = row_of(reason.code)
    if row is not None:
        return row.breaks
    return reason.about == "way" and reason.code != "http 429"


def from_answer(status: int, code: int | None, words: str, retry_after: str = "") -> NotSent:
    """What an answer of this HTTP status means, with the provider's code if it gave one."""
    row = row_of(code)
    wish = _wish(retry_after)
    if row is not None:
        says = _says(row.why, words)
        return NotSent(row.permanent, str(row.code), says, row.unknown, retry_after=wish, about=row.about)
    if status in _BY_STATUS or status >= 500 or status < 400:
        permanent, unknown, why = _BY_STATUS.get(status, (False, False, "the provider is out of order"))
        return NotSent(permanent, f"http {status}", _says(why, words), unknown, wish, "way")
    # A refusal nobody here knows: trying it again would be refused again.
    shown = str(code) if code else f"http {status}"
    return NotSent(True, shown, _says("the provider refused the text", words), about="message")


def from_exception(error: BaseException) -> NotSent:
    """What a broken call means. Where the call may have reached the provider, so may the text."""
    cause: BaseException | None = error
    while isinstance(cause, HTTPError) and isinstance(getattr(cause, "reason", None), BaseException):
        cause = cause.reason  # type: ignore[attr-defined]
    if isinstance(cause, NameResolutionError):
        return NotSent(False, "name", "The name of the provider's machine is not known.")
    if isinstance(cause, SSLError):
        return NotSent(False, "tls", "No safe connection to the provider could be made.")
    if isinstance(cause, NewConnectionError | ConnectTimeoutError):
        return NotSent(False, "network", "The provider cannot be reached.")
    if isinstance(cause, TimeoutError | HTTPError) and "timed out" in str(cause).lower():
        return NotSent(False, "time-out", "The provider did not answer in time, and may have the text.", unknown=True)
    if isinstance(cause, OSError | HTTPError):
        return NotSent(False, "disconnected", "The provider hung up, and may have the text.", unknown=True)
    return NotSent(False, "answer", f"The provider's answer could not be read ({type(error).__name__}).", unknown=True)


def _says(why: str, words: str) -> str:
    said = " ".join(words.split())
    return f"{why}: {said}"[:400] if said else why


def _wish(retry_after: str) -> timedelta | None:
    """Retry-After in seconds (RFC 9110 10.2.3); a date is not read, our own pause is as good."""
    text = retry_after.strip()
    return min(timedelta(seconds=int(text)), LONGEST_WISH) if text.isdecimal() and len(text) < 6 else None
