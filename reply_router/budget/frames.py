"""Frames: what goes through the pipes between a router and the process that reads for it.

A frame is what it is, a JSON text and bytes, each with its length before it. The answer is never a pickle: who read a
stranger's mail is no longer trusted with more than plain values.
"""

import fcntl
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_HEAD: Final = struct.Struct(">BII")
HEAD_BYTES: Final = _HEAD.size
#: A mail has 40 MB at most, and what was found in it less than its decoded parts.
MOST_BYTES: Final = 96_000_000
#: Bytes that a pipe is to take while nobody reads from it: what Linux grants everybody.
PIPE: Final = 1 << 20
#: With this code a child ends that had no memory even to take the mail in.
NO_MEMORY: Final = 3


class What(IntEnum):
    """What a frame is."""

    #: To the child: read this letter; read its header alone; give the content of one attachment; say
    #: which of its signatures are good.
    LETTER = 1
    HEADER = 2
    ATTACHMENT = 3
    SIGNATURES = 4
    #: From the child: it has begun; the answer; the answer, and it ends, for it has grown too large to go on.
    READY = 10
    ANSWER = 11
    LAST_ANSWER = 12
    #: From the child: it broke, and why; it ran out of memory.
    BROKE = 13
    NO_MEMORY = 14


@dataclass(frozen=True, slots=True)
class Frame:
    """One message; `words` is a JSON text."""

    what: What
    words: bytes = b""
    body: bytes = b""


def head_of(frame: Frame) -> bytes:
    """What stands before the frame's words and its body."""
    return _HEAD.pack(frame.what, len(frame.words), len(frame.body))


def size_of(frame: Frame) -> int:
    """Its bytes in the pipe."""
    return HEAD_BYTES + len(frame.words) + len(frame.body)


def sizes_in(head: bytes) -> tuple[What, int, int]:
    """What follows a head: its kind, and how many bytes of words and of body. Raises ValueError for no head of ours."""
    what, words, body = _HEAD.unpack(head)
    if words + body > MOST_BYTES:
        raise ValueError("more than any answer has")
    return What(what), words, body


def widen(pipe: int) -> None:
    """The pipe takes a whole group of usual letters, or most of it, where the system lets it (Linux: pipe(7))."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


def takes(pipe: int) -> int:
    """Bytes that the pipe takes while nobody reads from it."""
    if hasattr(fcntl, "F_GETPIPE_SZ"):
        with suppress(OSError):
            return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    return 16_384  # what every system grants
