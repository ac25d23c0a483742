"""What a process has: built once by admin.process and passed on as an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from engine.base.broker import Broker
from engine.base.clock import Clock
from engine.base.db import Database
from engine.base.settings import Settings
from engine.base.tokens import TokenRing


@dataclass(frozen=True, slots=True)
class Sent:
    """A channel took the message: what the provider called it, if it said."""

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """A channel did not take the message. `permanent`: it never will; `unknown`: it may have left."""

    permanent: bool
    code: str
    says: str
    unknown: bool = False
    retry_after: timedelta | None = None
    #: Whose trouble it is: only the address's own counts against it.
    about: Literal["address", "message", "way"] = "way"
    #: It was said of the recipient, and so by word of their host; not by the way out of itself, which serves everybody.
    of_recipient: bool = False
    #: It befell us before a word was said of this message: no more can be learned of it by another try.
    at_the_door: bool = False


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One built message and its envelope."""

    return_path: str
    recipient: str
    message: bytes


class MailChannel(Protocol):
    """Hands built messages to a relay."""

    def send(self, return_path: str, recipient: str, message: bytes) -> Sent | NotSent:
        """The relay has the message, or the reason why not. Never raises for the relay's trouble."""
        ...

    def send_many(self, mails: Sequence[OutgoingMail], until: float) -> list[Sent | NotSent | None]:
        """What the relay said to each, in order; None for those not begun before `until` (monotonic seconds)."""
        ...

    def close(self) -> None:
        """Kept connections are given back."""
        ...


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One text ready for the provider. Numbers in E.164; `from_` may be a messaging service's sid (MG...)."""

    to: str
    from_: str
    body: str
    #: Where the provider tells how it went.
    status_url: str = ""
    media_urls: tuple[str, ...] = ()
    #: One message instead of many segments, where that costs less.
    as_mms: bool = False


@dataclass(frozen=True, slots=True)
class ProviderText:
    """One text as the provider keeps it, ours or a member's. `status` is the provider's own word."""

    sid: str
    to: str
    from_: str
    body: str
    status: str
    created_at: datetime
    inbound: bool = False
    error_code: int | None = None
    media: int = 0


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What a look-up says of a phone: whether it exists, and `mobile`, `landline`, `voip`, ... or "" (not said)."""

    valid: bool
    line_type: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of one picture, and the type the provider gave it."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ReceivedTexts:
    """What the provider lists, oldest first; not `whole`: it stopped answering before the oldest were told."""

    texts: tuple[ProviderText, ...]
    whole: bool = True


class TextChannel(Protocol):
    """Speaks with the provider of texts (engine.channels.sms)."""

    def send(self, text: OutgoingText) -> Sent | NotSent:
        """The provider has the text, or the reason why not. Never raises for the provider's trouble."""
        ...

    def sent_since(self, to: str, from_: str, since: datetime) -> list[ProviderText]:
        """What the provider has of ours to this phone since then, oldest first. Raises ProviderAway."""
        ...

    def received_since(self, number: str, since: datetime) -> ReceivedTexts:
        """What came in to this number of ours since then. Raises ProviderAway when nothing at all can be read."""
        ...

    def look_up(self, phone: str) -> NumberFacts:
        """What kind of line a phone is. Raises ProviderAway."""
        ...

    def pictures_of(self, sid: str) -> list[tuple[str, str]]:
        """The address and type of each picture of a received text. Raises ProviderAway."""
        ...

    def picture(self, url: str, most_bytes: int) -> Picture:
        """One picture of a received text, from the provider's own host alone. Raises ProviderAway, or Invalid."""

    def recording(self, url: str, most_bytes: int) -> Picture:
        """The recording of one call, likewise; not there yet, it may come. Raises ProviderAway, or Invalid."""
        ...

    def close(self) -> None:
        """Kept connections are given back."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything below an edge gets what it needs from here, one by one."""

    settings: Settings
    clock: Clock
    db: Database
    broker: Broker
    tokens: TokenRing
    mail: MailChannel
    #: None where no texts can be sent or received.
    texts: TextChannel | None = None

    def __post_init__(self) -> None:
        """Sessions can make keyed marks (engine.people.suppression); the key itself stays with the tokens."""
        self.db.about["marks"] = self.tokens.mark
