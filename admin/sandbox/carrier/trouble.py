"""Trouble: what may go wrong with a text, by the provider's own codes, and what was scripted to go wrong."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from engine.base.errors import HearthlineError, Invalid

#: At once: the code, the HTTP status and the sentence (https://www.twilio.com/docs/api/errors).
REFUSALS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource {of} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    21211: (400, "The 'To' number {of} is not a valid phone number."),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {of}"),
    21602: (400, "A text message body or media urls must be specified."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided ({of}) is not a valid message-capable Twilio phone number."),
    21609: (400, "The 'StatusCallback' URL {of} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21614: (400, "'To' number {of} is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21620: (400, "Invalid media URL(s): {of}"),
    21701: (400, "The Messaging Service {of} does not exist."),
}
#: Afterwards, told by a status callback: the code, how the text ends, and the sentence.
FAILURES: dict[int, tuple[str, str]] = {
    11200: ("failed", "HTTP retrieval failure"),
    30001: ("failed", "Queue overflow"),
    30002: ("failed", "Account suspended"),
    30003: ("undelivered", "Unreachable destination handset"),
    30004: ("undelivered", "Message blocked"),
    30005: ("undelivered", "Unknown destination handset"),
    30006: ("undelivered", "Landline or unreachable carrier"),
    30007: ("undelivered", "Message filtered"),
    30008: ("undelivered", "Unknown error"),
    30034: ("undelivered", "Message from an unregistered number"),
}
#: Whom a trouble is for when it is for everybody.
EVERYBODY = "*"

Vanishing = Literal["", "hang up", "silence"]
Manner = Literal["in order", "backwards", "twice", "never"]


class Refused(HearthlineError):
    """The provider does not take it; `code` and `status` say why and how."""

    def __init__(self, code: int, of: str = "") -> None:
        self.code = code
        self.status, says = REFUSALS[code]
        super().__init__(says.format(of=of))


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with our texts to a number."""

    #: One of REFUSALS or FAILURES; 0: none.
    code: int = 0
    #: How often; 0: until it is taken away.
    times: int = 0
    #: Wall seconds the provider thinks before it does anything.
    latency_seconds: float = 0.0
    #: The text is created, and then the connection dies, or nothing more is heard.
    after_creating: Vanishing = ""
    #: How the status callbacks come.
    callbacks: Manner = "in order"

    @classmethod
    def read(cls, wish: dict[str, Any]) -> "Trouble":
        """The trouble somebody asks for. Raises Invalid."""
        try:
            trouble = cls(
                code=int(wish.get("code") or 0),
                times=int(wish.get("times") or 0),
                latency_seconds=float(wish.get("latency_seconds") or 0),
                after_creating=wish.get("after_creating") or "",
                callbacks=wish.get("callbacks") or "in order",
            )
        except (TypeError, ValueError) as error:
            raise Invalid("code and times are whole numbers, and latency_seconds is a number.") from error
        trouble.check()
        return trouble

    def check(self) -> None:
        """Raises Invalid for what the carrier cannot play."""
        if self.code and self.code not in REFUSALS and self.code not in FAILURES:
            raise Invalid(f"There is no trouble {self.code} here. These are known: {[*REFUSALS, *FAILURES]}.")
        if self.after_creating not in get_args(Vanishing):
            raise Invalid(f"after_creating is one of {get_args(Vanishing)}.")
        if self.callbacks not in get_args(Manner):
            raise Invalid(f"callbacks is one of {get_args(Manner)}.")
        if self.times < 0 or not 0 <= self.latency_seconds <= 60:
            raise Invalid("times is not negative, and latency_seconds is from 0 to 60.")
