"""SMTP look: whether a relay lets us in, and whether a server takes mail for our domain. Nothing is sent by either."""

import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from engine.base.setting_groups.mail import Mail

#: What kind of trouble it is, for whoever says what to do.
Trouble = Literal["", "name", "refused", "silent", "hung up", "later", "certificate", "no tls", "sign-in", "other"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server said; `stage` is how far it came: connect, tls, sign_in, recipient, or done."""

    ok: bool
    says: str
    stage: str = "done"
    trouble: Trouble = ""


def relay_look(mail: Mail, seconds: float = 5.0, *, tls: ssl.SSLContext | None = None) -> Seen:
    """Whether the relay answers, encrypts as the settings ask and takes our user and password. Never raises."""
    where, stage = f"{mail.host}:{mail.port}", "connect"
    context = tls or ssl.create_default_context()
    began = time.monotonic()
    smtp: smtplib.SMTP | None = None
    try:
        if mail.security == "tls":
            stage = "tls"
            smtp = smtplib.SMTP_SSL(mail.host, mail.port, timeout=seconds, context=context)
        else:
            smtp = smtplib.SMTP(mail.host, mail.port, timeout=seconds)
        if mail.security == "starttls":
            stage = "tls"
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        if mail.user:
            stage = "sign_in"
            smtp.login(mail.user, mail.password)
    except (OSError, smtplib.SMTPException, ValueError) as trouble:
        return Seen(False, f"{where}: {_said(trouble)}", stage, _kind(trouble))
    finally:
        if smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
    took = f"{(time.monotonic() - began) * 1000:.0f} ms"
    return Seen(True, f"{where} answers{' and takes our sign-in' if mail.user else ''} ({took}).")


def door_look(host: str, address: str, recipient: str, seconds: float = 5.0, *, port: int = 25) -> Seen:
    """Whether the server of this name and address takes mail for this recipient, up to RCPT (RFC 5321 3.3).

    Never raises.
    """
    stage = "connect"
    try:
        with smtplib.SMTP(address, port, timeout=seconds) as smtp:
            smtp.ehlo_or_helo_if_needed()
            stage = "recipient"
            for code, words in (smtp.mail(""), smtp.rcpt(recipient)):
                if code not in (250, 251):
                    return Seen(False, f"{host} says {code} {_words(words)}", stage)
            smtp.rset()
    except (OSError, smtplib.SMTPException, ValueError) as trouble:
        return Seen(False, f"{host} ({address}), port {port}: {_said(trouble)}", stage, _kind(trouble))
    return Seen(True, f"{host} takes mail for {recipient.rpartition('@')[2]}.")


def _said(trouble: Exception) -> str:
    if isinstance(trouble, smtplib.SMTPResponseException):
        return f"{trouble.smtp_code} {_words(trouble.smtp_error)}"
    if isinstance(trouble, ssl.SSLCertVerificationError):
        return f"its certificate is not good ({trouble.verify_message})"
    return _IN_WORDS.get(_kind(trouble)) or str(trouble) or type(trouble).__name__


_IN_WORDS: dict[Trouble, str] = {
    "name": "no machine of this name is known",
    "refused": "nobody listens there (connection refused)",
    "silent": "no answer in time",
    "hung up": "it hangs up without a word",
}


def _kind(trouble: Exception) -> Trouble:
    match trouble:
        case smtplib.SMTPResponseException() if 400 <= trouble.smtp_code < 500:
            return "later"
        case smtplib.SMTPAuthenticationError():
            return "sign-in"
        case smtplib.SMTPNotSupportedError():
            return "no tls"
        case ssl.SSLCertVerificationError():
            return "certificate"
        case ssl.SSLError():
            return "no tls"
        case TimeoutError():
            return "silent"
        case smtplib.SMTPServerDisconnected():
            # smtplib calls a reply that did not come in time a disconnection.
            return "silent" if isinstance(trouble.__context__, TimeoutError) else "hung up"
        case socket.gaierror():
            return "name"
        case ConnectionRefusedError():
            return "refused"
        case ConnectionError():
            return "hung up"
    return "other"


def _words(raw: bytes | str) -> str:
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return " ".join(text.split())[:200]
