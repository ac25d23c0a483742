"""Event: what a provider tells of one letter of ours, in the same words as a report that comes by mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from reply_router.reading.values import Failure, Kind, Original, Reading, Recipient

#: The door by which such an event came, in `Received.door`.
EVENT: Final = "event"

_KINDS: Final = {"bounce": Kind.BOUNCE, "complaint": Kind.COMPLAINT}


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `id` is the provider's own for it, the same each time it is told.

    `original` says by which signs the letter is known: its Return-Path, Message-ID, From. What is `other` says nothing
    that we ask for (it was opened, taken, put off at the provider's own wish).
    """

    about: Literal["bounce", "complaint", "delivery", "other"]
    id: str
    recipients: tuple[Recipient, ...] = ()
    original: Original | None = None

    def as_reading(self, provider: str) -> Reading:
        """The event as if it had been a report by mail."""
        name = self.recipients[0].address if self.recipients else "somebody"
        words = self.recipients[0].words if self.recipients else ""
        match self.about:
            case "bounce" if any(each.failure is Failure.PERMANENT for each in self.recipients):
                says = f"{provider} reports that our mail to {name} came back"
            case "bounce":
                says = f"{provider} reports that our mail to {name} did not arrive yet"
            case "complaint":
                says = f"{provider} reports that {name} called our mail unwanted"
            case _:
                says = f"{provider} reports on our mail to {name}"
        return Reading(
            _KINDS.get(self.about, Kind.MACHINE),
            subject=says,
            text=f"{says}: {words}" if words else f"{says}.",
            recipients=self.recipients if self.about == "bounce" else (),
            original=self.original,
            why=(f"{provider} told us so by a webhook that it signed.",),
            judged_by="event",
        )


def known_by(**signs: str) -> Original:
    """A letter known by these header fields (message_id="<1@b>", return_path="b-...@c"); empty ones are left out."""
    fields = [
        (name.strip("_").replace("_", "-").title(), value.strip()) for name, value in signs.items() if value.strip()
    ]
    identifier = signs.get("message_id", "").strip().strip("<>").strip()
    return Original(identifier or None, tuple(fields))


def inner(said: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The object within that bears this name; an empty one where there is none."""
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def word(said: Mapping[str, object], name: str) -> str:
    """The text or number within that bears this name; "" where there is none."""
    found = said.get(name)
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""
