"""A relay of the outside world, on a real socket, that fails in every way it can, by dice that a seed has set.

It keeps what it took and whether its yes can have been heard, so that a test can count what came again, and why.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from random import Random
from types import TracebackType
from typing import Any, Final, TypeVar

from engine.base.settings import Settings
from engine.channels.email import SmtpRelay
from tests.outbox.conftest import House

_T = TypeVar("_T")

#: What it says to recipients it takes no mail for. Those of one host are told "slower" where others are told "later".
REFUSAL: Final = "554 5.7.1 no mail from you to this mailbox"
BUSY_HOST: Final = "busy.example"
#: Of a hundred messages: so many of each fault; the others are answered as they should be.
FAULTS: Final[Mapping[str, int]] = {
    "451 at MAIL": 3, "421 at MAIL": 2, "451 at RCPT": 6, "450 after the data": 4,
    "hang up within the data": 4, "hang up, taken": 4, "half a yes, taken": 2, "slow": 2, "odd pieces": 3,
}  # fmt: skip
#: After these it has the message, and the sender cannot know.
UNHEARD: Final = ("hang up, taken", "half a yes, taken", "silence, taken")
#: After these the sender has its yes at the first try.
HARMLESS: Final = ("slow", "odd pieces")
#: Of a hundred connections so many are turned away at the greeting, and so many may go a step ahead (RFC 2920).
TURNED_AWAY: Final = 20
AHEAD: Final = 50
#: Seconds.
SLOW: Final = 0.05


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message that the relay has taken; `heard`: it said yes to it."""

    message_id: str
    recipient: str
    heard: bool


