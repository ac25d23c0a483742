"""The pen: how somebody in the outside world writes a mail, as their own mail program would build it, and posts it."""

import hashlib
import smtplib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from admin.sandbox.store import Letter

#: A picture of nothing: one grey point.
_GREY = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCB2JQ3JwAAAABJRU5ErkJggg==")


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody out there and their mailbox."""

    name: str
    mailbox: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A letter as a mail program shows it."""

    sender: str
    reply_to: str
    subject: str
    message_id: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


def open_letter(letter: Letter) -> Seen:
    """The letter, opened. What cannot be decoded shows with replacement marks."""
    message = message_from_bytes(letter.raw, policy=policy.default)
    text = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    html = message.get_body(("html",)) if isinstance(message, EmailMessage) else None
    sender = str(message.get("From", ""))
    return Seen(
        sender=sender,
        reply_to=str(message.get("Reply-To", sender)),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")).strip(),
        text=str(text.get_content()).replace("\r\n", "\n") if text else "",
        html=str(html.get_content()) if html else "",
        headers={name: str(value) for name, value in message.items()},
    )


def is_to_everyone(letter: Letter) -> bool:
    """Whether it was written to many: such a letter says how to end letters of its kind (RFC 2369)."""
    head = letter.raw.partition(b"\r\n\r\n")[0].lower()
    return b"\nlist-unsubscribe:" in head


def is_of_a_topic(letter: Letter) -> bool:
    """Whether it is a post of a chapter's topic: such a letter says where one writes to all (RFC 2369)."""
    return b"\nlist-post:" in letter.raw.partition(b"\r\n\r\n")[0].lower()


def write(
    writer: Writer,
    to: str,
    subject: str,
    text: str,
    now: datetime,
    key: str,
    *,
    answering: Seen | None = None,
    answered_at: datetime | None = None,
    headers: Mapping[str, str] | None = None,
    calendar: str = "",
    picture: bool = False,
) -> EmailMessage:
    """A mail in `writer`'s hand; answering a letter, it quotes that below, as most programs do.

    `key` fixes the Message-ID: the same thing written again after a crash is the same mail. `calendar`: a calendar
    program answers an invitation with it (ACCEPTED). With a `picture` it carries one.
    """
    message = EmailMessage(policy=policy.SMTP)
    local, _, domain = writer.mailbox.rpartition("@")
    message["From"] = Address(writer.name, local, domain)
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:24]}@{domain}>"
    body = text.rstrip() + "\n"
    if answering is not None:
        if answering.message_id:
            message["In-Reply-To"] = answering.message_id
            before = answering.headers.get("References", "").split()
            message["References"] = " ".join([*before, answering.message_id][-12:])
        quoted = "\n".join(f"> {line}".rstrip() for line in answering.text.rstrip().split("\n"))
        when = f"{answered_at or now:%a, %b %d, %Y at %H:%M}"
        body += f"\nOn {when}, {answering.sender} wrote:\n{quoted}\n"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    if calendar:
        _answer_invitation(message, writer, subject, calendar, now, key)
    if picture:
        message.add_attachment(_GREY, maintype="image", subtype="png", filename="IMG_4471.png")
    if message.is_multipart():
        # The edge between parts is made of chance otherwise, and the same mail would not be the same mail.
        message.set_boundary(hashlib.sha256(f"{key} edge".encode()).hexdigest()[:24])
    return message


def _answer_invitation(message: EmailMessage, writer: Writer, subject: str, word: str, now: datetime, key: str) -> None:
    """A calendar program's part: METHOD:REPLY (RFC 5546 section 3.2.3)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//mail.example//calendar//EN",
        "METHOD:REPLY",
        "BEGIN:VEVENT",
        f"UID:{hashlib.sha256(f'{key} event'.encode()).hexdigest()[:24]}@nfp.example",
        f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{subject.partition(': ')[2]}",
        f"ATTENDEE;CN={writer.name};PARTSTAT={word}:mailto:{writer.mailbox}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    message.add_alternative("\r\n".join(lines), subtype="calendar", params={"method": "REPLY"})


def bounce(mailbox: str, letter: Letter, now: datetime, key: str) -> bytes:
    """What a mail server writes when a mailbox is no more: a delivery status notification (RFC 3464)."""
    domain = mailbox.rpartition("@")[2]
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"Mail Delivery System <mailer-daemon@{domain}>"
    message["To"] = letter.mail_from
    message["Subject"] = "Undelivered Mail Returned to Sender"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:24]}@{domain}>"
    message["Auto-Submitted"] = "auto-replied"
    edge = hashlib.sha256(f"{key} edge".encode()).hexdigest()[:24]
    kind = f'multipart/report; report-type=delivery-status; boundary="{edge}"'
    head = message.as_bytes().rstrip() + f"\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n".encode()
    parts = {
        "text/plain; charset=us-ascii": f"<{mailbox}>: there is no such mailbox here (550 5.1.1).",
        "message/delivery-status": (
            f"Reporting-MTA: dns; mx.{domain}\n\nFinal-Recipient: rfc822; {mailbox}\nAction: failed\n"
            "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such mailbox"
        ),
        "text/rfc822-headers": letter.raw.partition(b"\r\n\r\n")[0].decode("ascii", "replace"),
    }
    body = "".join(f"--{edge}\nContent-Type: {sort}\n\n{text}\n" for sort, text in parts.items()) + f"--{edge}--\n"
    return head + body.replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii", "replace")


def reply_subject(subject: str) -> str:
    """The subject of an answer, with one Re: in front."""
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def bare_address(field_text: str) -> str:
    """The address alone of a header such as `Maya <maya@nfp.example>`."""
    header = policy.default.header_factory("to", field_text)
    addresses = getattr(header, "addresses", ())
    return addresses[0].addr_spec if addresses else field_text.strip()


def post(raw: bytes, mail_from: str, recipient: str, host: str, port: int) -> None:
    """Our door has said 250. Raises OSError or SMTPException when it did not; the writer tries again later."""
    with smtplib.SMTP(host, port, local_hostname="mail.world.example", timeout=30) as connection:
        connection.sendmail(mail_from, [recipient], raw)


def hand_over(raw: bytes, mail_from: str, recipient: str, host: str, port: int) -> None:
    """Our door for mail servers (LMTP) has said 250. Raises as `post` does."""
    with smtplib.LMTP(host, port, local_hostname="mail.world.example") as connection:
        connection.sendmail(mail_from, [recipient], raw)


def refused_for_good(trouble: Exception) -> str | None:
    """What the door said when it will never take the mail (RFC 5321 4.2.1: 5yz); None when later it may."""
    code, words = 0, b""
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(trouble.recipients.values()), (0, b""))
    elif isinstance(trouble, smtplib.SMTPResponseException):
        code, said = trouble.smtp_code, trouble.smtp_error
        words = said if isinstance(said, bytes) else said.encode()
    return f"{code} {words.decode('utf-8', 'replace')}".rstrip(".") if code >= 500 else None
