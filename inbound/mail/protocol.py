"""Protocol: one SMTP or LMTP conversation with a sender's server.

aiosmtpd leads the conversation; what it gets wrong for a door that must never lose a person's words is done here:
a body is read in one go and ends only at CRLF.CRLF, a long line is a line, our own trouble is a temporary answer,
LMTP answers once per recipient (RFC 2033 4.2), and nothing is relayed.
"""

import asyncio
import re
import ssl
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.base.log import logger
from engine.base.metrics import DOOR_REFUSALS, DOOR_SESSIONS
from inbound.mail.allowance import Connections, Disk, Memory, PerMinute
from inbound.mail.path import NULL_SENDER, mailbox_of, read_path
from inbound.network import network_of, wide_network_of
from inbound.receive import Accepted, Answer, Arrival

log = logger(__name__)

END_OF_BODY = b"\r\n.\r\n"
#: How long a sender waits for our database before it is told to come again; RFC 5321 4.5.3.2.6 lets it wait 600 s.
ACCEPT_SECONDS = 60.0
#: How often one connection may say what costs us and brings nothing in.
CALL_LIMITS = {"NOOP": 200, "VRFY": 20, "HELP": 20, "EXPN": 5, "AUTH": 3, "EHLO": 50, "HELO": 50, "*": 100_000}

NOT_STORED = "451 4.3.0 We could not store this just now; nothing is lost, please send it again later"
STOPPING = "421 4.3.2 This server is restarting; nothing is lost, please try again in a minute"
TOO_SLOW = "421 4.4.2 You were silent for too long; please try again"
TOO_MANY = "421 4.7.0 Too many connections from your network; please try again later"
FLOOD = "451 4.7.1 Too much mail from your network just now; nothing is lost, please send it again later"
NO_DISK = "452 4.3.1 We are short of room just now; nothing is lost, please send it again later"
NO_ROOM = "452 4.3.1 Too much mail is coming in just now; please send it again later"

