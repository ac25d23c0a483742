"""Text: one message between a phone out there and a number of ours, as the provider keeps it."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

#: 3GPP TS 23.038: the letters of one septet, and those of two (an escape before them).
_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = set("\f^{}\\[~]|€")
#: What one text, and each part of a longer one, holds: septets, and UTF-16 code units.
_SEPTETS, _SEPTETS_OF_MANY = 160, 153
_UNITS, _UNITS_OF_MANY = 70, 67


@dataclass(frozen=True, slots=True)
class Picture:
    """Something that came with a text. `content` is None while it stands elsewhere, at `url`."""

    sid: str
    mime: str
    content: bytes | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """One text. `direction` is the provider's word: inbound, outbound-api, outbound-reply."""

    sid: str
    at: datetime
    updated_at: datetime
    #: When it left (ours), or came (theirs); None before.
    sent_at: datetime | None
    direction: str
    sender: str
    recipient: str
    body: str
    #: queued, accepted, sent, delivered, undelivered, failed; received for theirs.
    status: str
    error_code: int | None = None
    #: The error that waits for it after it was taken in; 0: it arrives.
    fate: int = 0
    service: str = ""
    callback: str = ""
    #: How the callbacks come: in order, backwards, twice, never.
    manner: str = "in order"
    #: The provider's row number; a list goes by it.
    id: int = 0
    pictures: tuple[Picture, ...] = field(default=())

    @property
    def phone(self) -> str:
        """The phone out there."""
        return self.sender if self.direction == "inbound" else self.recipient

    @property
    def our_number(self) -> str:
        """The number of ours."""
        return self.recipient if self.direction == "inbound" else self.sender


def new_sid(kind: str, key: str = "") -> str:
    """A provider's name for something: two letters and 32 hexadecimal digits, always the same for one key."""
    return kind + (hashlib.sha256(f"{kind} {key}".encode()).hexdigest()[:32] if key else secrets.token_hex(16))


def segments(body: str) -> int:
    """How many texts the network makes of it; an empty one is one."""
    if all(letter in _BASIC or letter in _ESCAPED for letter in body):
        length = sum(2 if letter in _ESCAPED else 1 for letter in body)
        return 1 if length <= _SEPTETS else ceil(length / _SEPTETS_OF_MANY)
    length = len(body.encode("utf-16-le")) // 2
    return 1 if length <= _UNITS else ceil(length / _UNITS_OF_MANY)
