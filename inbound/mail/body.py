"""Body: what a sender gives after DATA, read in one go and to its true end."""

import asyncio
from enum import Enum

from inbound.mail.allowance import Memory
from inbound.mail.replies import NO_ROOM, TOO_BIG

END_OF_BODY = b"\r\n.\r\n"


class Unkept(Enum):
    """Why a body that was read to its end is not kept, in what its sender is told."""

    TOO_BIG = TOO_BIG
    NO_ROOM = NO_ROOM


async def read_body(reader: asyncio.StreamReader, memory: Memory, size: int) -> tuple[bytes | Unkept, int]:
    """The body without its transparency dots (RFC 5321 4.5.2), and how much memory is counted for it.

    Only CRLF.CRLF ends it: a lone CR or LF is part of the text, whatever stands around it. What is too much is
    still read to its end, so that no part of it is taken for commands.
    """
    # The line end of DATA itself is the first half of an empty message's end (RFC 5321 4.1.1.4).
    reader._buffer[0:0] = b"\r\n"  # type: ignore[attr-defined]
    # At most every third byte is a transparency dot's; the exact size is known at the end.
    wire_limit = size + size // 3 + len(END_OF_BODY)
    pieces: list[bytes] = []
    held = read = 0
    unkept: Unkept | None = None
    try:
        while True:
            try:
                piece = await reader.readuntil(END_OF_BODY)
                is_last = True
            except asyncio.LimitOverrunError as more:
                piece = await reader.read(more.consumed)
                is_last = False
            read += len(piece)
            if unkept is None:
                if read > wire_limit:
                    unkept = Unkept.TOO_BIG
                elif not memory.take(len(piece)):
                    unkept = Unkept.NO_ROOM
                else:
                    held += len(piece)
                    pieces.append(piece)
                if unkept is not None:
                    pieces.clear()
                    memory.give_back(held)
                    held = 0
            if is_last:
                break
    except BaseException:
        memory.give_back(held)
        raise
    if unkept is not None:
        return unkept, held
    whole = b"".join(pieces)
    pieces.clear()
    body = whole[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")[2:]
    return (Unkept.TOO_BIG if len(body) > size else body), held
