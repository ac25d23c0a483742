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


class _Talk(asyncio.Protocol):
    """One sender, who may go a step ahead of our answers (RFC 2920); a message is taken in one look."""

    def __init__(self, notes: IO[str]) -> None:
        self._notes, self._heard, self._recipient, self._in_data = notes, bytearray(), "", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        answers: list[bytes] = []
        while (answer := self._next()) is not None:
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))
        self._notes.flush()

    def _next(self) -> bytes | None:
        end = b"\r\n.\r\n" if self._in_data else b"\r\n"
        at = self._heard.find(end)
        if at < 0:
            return None
        line = bytes(self._heard[:4]).upper()
        if self._in_data:
            self._in_data = False
            self._notes.write(f"{time.monotonic()} {self._recipient}\n")
            answer = b"250 2.0.0 taken\r\n"
        elif line == b"DATA":
            self._in_data, answer = True, b"354 go on\r\n"
        elif line == b"EHLO":
            answer = b"250-sink\r\n250 PIPELINING\r\n"
        else:
            if line == b"RCPT":
                self._recipient = self._heard[:at].decode("ascii").partition("<")[2].partition(">")[0]
            answer = b"250 OK\r\n"
        del self._heard[: at + len(end)]
        if line == b"QUIT":
            self._transport.close()
        return answer


async def _listen(file: Path) -> None:
    with file.open("w", encoding="ascii") as notes:
        server = await asyncio.get_running_loop().create_server(lambda: _Talk(notes), "127.0.0.1", 0)
        notes.write(f"{server.sockets[0].getsockname()[1]}\n")
        notes.flush()
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_listen(Path(sys.argv[1])))
