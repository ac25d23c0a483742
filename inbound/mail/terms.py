"""Terms: what a mail door holds itself and its peers to, and what its conversations have in common."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

from inbound.mail.allowance import Connections, Disk, Memory, PerMinute
from inbound.receive import Answer, Arrival


class Submit(Protocol):
    """Where a whole message goes."""

    def __call__(self, arrival: Arrival) -> "asyncio.Future[Answer]":
        """What brings the answer once the message is durable, or cannot be; cancelled, nobody waits for it."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a door holds itself and its peers to."""

    domain: str
    size: int
    recipients: int
    command_seconds: float
    body_seconds: float
    tls: ssl.SSLContext | None = None
    #: Whether it looks like a signed address of ours and is none.
    is_guess: Callable[[str], bool] = lambda _address: False
    #: How long somebody who guesses waits for each answer.
    slow_seconds: float = 0.0
    #: Networks of our own mail servers, which bring in everybody's mail.
    own: tuple[IPv4Network | IPv6Network, ...] = ()
    #: Networks whose messages are not counted: this machine itself, which would have to flood itself.
    uncounted: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


@dataclass(slots=True)
class Shared:
    """What all conversations of a door have in common, within its one event loop."""

    submit: Submit
    connections: Connections
    memory: Memory
    messages: PerMinute
    guesses: PerMinute
    disk: Disk
    conversations: set[Any]
    stopping: bool = False


def is_within(peer: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address is of one of these networks."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in each for each in networks)
