"""A relay on loopback that can be told to be difficult."""

import asyncio
import ssl
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "hearthline", "a long one"


@dataclass(frozen=True)
class Taken:
    """One mail that the relay took."""

    mail_from: str
    rcpt_to: str
    raw: bytes
    connection: int

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass
class Relay:
    """Takes mail, unless told otherwise. Replies stand in a queue per command; an empty queue means yes."""

    security: str = "none"
    login: bool = False
    tls: ssl.SSLContext | None = None
    taken: list[Taken] = field(default_factory=list)
    mail_replies: deque[str] = field(default_factory=deque)
    rcpt_replies: deque[str] = field(default_factory=deque)
    data_replies: deque[str] = field(default_factory=deque)
    #: What recipients of these domains are answered, every time.
    domain_replies: dict[str, str] = field(default_factory=dict)
    #: Hang up after so many DATA commands' 354, before the body is read.
    hang_up_in_data: int = 0
    #: Take so many bodies whole, and hang up without an answer.
    hang_up_after_body: int = 0
    slow_seconds: float = 0.0
    #: Let senders go a step ahead of its answers (RFC 2920).
    pipelining: bool = True
    connections: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._open: set[Any] = set()

    def __enter__(self) -> "Relay":
        relay = self

        class Server(SMTP):
            async def smtp_DATA(self, arg: str) -> None:
                if relay.hang_up_in_data:
                    relay.hang_up_in_data -= 1
                    await self.push("354 go on")
                    assert isinstance(self.transport, asyncio.Transport)
                    self.transport.abort()
                    return
                await super().smtp_DATA(arg)

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                # A STARTTLS calls it again for the same connection.
                if not hasattr(self, "number"):
                    with relay._lock:
                        relay.connections += 1
                        self.number = relay.connections
                        relay._open.add(self)
                super().connection_made(transport)

        def door() -> Server:
            return Server(
                relay,
                hostname="relay.example",
                tls_context=relay.tls if relay.security == "starttls" else None,
                require_starttls=relay.security == "starttls",
                auth_required=relay.login,
                auth_require_tls=False,
                authenticator=relay._authenticate if relay.login else None,
                loop=relay._loop,
            )

        async def listen() -> asyncio.Server:
            tls = relay.tls if relay.security == "tls" else None
            return await relay._loop.create_server(door, "127.0.0.1", relay.port, ssl=tls)

        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(60)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self.hang_up_on_everybody()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def hang_up_on_everybody(self) -> None:
        """Every open connection is cut, as when a relay restarts."""

        async def cut() -> None:
            for server in self._open:
                if server.transport is not None:
                    server.transport.abort()
            self._open.clear()
            # Once round the loop, for the transports to tell the other side.
            await asyncio.sleep(0.01)

        asyncio.run_coroutine_threadsafe(cut(), self._loop).result(60)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(["250-PIPELINING"] if self.pipelining else []), *responses[1:]]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail_replies:
            return self.mail_replies.popleft()
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_replies and not (reply := self.rcpt_replies.popleft()).startswith("250"):
            return reply
        if reply := self.domain_replies.get(address.rpartition("@")[2].lower(), ""):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.slow_seconds:
            await asyncio.sleep(self.slow_seconds)
        if self.data_replies and not (reply := self.data_replies.popleft()).startswith("250"):
            return reply
        assert isinstance(envelope.original_content, bytes)
        with self._lock:
            self.taken.append(
                Taken(str(envelope.mail_from), envelope.rcpt_tos[0], envelope.original_content, server.number)
            )
            if self.hang_up_after_body:
                self.hang_up_after_body -= 1
                server.transport.abort()
        return f"250 2.0.0 taken as {len(self.taken)}"

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own making, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "relay.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client
