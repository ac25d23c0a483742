"""The outside world's ends of our channels: they take everything, in this process, and remember what came."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.base.clock import Clock
from engine.base.errors import BadToken
from engine.base.services import (
    NotSent,
    NumberFacts,
    OutgoingMail,
    OutgoingText,
    Picture,
    ProviderText,
    ReceivedTexts,
    Sent,
)  # fmt: skip
from engine.base.tokens import Purpose, TokenRing
from engine.outbox.letter import delivery_of
from engine.outbox.text import STATUS_PATH

_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t\r\n]*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as it came out at the other end: to which address, by which channel, and which delivery it says."""

    at: datetime
    channel: str
    to: str
    #: From its Message-ID, or from the address at which a text's fate is to be told; None: it does not say.
    delivery_id: int | None


class VirtualClock:
    """Time that stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment it stands at."""
        return self.moment


class Arrivals:
    """What came out at the other end, in a list that is emptied by whoever reads it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._arrived: list[Arrived] = []

    def note(self, channel: str, to: str, delivery_id: int | None) -> None:
        """It came, at this moment."""
        arrived = Arrived(self._clock.now(), channel, to, delivery_id)
        with self._lock:
            self._arrived.append(arrived)

    def take(self) -> list[Arrived]:
        """What came since the last time, in an order that does not depend on how fast the machine is."""
        with self._lock:
            taken, self._arrived = self._arrived, []
        return sorted(taken, key=lambda each: (each.at, each.delivery_id or 0, each.to))


class MailOutside:
    """A relay that takes every mail."""

    def __init__(self, arrivals: Arrivals, tokens: TokenRing) -> None:
        self._arrivals, self._tokens = arrivals, tokens

    def send(self, return_path: str, recipient: str, message: bytes) -> Sent:
        """It is taken."""
        found = _MESSAGE_ID.search(message)
        delivery_id = delivery_of(self._tokens, found[1].decode("ascii", "replace")) if found else None
        self._arrivals.note("email", recipient, delivery_id)
        return Sent()

    def send_many(self, mails: Sequence[OutgoingMail], until: float) -> list[Sent | NotSent | None]:
        """All are taken, however long it may last."""
        return [self.send(each.return_path, each.recipient, each.message) for each in mails]

    def recording(self, url: str, most_bytes: int) -> Picture:
        """Nobody calls here."""
        return Picture("audio/wav", b"")

    def close(self) -> None:
        """There is nothing to give back."""


class TextOutside:
    """A provider that takes every text, and was asked nothing."""

    def __init__(self, arrivals: Arrivals, tokens: TokenRing) -> None:
        self._arrivals, self._tokens = arrivals, tokens

    def send(self, text: OutgoingText) -> Sent:
        """It is taken."""
        _, _, token = text.status_url.rpartition(f"{STATUS_PATH}/")
        try:
            delivery_id = self._tokens.verify(token, Purpose.TEXT_STATUS).subject_id
        except BadToken:
            delivery_id = None
        self._arrivals.note("sms", text.to, delivery_id)
        return Sent(f"SM{delivery_id or 0:032x}")

    def sent_since(self, to: str, from_: str, since: datetime) -> list[ProviderText]:
        """Nothing is ever unsure here."""
        return []

    def received_since(self, number: str, since: datetime) -> ReceivedTexts:
        """What members say does not come this way here."""
        return ReceivedTexts(())

    def look_up(self, phone: str) -> NumberFacts:
        """Every phone exists."""
        return NumberFacts(True, "mobile")

    def pictures_of(self, sid: str) -> list[tuple[str, str]]:
        """Nobody sends pictures here."""
        return []

    def picture(self, url: str, most_bytes: int) -> Picture:
        """Nobody sends pictures here."""
        return Picture("image/png", b"")

    def recording(self, url: str, most_bytes: int) -> Picture:
        """Nobody calls here."""
        return Picture("audio/wav", b"")

    def close(self) -> None:
        """There is nothing to give back."""
