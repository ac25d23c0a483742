"""A provider: Twilio's messages in a process of its own, which takes everything after so many seconds and notes when.

python -m tests.bench.provider FILE LATENCY: the port stands in FILE's first line; every further one is a moment
(seconds of the machine's monotonic clock), the number it came from and its segments.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs

from templates.segments import parts
from tests.bench.sink import listening


@dataclass(frozen=True, slots=True)
class Provider:
    """A running one, as seen from outside."""

    url: str
    file: Path

    def taken(self) -> list[tuple[float, str, int]]:
        """Moment, number and segments of everything so far."""
        lines = [line.split(" ") for line in self.file.read_text("ascii").split("\n")[1:-1]]
        return [(float(at), number, int(segments)) for at, number, segments in lines]


@contextmanager
def provider(folder: Path, latency: float) -> Iterator[Provider]:
    """A provider answers until the block ends."""
    file = folder / "provider"
    with listening("tests.bench.provider", file, str(latency)) as port:
        yield Provider(f"http://127.0.0.1:{port}", file)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notes: IO[str], latency: float) -> None:
    count = 0
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            at = time.monotonic()
            fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
            form = parse_qs((await reader.readexactly(int(fields.get(b"content-length", b"0")))).decode())
            notes.write(f"{at} {form['From'][0]} {len(parts(form['Body'][0]))}\n")
            notes.flush()
            await asyncio.sleep(latency)
            count += 1
            said = {"sid": f"SM{id(writer):016x}{count:016x}", "status": "queued", "to": form["To"][0], "body": ""}
            body = json.dumps(said).encode()
            writer.write(
                b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _listen(file: Path, latency: float) -> None:
    with file.open("w", encoding="ascii") as notes:
        server = await asyncio.start_server(
            lambda reader, writer: _converse(reader, writer, notes, latency), "127.0.0.1", 0
        )
        notes.write(f"{server.sockets[0].getsockname()[1]}\n")
        notes.flush()
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_listen(Path(sys.argv[1]), float(sys.argv[2])))
