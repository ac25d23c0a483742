"""The post office: the mail servers of the whole outside world, on loopback.

Our relay hands it everything we send, whoever it is for, and it stays in mailboxes here: nothing can leave the machine.
"""

from email.parser import BytesHeaderParser
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from admin.sandbox.store import Store
from engine.base.clock import Clock


class _Server(SMTP):
    line_length_limit = 1 << 20


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, hostname="world.example", decode_data=False, enable_SMTPUTF8=True)


class PostOffice:
    """A real SMTP server that takes in all mail and keeps it."""

    def __init__(self, store: Store, clock: Clock, *, port: int = 0) -> None:
        self._store = store
        self._clock = clock
        self._controller = _Controller(self, hostname="127.0.0.1", port=port, ready_timeout=10)
        self.port = port

    def start(self) -> None:
        """Mail is taken in; `port` says where."""
        self._controller.start()
        server = self._controller.server
        if server is not None:
            self.port = server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]

    def stop(self) -> None:
        """No mail is taken in any more."""
        self._controller.stop(no_assert=True)

    async def handle_DATA(  # noqa: N802  (the name aiosmtpd calls)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """The message stands in every recipient's mailbox before the answer."""
        raw = bytes(envelope.original_content or b"")
        headers: Any = BytesHeaderParser().parsebytes(raw)
        message_id = str(headers.get("Message-ID", "")).strip()
        at = self._clock.now()
        with self._store.together():
            for recipient in envelope.rcpt_tos:
                self._store.keep(recipient, "in", envelope.mail_from or "", message_id, raw, at)
        return "250 2.0.0 in the mailbox"
