"""The post office: the mail servers of the whole outside world, on loopback.

Our relay hands it everything we send, whoever it is for, and it stays in mailboxes here: nothing can leave the machine.
Mail for our own domain goes to our own door, as its MX record would have it.
"""

import asyncio
import smtplib
import threading
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from admin.sandbox.pen import bare_address
from admin.sandbox.store import Store
from engine.base.clock import Clock

#: What the world's mail servers call themselves where they say whose mail it is (RFC 8601).
HOST = "world.example"


def stamp(raw: bytes, mail_from: str) -> bytes:
    """The mail as a mail server that knows its own people hands it on: what strangers wrote in its name is gone, and on
    top stands whether the writer's own mailbox is in the From line (RFC 8601 section 5)."""
    line_end = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"
    end = raw.find(line_end * 2)
    head, body = (raw[:end], raw[end:]) if end >= 0 else (raw, b"")
    headers: Any = BytesHeaderParser().parsebytes(head)
    # A long From line is folded, and an address is read from one line.
    written_by = bare_address(" ".join(str(headers.get("From", "")).split()))
    result = "pass" if mail_from and written_by.lower() == mail_from.lower() else "fail" if mail_from else "none"
    kept: list[bytes] = []
    is_forged = False
    for line in head.split(line_end):
        if line[:1] not in (b" ", b"\t"):
            is_forged = line.lower().startswith(b"authentication-results:") and HOST.encode() in line.lower()
        if not is_forged:
            kept.append(line)
    domain = written_by.rpartition("@")[2].encode("ascii", "replace")
    mark = b"Authentication-Results: %s; dmarc=%s header.from=%s" % (HOST.encode(), result.encode(), domain)
    return line_end.join([mark, *kept]) + body


@dataclass(frozen=True, slots=True)
class OurMail:
    """Where mail for our own domain goes: the port of our SMTP door on this machine."""

    domain: str
    port: int


class _Server(SMTP):
    line_length_limit = 1 << 20


class PostOffice:
    """A real SMTP server that takes in all mail and keeps it."""

    def __init__(self, store: Store, clock: Clock, *, port: int = 0, ours: OurMail | None = None) -> None:
        self._store = store
        self._ours = ours
        self._clock = clock
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._conversations: WeakSet[SMTP] = WeakSet()
        self._thread = threading.Thread(target=self._loop.run_forever, name="post office", daemon=True)

    def start(self) -> None:
        """Mail is taken in; `port` says where."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """No mail is taken in any more."""
        if self._server is not None:
            asyncio.run_coroutine_threadsafe(self._hang_up(self._server), self._loop).result(10)
            self._server = None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    async def _hang_up(self, server: asyncio.Server) -> None:
        """Whoever is connected sees at once that nobody is there, and waits for no answer."""
        server.close()
        for conversation in self._conversations:
            if conversation.transport is not None:
                conversation.transport.close()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next turn

    async def _listen(self) -> asyncio.Server:
        # Our relay keeps its connections for a while between letters.
        def make() -> SMTP:
            conversation = _Server(self, hostname=HOST, enable_SMTPUTF8=True, timeout=600, loop=self._loop)
            self._conversations.add(conversation)
            return conversation

        return await self._loop.create_server(make, "127.0.0.1", self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """The message stands in every recipient's mailbox, once, before the answer."""
        raw = bytes(envelope.original_content or b"")
        headers: Any = BytesHeaderParser().parsebytes(raw)
        message_id = str(headers.get("Message-ID", "")).strip()
        at = self._clock.now()
        ours = [each for each in envelope.rcpt_tos if self._is_ours(each)]
        with self._store.together():
            for recipient in envelope.rcpt_tos:
                if recipient not in ours:
                    self._store.arrive(recipient, envelope.mail_from or "", message_id, raw, at)
        if ours:
            return await self._loop.run_in_executor(None, self._to_our_door, envelope.mail_from or "", ours, raw)
        return "250 2.0.0 in the mailbox"

    def _is_ours(self, recipient: str) -> bool:
        return self._ours is not None and recipient.rpartition("@")[2].lower() == self._ours.domain.lower()

    def _to_our_door(self, mail_from: str, recipients: list[str], raw: bytes) -> str:
        if self._ours is None:
            return "451 4.4.1 our own door is not known"
        try:
            with smtplib.SMTP("127.0.0.1", self._ours.port, "world.example", timeout=30) as door:
                door.sendmail(mail_from, recipients, raw)
        except (OSError, smtplib.SMTPException):
            return "451 4.4.1 our own door does not answer"
        return "250 2.0.0 through our own door"
