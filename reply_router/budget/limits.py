"""Limits: what one mail may take."""

from dataclasses import dataclass
from typing import Final

MB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of one mail, and of the process that reads it."""

    #: Real seconds from the first byte handed over to the last one back; no clock that a test or the sandbox holds.
    seconds: float = 2.0
    #: Bytes beyond what the process has when it begins. Held by Linux; elsewhere the seconds hold.
    memory: int = 256 * MB
    #: Seconds until a new process is there, which is our time and not the mail's.
    start_seconds: float = 15.0
    #: Seconds without a mail after which the process ends and gives its memory back.
    idle_seconds: float = 300.0


LIMITS: Final = Limits()
