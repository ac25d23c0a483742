"""A sink: a mail relay in a process of its own that takes everything at once and notes when whom it was for.

python -m tests.bench.sink FILE: the port stands in FILE's first line; every further one is a moment (seconds of the
machine's monotonic clock) and a recipient.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
#: Seconds it has to listen.
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Sink:
    """A running one, as seen from outside."""

    port: int
    file: Path

    def arrived(self) -> list[tuple[float, str]]:
        """Moment and recipient of everything so far."""
        lines = self.file.read_text("ascii").split("\n")[1:-1]
        return [(float(at), recipient) for at, _, recipient in (line.partition(" ") for line in lines)]


@contextmanager
def listening(module: str, file: Path, *words: str) -> Iterator[int]:
    """`python -m MODULE FILE WORDS...` runs until the block ends, at the port that stands in the file's first line."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(file), *words],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while not (file.exists() and "\n" in (said := file.read_text("ascii"))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{module} did not listen")
            time.sleep(0.01)
        yield int(said.split("\n")[0])
    finally:
        process.kill()
        process.wait(PATIENCE)


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """A sink listens until the block ends."""
    file = folder / "sink"
    with listening("tests.bench.sink", file) as port:
        yield Sink(port, file)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notes: IO[str]) -> None:
    writer.write(b"220 sink\r\n")
    recipient = ""
    try:
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                notes.write(f"{time.monotonic()} {recipient}\n")
                notes.flush()
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                break
            else:
                if verb == b"RCPT":
                    recipient = line.decode("ascii").partition("<")[2].partition(">")[0]
                writer.write(b"250 OK\r\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _listen(file: Path) -> None:
    with file.open("w", encoding="ascii") as notes:
        server = await asyncio.start_server(
            lambda reader, writer: _converse(reader, writer, notes), "127.0.0.1", 0, limit=2**24
        )
        notes.write(f"{server.sockets[0].getsockname()[1]}\n")
        notes.flush()
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_listen(Path(sys.argv[1])))