@dataclass(frozen=True, slots=True)
class _Talk:
    """One connection, and how its answers are written."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, reply: str) -> None:
        self.writer.write(f"{reply}\r\n".encode())
        await self.writer.drain()

    async def say_in_pieces(self, reply: str, dice: Random) -> None:
        left = f"{reply}\r\n".encode()
        while left:
            size = dice.randint(1, 5)
            self.writer.write(left[:size])
            await self.writer.drain()
            await asyncio.sleep(0.001)
            left = left[size:]

    def hang_up(self) -> None:
        self.writer.transport.abort()


class _HungUp(Exception):
    """This connection is over."""


@dataclass
class FaultyRelay:
    """Listens on loopback while its block runs. `refuses`: for these recipients it never takes mail."""

    seed: int
    shares: Mapping[str, int] = field(default_factory=lambda: FAULTS)
    turned_away: int = TURNED_AWAY
    ahead: int = AHEAD
    #: So many connections at a time; others are turned away too.
    room: int = 1000
    refuses: Collection[str] = ()
    accepted: list[Accepted] = field(default_factory=list)
    #: How often each fault was played, and how many messages were begun.
    faults: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    #: How often each recipient was refused for good.
    refused: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def __post_init__(self) -> None:
        # Dice for each choice: the nth message has the same fault, in whatever order connections come.
        self._of_messages, self._of_door, self._of_ahead, self._of_pieces = (
            Random(f"{self.seed} {what}") for what in ("messages", "door", "ahead", "pieces")
        )
        self._coming: list[str] = []
        self._inside = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty relay", daemon=True)

    def __enter__(self) -> "FaultyRelay":
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._welcome, "127.0.0.1", 0, limit=1 << 20))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async def end() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def recovers(self) -> None:
        """From now on nothing goes wrong with a message."""
        self.shares, self._coming = {}, []

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = _Talk(reader, writer)
        self._inside += 1
        try:
            if self._of_door.random() * 100 < self.turned_away or self._inside > self.room:
                self.faults["421 at the greeting"] += 1
                await talk.say("421 4.7.0 relay.example has too many connections")
                return
            await talk.say("220 relay.example at your service")
            await self._serve(talk)
        except (_HungUp, OSError, asyncio.IncompleteReadError):
            talk.hang_up()
        finally:
            self._inside -= 1
            writer.close()

    async def _serve(self, talk: _Talk) -> None:
        """The commands of one connection, one after the other."""
        fault, named, recipient = "", False, ""
        while line := await talk.reader.readline():
            match line[:4].upper():
                case b"EHLO":
                    ahead = "250-PIPELINING\r\n" if self._of_ahead.random() * 100 < self.ahead else ""
                    await talk.say(f"250-relay.example\r\n{ahead}250 SIZE 10240000")
                case b"MAIL":
                    fault, recipient = self._falls(), ""
                    reply = self._to_sender(fault)
                    named = reply.startswith("250")
                    await talk.say(reply)
                    if reply.startswith("421"):
                        raise _HungUp
                case b"RCPT" if named:
                    whom = line.partition(b"<")[2].partition(b">")[0].decode()
                    reply = self._to_recipient(fault, whom)
                    recipient = whom if reply.startswith("250") else ""
                    await talk.say(reply)
                case b"RCPT" | b"DATA" if not recipient:
                    await talk.say("503 5.5.1 from whom, for whom?")
                case b"DATA":
                    await self._message(talk, fault, recipient)
                case b"QUIT":
                    await talk.say("221 2.0.0 bye")
                    return
                case _:
                    await talk.say("250 2.0.0 as you wish")

    def _falls(self) -> str:
        """What goes wrong with the message that now begins; empty: nothing."""
        self.messages += 1
        if not self._coming:
            wrong = [fault for fault, share in self.shares.items() for _ in range(share)]
            self._coming = [*wrong, *[""] * (100 - len(wrong))]
            self._of_messages.shuffle(self._coming)
        return self._coming.pop()

    def _to_sender(self, fault: str) -> str:
        if fault not in ("451 at MAIL", "421 at MAIL"):
            return "250 2.1.0 go on"
        self.faults[fault] += 1
        return f"{fault[:3]} 4.7.0 relay.example is busy"

    def _to_recipient(self, fault: str, recipient: str) -> str:
        if recipient in self.refuses:
            self.refused[recipient] += 1
            # What could not befall this one befalls the next.
            self._coming.append(fault)
            return REFUSAL
        if fault != "451 at RCPT":
            return "250 2.1.5 go on"
        self.faults[fault] += 1
        slower = recipient.endswith(f"@{BUSY_HOST}")
        return "451 4.7.28 its host wants less from you" if slower else "451 4.3.0 come again"

    async def _message(self, talk: _Talk, fault: str, recipient: str) -> None:
        await talk.say("354 go on")
        if fault == "hang up within the data":
            self.faults[fault] += 1
            await talk.reader.readline()
            raise _HungUp
        raw = await talk.reader.readuntil(b"\r\n.\r\n")
        if fault == "450 after the data":
            self.faults[fault] += 1
            await talk.say("450 4.3.0 could not keep it")
            return
        message_id = str(message_from_bytes(raw)["Message-ID"])
        self.accepted.append(Accepted(message_id, recipient, fault not in UNHEARD))
        yes = f"250-2.0.0 taken\r\n250 2.0.0 as {len(self.accepted)}"
        if fault in UNHEARD or fault in HARMLESS:
            self.faults[fault] += 1
        match fault:
            case "hang up, taken":
                raise _HungUp
            case "half a yes, taken":
                talk.writer.write(b"25")
                raise _HungUp
            case "silence, taken":
                await talk.reader.read()
                raise _HungUp
            case "slow":
                await asyncio.sleep(SLOW)
                await talk.say(yes)
            case "odd pieces":
                await talk.say_in_pieces(yes, self._of_pieces)
            case _:
                await talk.say(yes)


@contextmanager
def by_way_of(house: House, relay: FaultyRelay, timeout_seconds: float = 30.0) -> Iterator[None]:
    """While the block runs, the house's mail leaves by this relay."""
    patience = {"timeout_seconds": timeout_seconds, "answer_seconds": timeout_seconds}
    mail = {**house.services.settings.mail.model_dump(), "port": relay.port, **patience}
    settings = Settings.model_validate({**house.services.settings.model_dump(), "mail": mail})
    channel = SmtpRelay(settings.mail)
    before, house.services = house.services, replace(house.services, settings=settings, mail=channel)
    try:
        yield
    finally:
        house.services = before
        channel.close()