#: RFC 3463 codes for the library's replies that carry none (RFC 2034 wants one in each).
_ENHANCED = {"250": "2.0.0", "252": "2.5.2", "500": "5.5.2", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1"}
_ENHANCED |= {"221": "2.0.0", "552": "5.3.4", "553": "5.1.3", "555": "5.5.4"}
_BARE_REPLY = re.compile(r"(\d{3}) (?!\d\.\d{1,3}\.\d{1,3} )")


class Submit(Protocol):
    """Where a whole message goes."""

    async def __call__(self, arrival: Arrival) -> Answer:
        """The answer once the message is durable, or cannot be."""
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
    conversations: "set[MailConversation]"
    stopping: bool = False


class _Unkept(Enum):
    TOO_BIG = "552 5.3.4 This message is larger than the {megabytes} MB we take"
    NO_ROOM = NO_ROOM


class _Hooks:
    """What aiosmtpd asks of a door at each command."""

    def __init__(self, terms: Terms, shared: Shared) -> None:
        self._terms = terms
        self._shared = shared

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # Nobody signs in here, whatever the library offers once TLS is on.
        offers = [line for line in responses if not line.startswith("250-AUTH")]
        return [*offers[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", offers[-1]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        mailbox = mailbox_of(address, self._terms.domain)
        if mailbox is None:
            return f"550 5.7.1 Relaying denied: this door takes mail for {self._terms.domain} only"
        if len(mailbox) > 320:
            return "553 5.1.3 This address is too long to be one of ours"
        if len(envelope.rcpt_tos) >= self._terms.recipients:
            return "452 4.5.3 Too many recipients at once; please send to the rest in another message"
        envelope.rcpt_tos.append(mailbox)
        await self._slow_down(server, mailbox)
        return "250 2.1.5 OK"

    async def _slow_down(self, server: SMTP, mailbox: str) -> None:
        """Whoever tries reply addresses one after the other waits for each answer, for a good one as for a bad one."""
        assert isinstance(server, MailConversation)
        if server.is_own:
            return
        who = network_of(server.peer)
        if self._terms.is_guess(mailbox):
            self._shared.guesses.add(who)
        if self._shared.guesses.is_over(who):
            log.warning("somebody tries reply addresses one after the other; they are answered slowly", peer=who)
            await asyncio.sleep(self._terms.slow_seconds)

    async def handle_exception(self, error: Exception) -> str:
        log.error("a mail conversation failed; the sender was told to try again", exc_info=error)
        return NOT_STORED


class MailConversation(SMTP):
    """One SMTP connection, from greeting to goodbye."""

    door = "smtp"
    #: The library refuses longer lines with a permanent code, and phones send them. Here it only sizes the buffer.
    line_length_limit = 2**16
    command_size_limit = 2048

    def __init__(self, terms: Terms, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _Hooks(terms, shared),
            data_size_limit=terms.size,
            enable_SMTPUTF8=True,
            hostname=terms.domain,
            ident=f"{self.door.upper()} Hearthline",
            tls_context=terms.tls,
            timeout=terms.command_seconds,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            command_call_limit=CALL_LIMITS,
            loop=loop,
        )
        # The library keeps these in the class, where one connection's greeting resets another's.
        self.command_size_limits = defaultdict(lambda: MailConversation.command_size_limit)
        self._terms = terms
        self._shared = shared
        #: Between DATA and its answer: not to be cut off lightly.
        self.is_busy = False

    @property
    def is_own(self) -> bool:
        """Whether a mail server of ours speaks: it brings in everybody's mail, and is not counted."""
        return self.door == "lmtp" or _is_within(self.peer, self._terms.own)

    @property
    def peer(self) -> str:
        """The network address of whoever speaks."""
        peer = self.session.peer if self.session is not None else None
        return str(peer[0]).removeprefix("::ffff:") if isinstance(peer, tuple) else ""

    async def _handle_client(self) -> None:
        peer = self.peer
        if self._shared.stopping or not self._shared.connections.enter(peer):
            if not self._shared.stopping:
                DOOR_REFUSALS.labels(self.door).inc()
            self.say_goodbye(STOPPING if self._shared.stopping else TOO_MANY)
            return
        self._shared.conversations.add(self)
        DOOR_SESSIONS.labels(self.door).inc()
        try:
            await super()._handle_client()
        finally:
            self._shared.conversations.discard(self)
            DOOR_SESSIONS.labels(self.door).dec()
            self._shared.connections.leave(peer)

    def say_goodbye(self, says: str) -> None:
        """The peer reads why, and the connection closes; nothing more of what it sent is read."""
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(says.encode("ascii") + b"\r\n")
            self.transport.close()
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def _timeout_cb(self) -> None:
        self.say_goodbye(TOO_SLOW)

    async def push(self, status: Any) -> None:
        """Every reply but the greeting carries an RFC 3463 code."""
        if isinstance(status, str):
            match = _BARE_REPLY.match(status)
            if match is not None and match[1] in _ENHANCED and status != f"250 {self.hostname}":
                is_last_offer = status == "250 HELP"
                if not is_last_offer:
                    status = f"{match[1]} {_ENHANCED[match[1]]} {status[4:]}"
            status = status.encode("utf-8", "backslashreplace")
        await super().push(status)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        return read_path(arg) or (None, None)

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self.push("502 5.5.1 Nobody signs in here; this door only takes mail in")

    async def smtp_VRFY(self, arg: str | None) -> None:
        await self.push("252 2.5.2 We do not say who is here, but we take the message")

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self.push("502 5.5.1 We do not say who is on a list")

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        assert envelope is not None
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
        elif arg:
            await self.push("501 5.5.4 Syntax: DATA")
        elif self._shared.memory.is_short:
            await self.push(NO_ROOM)
        elif self._shared.disk.is_short:
            await self.push(NO_DISK)
        elif self._is_flood():
            await self.push(FLOOD)
        else:
            self.is_busy = True
            try:
                await self._take_in(envelope)
            finally:
                self.is_busy = False
            self.envelope = self._create_envelope()
            self._reset_timeout()
            if self._shared.stopping:
                self.say_goodbye(STOPPING)

    def _is_flood(self) -> bool:
        """Whether this message is one too many of its network's in this minute; else it is counted."""
        if self.is_own or not self.peer or _is_within(self.peer, self._terms.uncounted):
            return False
        network = wide_network_of(self.peer)
        if self._shared.messages.is_over(network):
            return True
        self._shared.messages.add(network)
        return False

    async def _take_in(self, envelope: Envelope) -> None:
        """The body was read, and each recipient has an answer."""
        # From here to the answer other clocks run: the body's and the database's.
        self._reset_timeout(self._terms.body_seconds + ACCEPT_SECONDS * 2)
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        held = 0
        try:
            try:
                async with asyncio.timeout(self._terms.body_seconds):
                    body, held = await self._read_body()
            except TimeoutError:
                self.say_goodbye(TOO_SLOW)
                return
            except Exception as error:
                # We no longer know where the body ends: what follows must not be read as commands.
                log.error("a body could not be read", exc_info=error)
                self.say_goodbye(NOT_STORED.replace("451", "421", 1))
                return
            if isinstance(body, _Unkept):
                status = body.value.format(megabytes=self._terms.size // 2**20)
            else:
                status = await self._accept(envelope, body)
            await self._answer_body(envelope, status)
        finally:
            self._shared.memory.give_back(held)

    async def _read_body(self) -> tuple[bytes | _Unkept, int]:
        """The body without its transparency dots (RFC 5321 4.5.2), and how much memory is counted for it.

        Only CRLF.CRLF ends it: a lone CR or LF is part of the text, whatever stands around it. What is too much is
        still read to its end, so that no part of it is taken for commands.
        """
        reader, memory = self._reader, self._shared.memory
        # The line end of DATA itself is the first half of an empty message's end (RFC 5321 4.1.1.4).
        reader._buffer[0:0] = b"\r\n"  # type: ignore[attr-defined]
        # At most every third byte is a transparency dot's; the exact size is known at the end.
        wire_limit = self._terms.size + self._terms.size // 3 + len(END_OF_BODY)
        pieces: list[bytes] = []
        held = read = 0
        unkept: _Unkept | None = None
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
                        unkept = _Unkept.TOO_BIG
                    elif not memory.take(len(piece)):
                        unkept = _Unkept.NO_ROOM
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
        return (_Unkept.TOO_BIG if len(body) > self._terms.size else body), held

    async def _accept(self, envelope: Envelope, body: bytes) -> str:
        session = self.session
        assert session is not None
        sender = envelope.mail_from or ""
        arrival = Arrival(
            door=self.door,
            recipients=tuple(envelope.rcpt_tos),
            body=body,
            peer=self.peer,
            helo=session.host_name or "",
            mail_from="" if sender == NULL_SENDER else sender,
        )
        try:
            async with asyncio.timeout(ACCEPT_SECONDS):
                answer = await self._shared.submit(arrival)
        except TimeoutError:
            return NOT_STORED
        except Exception as error:
            log.error("a message could not be handed over", exc_info=error)
            return NOT_STORED
        match answer:
            case Accepted(ids):
                return f"250 2.0.0 OK, kept as {ids[0]}"
            case _:
                return NOT_STORED

    async def _answer_body(self, envelope: Envelope, status: str) -> None:
        await self.push(status)


@lru_cache(maxsize=1024)
def _is_within(peer: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address is of one of these networks; asked for each message, of the same few peers."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in each for each in networks)


class LocalConversation(MailConversation):
    """One LMTP connection (RFC 2033): LHLO, and after the body one answer per recipient."""

    door = "lmtp"

    async def smtp_LHLO(self, arg: str | None) -> None:
        await super().smtp_EHLO(arg or "")

    async def smtp_HELO(self, arg: str | None) -> None:
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def smtp_EHLO(self, arg: str | None) -> None:
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def check_helo_needed(self, helo: str = "LHLO") -> bool:
        """Whether the peer has not greeted yet."""
        return await super().check_helo_needed("LHLO")

    async def _answer_body(self, envelope: Envelope, status: str) -> None:
        for _ in envelope.rcpt_tos:
            await self.push(status)
