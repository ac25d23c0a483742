"""Mail out: a relay spoken to by SMTP over kept connections, with STARTTLS, TLS and sign-in."""

import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from engine.base.log import logger
from engine.base.services import NotSent, OutgoingMail, Sent
from engine.base.setting_groups.mail import Mail
from engine.channels import pipeline
from engine.channels.batch import MailBatch
from engine.channels.failures import Stage, from_exception, from_reply
from engine.channels.pipeline import Numbered
from engine.channels.provider_headers import provider_headers

#: A connection that rested longer is not trusted again; relays hang up after one to five minutes (RFC 5321 4.5.3.2).
REST_SECONDS = 45.0
#: The machine's certificates are read anew after so long: they are renewed while we run.
TRUSTED_SECONDS = 3600.0
#: Messages over one connection; many relays hang up after 100.
MESSAGES_PER_CONNECTION = 90
#: A relay that takes so many a second over each connection needs no more; how often that is looked at (seconds).
FAST_ENOUGH, LOOK_AGAIN = 200, 0.02

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
        self._trust: tuple[float, ssl.SSLContext] | None = None
        self._greeting_name = greeting_name or (mail.domain if mail.domain != "localhost" else None)
        self._free: list[_Connection] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(max(1, mail.connections))

    def send(self, return_path: str, recipient: str, message: bytes) -> Sent | NotSent:
        """The relay has the message, or the reason why not. Never raises for the relay's trouble."""
        message = provider_headers(self._mail.host, return_path) + message
        with self._room:
            return self._one(self._take(), return_path, recipient, message)

    def send_many(self, mails: Sequence[OutgoingMail], until: float) -> list[Sent | NotSent | None]:
        """What the relay said to each, in order; None for those not begun before `until` (monotonic seconds).

        One connection carries them as long as it gets on; for a relay that is far or slow others are added, up to
        `mail.connections`. More of them at a near one would only take turns at our own core.
        """
        batch = MailBatch([self._with_headers(each) for each in mails], until)
        if len(mails) == 1:
            self._carry(batch)
        else:
            self._carry_together(batch, len(mails))
        for number in batch.begun:
            batch.settle(number, NotSent(False, "channel", "Our own mail channel broke.", unknown=True))
        return batch.outcomes

    def _carry_together(self, batch: MailBatch, count: int) -> None:
        carriers = [self._carrier(batch)]
        while alive := [each for each in carriers if each.is_alive()]:
            before = batch.settled
            alive[0].join(LOOK_AGAIN)
            slow = batch.settled - before < LOOK_AGAIN * FAST_ENOUGH * len(alive)
            if slow and not batch.full and len(alive) < self._mail.connections and batch.settled < count:
                carriers.append(self._carrier(batch))

    def _with_headers(self, mail: OutgoingMail) -> OutgoingMail:
        above = provider_headers(self._mail.host, mail.return_path)
        return replace(mail, message=above + mail.message) if above else mail

    def _carrier(self, batch: MailBatch) -> threading.Thread:
        thread = threading.Thread(target=self._carry, args=(batch,), name="courier", daemon=True)
        thread.start()
        return thread

    def _carry(self, batch: MailBatch) -> None:
        """One connection after the other carries mails of the batch until there are none, or no time."""
        with self._room:
            batch.begin()
            while (mail := batch.take_or_leave()) is not None:
                try:
                    if not self._carry_from(batch, mail):
                        return
                except Exception as error:
                    log.exception("the mail channel broke")
                    if mail[0] in batch.begun:
                        says = f"Our own mail channel broke ({type(error).__name__})."
                        batch.settle(mail[0], NotSent(False, "channel", says, unknown=True))

    def _carry_from(self, batch: MailBatch, first: Numbered) -> bool:
        """This mail went over one connection, and those after it where the relay takes pipelining.

        False where no connection could be made, and others carry on.
        """
        connection = self._take()
        if connection is None:
            try:
                connection = _Connection(self._connect())
            except Exception as error:
                reason = self._no_connection(error)
                if batch.leave_to_others(first):
                    return False
                batch.settle(first[0], reason)
                return True
        if connection.smtp.has_extn("pipelining"):
            self._carry_over(connection, batch, first)
        else:
            mail = first[1]
            batch.settle(first[0], self._one(connection, mail.return_path, mail.recipient, mail.message))
        return True

    def _carry_over(self, connection: _Connection, batch: MailBatch, first: Numbered) -> None:
        """This mail and those after it, each begun before the answer to the one before it has come."""
        room = MESSAGES_PER_CONNECTION - connection.sent - 1
        begun = 0

        def take() -> Numbered | None:
            nonlocal begun
            taken = batch.take() if begun < room else None
            begun += taken is not None
            return taken

        ended = pipeline.run(connection.smtp, first, take, batch.settle, self._mail.answer_seconds)
        if ended.left is not None and ended.reason is not None:
            batch.give_back(ended.left, ended.reason)
        if ended.alive:
            connection.sent += begun
            self._keep(connection)

    def _one(self, kept: _Connection | None, return_path: str, recipient: str, message: bytes) -> Sent | NotSent:
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
        smtp: smtplib.SMTP
        if mail.security == "tls":
            smtp = smtplib.SMTP_SSL(
                mail.host,
                mail.port,
                local_hostname=self._greeting_name,
                timeout=mail.timeout_seconds,
                context=self._trusted(),
            )
        else:
            smtp = smtplib.SMTP(mail.host, mail.port, local_hostname=self._greeting_name, timeout=mail.timeout_seconds)
        try:
            if mail.security == "starttls":
                # Raises when the relay does not offer it: we never go on in the clear.
                smtp.starttls(context=self._trusted())
            if mail.user:
                smtp.login(mail.user, mail.password)
            smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _trusted(self) -> ssl.SSLContext:
        """Whom we trust: the machine's certificates, which take as long to read as a hundred mails to send."""
        if self._tls is not None:
            return self._tls
        now, trust = time.monotonic(), self._trust
        if trust is None or now - trust[0] > TRUSTED_SECONDS:
            trust = self._trust = (now, ssl.create_default_context())
        return trust[1]

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
            smtp.send(pipeline.stuffed(message))
            whole = True
            # Not smtplib's reading: it believes half an answer, and takes a mail that arrived for one that did not.
            code, words = pipeline.reply_to_body(smtp, self._mail.answer_seconds)
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
        turned_away = isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError)
        # A sign-in that is put off (454, RFC 4954 4) says nothing against our password.
        put_off = isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code < 500
        if isinstance(error, smtplib.SMTPResponseException) and (turned_away or put_off):
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
