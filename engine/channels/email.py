"""Mail out: a relay spoken to by SMTP over kept connections, with STARTTLS, TLS and sign-in."""

import re
import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.base.log import logger
from engine.base.services import NotSent, Sent
from engine.base.setting_groups.mail import Mail
from engine.channels.failures import Stage, from_exception, from_reply
from engine.channels.provider_headers import provider_headers

#: A connection that rested longer is not trusted again; relays hang up after one to five minutes (RFC 5321 4.5.3.2).
REST_SECONDS = 45.0
#: Messages over one connection; many relays hang up after 100.
MESSAGES_PER_CONNECTION = 90
#: The dot that ends a message, doubled within it (RFC 5321 4.5.2).
_DOTS = re.compile(rb"(?m)^\.")

log = logger(__name__)


@dataclass(slots=True)
class _Connection:
    smtp: smtplib.SMTP
    sent: int = 0
    rested_at: float = field(default_factory=time.monotonic)


class SmtpRelay:
    """A MailChannel: as many messages at a time as `mail.connections` says, each over a connection of its own."""

    def __init__(self, mail: Mail, *, tls: ssl.SSLContext | None = None, greeting_name: str | None = None) -> None:
        self._mail = mail
        self._tls = tls
        self._greeting_name = greeting_name or (mail.domain if mail.domain != "localhost" else None)
        self._free: list[_Connection] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(max(1, mail.connections))

    def send(self, return_path: str, recipient: str, message: bytes) -> Sent | NotSent:
        """The relay has the message, or the reason why not. Never raises for the relay's trouble."""
        message = provider_headers(self._mail.host, return_path) + message
        with self._room:
            kept = self._take()
            if kept is not None:
                outcome = self._over(kept, return_path, recipient, message)
                # A kept connection may have died while it rested: before the message itself, nothing was taken.
                if not isinstance(outcome, _Died):
                    return outcome
            try:
                fresh = _Connection(self._connect())
            except Exception as error:
                return self._no_connection(error)
            outcome = self._over(fresh, return_path, recipient, message)
            return outcome.reason if isinstance(outcome, _Died) else outcome

    def close(self) -> None:
        """Kept connections are given back."""
        with self._lock:
            free, self._free = self._free, []
        for connection in free:
            _hang_up(connection.smtp)

    def _take(self) -> _Connection | None:
        while True:
            with self._lock:
                if not self._free:
                    return None
                connection = self._free.pop()
            if time.monotonic() - connection.rested_at < REST_SECONDS:
                return connection
            _hang_up(connection.smtp)

    def _keep(self, connection: _Connection) -> None:
        connection.sent += 1
        if connection.sent >= MESSAGES_PER_CONNECTION:
            _hang_up(connection.smtp)
            return
        connection.rested_at = time.monotonic()
        with self._lock:
            self._free.append(connection)

    def _connect(self) -> smtplib.SMTP:
        mail = self._mail
        context = self._tls or ssl.create_default_context()
        smtp: smtplib.SMTP
        if mail.security == "tls":
            smtp = smtplib.SMTP_SSL(
                mail.host, mail.port, local_hostname=self._greeting_name, timeout=mail.timeout_seconds, context=context
            )
        else:
            smtp = smtplib.SMTP(mail.host, mail.port, local_hostname=self._greeting_name, timeout=mail.timeout_seconds)
        try:
            if mail.security == "starttls":
                # Raises when the relay does not offer it: we never go on in the clear.
                smtp.starttls(context=context)
            if mail.user:
                smtp.login(mail.user, mail.password)
            smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _over(
        self, connection: _Connection, return_path: str, recipient: str, message: bytes
    ) -> "Sent | NotSent | _Died":
        smtp = connection.smtp
        stage = Stage.SENDER
        whole = False
        try:
            options = [f"size={len(message)}"] if smtp.has_extn("size") else []
            refused = _refusal(stage, lambda: smtp.mail(return_path, options))
            if refused is None:
                stage = Stage.RECIPIENT
                refused = _refusal(stage, lambda: smtp.rcpt(recipient))
            if refused is None:
                stage = Stage.DATA
                refused = _refusal(stage, lambda: smtp.docmd("DATA"), expected=354)
            if refused is not None:
                return self._after_refusal(connection, refused)
            smtp.send(_DOTS.sub(b"..", message) + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"))
            whole = True
            code, words = smtp.getreply()
        except Exception as error:
            smtp.close()
            reason = from_exception(stage, error, may_have_left=whole)
            return reason if whole else _Died(reason)
        if code != 250:
            return self._after_refusal(connection, from_reply(Stage.DATA, code, words))
        self._keep(connection)
        return Sent(provider_id=" ".join(words.decode("utf-8", "replace").split())[:200])

    def _after_refusal(self, connection: _Connection, refused: NotSent) -> "NotSent | _Died":
        if refused.code.startswith("421"):
            connection.smtp.close()
            # A relay that tires of a kept connection says 421 too; a fresh one tells whether it means us.
            return _Died(refused)
        try:
            connection.smtp.rset()
        except (OSError, smtplib.SMTPException):
            connection.smtp.close()
        else:
            self._keep(connection)
        return refused

    def _no_connection(self, error: Exception) -> NotSent:
        if isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
            return from_reply(Stage.CONNECT, error.smtp_code, error.smtp_error)
        reason = from_exception(Stage.CONNECT, error)
        log.warning("the mail relay cannot be used", host=self._mail.host, says=reason.says, error=str(error)[:200])
        return reason


@dataclass(frozen=True, slots=True)
class _Died:
    """The connection ended before the message was handed over, so it may be tried once more over another."""

    reason: NotSent


def _refusal(stage: Stage, ask: Callable[[], tuple[int, bytes]], expected: int = 250) -> NotSent | None:
    code, words = ask()
    if code == -1:
        raise smtplib.SMTPServerDisconnected("the relay hung up")
    if code == expected or (stage is Stage.RECIPIENT and code == 251):
        return None
    return from_reply(stage, code, words)


def _hang_up(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()
