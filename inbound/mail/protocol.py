"""Protocol: one SMTP or LMTP conversation with a sender's server.

aiosmtpd leads the conversation; what it gets wrong for a door that must never lose a person's words is done here:
a body is read in one go and ends only at CRLF.CRLF, a long line is a line, our own trouble is a temporary answer,
LMTP answers once per recipient (RFC 2033 4.2), and nothing is relayed.
"""

import asyncio
from collections import defaultdict
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.base.log import logger
from engine.base.metrics import DOOR_REFUSALS, DOOR_SESSIONS
from inbound.mail.body import Unkept, read_body
from inbound.mail.path import NULL_SENDER, mailbox_of, read_path
from inbound.mail.replies import FLOOD, NO_DISK, NO_ROOM, NOT_STORED, STOPPING, TOO_MANY, TOO_SLOW, reply_line
from inbound.mail.terms import Shared, Terms, is_within
from inbound.network import network_of, wide_network_of
from inbound.receive import Accepted, Answer, Arrival

log = logger(__name__)

#: How long a sender waits for our database before it is told to come again; RFC 5321 4.5.3.2.6 lets it wait 600 s.
ACCEPT_SECONDS = 60.0
#: How often one connection may say what costs us and brings nothing in.
CALL_LIMITS = {"NOOP": 200, "VRFY": 20, "HELP": 20, "EXPN": 5, "AUTH": 3, "EHLO": 50, "HELO": 50, "*": 100_000}


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
        #: The network address of whoever speaks.
        self.peer = ""
        #: Whether a mail server of ours speaks: it brings in everybody's mail, and is not counted.
        self.is_own = False
        self._is_counted = True
        #: The answer to the last body, which may be on its way.
        self._asked: asyncio.Future[Answer] | None = None
        #: When the peer has been silent for too long, by the loop's clock.
        self._silent_at = 0.0
        #: Between DATA and its answer: not to be cut off lightly.
        self.is_busy = False

    def _look_who_speaks(self) -> str:
        """Their network address; what is asked of it at each message is asked once."""
        name = self.session.peer if self.session is not None else None
        self.peer = peer = str(name[0]).removeprefix("::ffff:") if isinstance(name, tuple) else ""
        self.is_own = self.door == "lmtp" or is_within(peer, self._terms.own)
        self._is_counted = not self.is_own and bool(peer) and not is_within(peer, self._terms.uncounted)
        return peer

    async def _handle_client(self) -> None:
        peer = self._look_who_speaks()
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
        self._hang_up()

    def _hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def eof_received(self) -> bool | None:
        """The peer says no more, and may listen still: what it said before is answered, and then we close.

        The library would hang up at once, so that a sender whose mail we have would hear nothing and send it again.
        Over TLS Python closes both sides together, whatever is said here.
        """
        if self.session is None or self.session.ssl is not None:
            return super().eof_received()
        self._reader.feed_eof()
        return True

    async def handle_exception(self, error: Exception) -> str:
        """What a command that broke is answered. One that ends in the middle, or never begins, is a goodbye."""
        if not isinstance(error, asyncio.IncompleteReadError):
            return await super().handle_exception(error)
        self._hang_up()
        return ""  # which nobody hears

    def _reset_timeout(self, duration: float | None = None) -> None:
        """The peer has so many seconds from now. The timer that runs is left alone and looks when it rings: a clock set
        anew at each command costs more than the command."""
        self._silent_at = self.loop.time() + (duration or self._timeout_duration)
        timer = self._timeout_handle
        if timer is None or timer.cancelled() or self._silent_at < timer.when():
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_at(self._silent_at, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.loop.time() < self._silent_at:
            self._set_timer()
        elif self._asked is not None and not self._asked.done():
            # It is our database that is slow, and not the peer.
            self._asked.set_exception(TimeoutError())
        else:
            self.say_goodbye(TOO_SLOW)

    async def push(self, status: Any) -> None:
        """Every reply but the greeting carries an RFC 3463 code."""
        line = reply_line(status, f"250 {self.hostname}") if isinstance(status, str) else status
        transport = self.transport
        closing = transport is None or transport.is_closing()
        if not closing:
            self._writer.write(line + b"\r\n")
        # Nearly always it is on its way at once; only who does not read our replies is waited for.
        if closing or self._writer.transport.get_write_buffer_size():
            await self._writer.drain()

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
        if not self._is_counted:
            return False
        network = wide_network_of(self.peer)
        if self._shared.messages.is_over(network):
            return True
        self._shared.messages.add(network)
        return False

    async def _take_in(self, envelope: Envelope) -> None:
        """The body was read, and each recipient has an answer."""
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        # All of the body within this, however it trickles.
        self._reset_timeout(self._terms.body_seconds)
        held = 0
        try:
            try:
                body, held = await read_body(self._reader, self._shared.memory, self._terms.size)
            except Exception as error:
                # We no longer know where the body ends: what follows must not be read as commands.
                if not isinstance(error, asyncio.IncompleteReadError):
                    log.error("a body could not be read", exc_info=error)
                self.say_goodbye(NOT_STORED.replace("451", "421", 1))
                return
            if isinstance(body, Unkept):
                status = body.value.format(megabytes=self._terms.size // 2**20)
            else:
                status = await self._accept(envelope, body)
            await self._answer_body(envelope, status)
        finally:
            self._shared.memory.give_back(held)

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
            self._asked = self._shared.submit(arrival)
            self._reset_timeout(ACCEPT_SECONDS)
            answer = await self._asked
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
        await self.push(status.encode("ascii"))


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
            await self.push(status.encode("ascii"))
