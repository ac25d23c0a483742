"""What a process has: built once by admin.process and passed on as an argument."""

from dataclasses import dataclass
from datetime import timedelta
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


class MailChannel(Protocol):
    """Hands one built message to a relay."""

    def send(self, return_path: str, recipient: str, message: bytes) -> Sent | NotSent:
        """The relay has the message, or the reason why not. Never raises for the relay's trouble."""
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
