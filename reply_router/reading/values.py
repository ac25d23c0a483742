"""What a reading is made of: plain immutable values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from reply_router.reading.commands import Command
from reply_router.reading.headers import Mailbox

#: Raised whenever the same bytes may read differently than before; stored beside each reading.
READING_VERSION: Final = 2


class Kind(StrEnum):
    """What a letter is."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    CALENDAR_REPLY = "calendar_reply"
    MACHINE = "machine"
    UNREADABLE = "unreadable"


class Failure(StrEnum):
    """What a delivery report says of one address."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address a delivery report speaks of; `status` is RFC 3463's code or empty, `words` the server's own.

    `lost`: the server will not try this letter again, even where the failure itself may pass.
    """

    address: str
    failure: Failure
    status: str
    words: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Original:
    """The letter that a report returned or complains about: its Message-ID and its decoded header."""

    message_id: str | None
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one judge holds a letter to be, and why, in a sentence."""

    kind: Kind
    why: str
    recipients: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True)
class Folded:
    """A stretch cut from a letter: its words, why, and before which character of `Reading.text` it stood."""

    text: str
    why: str
    at: int


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment; `index` finds its content again in the same bytes.

    `type` is what it is by its content, where that tells it, else what its label says; `label` is what the sender says.
    """

    name: str
    type: str
    size: int
    index: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody invited: an address, what they answered (RFC 5545 section 3.2.12; empty when not said), and a name."""

    address: str
    partstat: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a calendar file or part says. `method` is None when it says none, `uid` empty when it has none.

    `attendees` are those of the event with this uid, `comment` what the person who answered wrote beside it.
    """

    method: str | None
    uid: str
    attendees: tuple[Attendee, ...]
    sequence: int = 0
    summary: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything found in one letter. `text` is what the person wrote; with `folded` and `signature` nothing is lost.

    `why` says in sentences why it is of this kind and how its quotes were found, `trouble` what could not be read.
    Names and addresses are as the letter says them and prove nothing. `seconds` is the time it took.
    """

    kind: Kind
    subject: str | None = None
    text: str = ""
    signature: str = ""
    folded: tuple[Folded, ...] = ()
    body: str = ""
    html: str | None = None
    from_: tuple[Mailbox, ...] = ()
    sender: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: datetime | None = None
    recipients: tuple[Recipient, ...] = ()
    original: Original | None = None
    calendar: Calendar | None = None
    attachments: tuple[Attached, ...] = ()
    command: Command | None = None
    why: tuple[str, ...] = ()
    #: The name of the judge whose opinion won; empty: nobody had one, and a person wrote it.
    judged_by: str = ""
    trouble: tuple[str, ...] = ()
    seconds: float = 0.0
    version: int = READING_VERSION
