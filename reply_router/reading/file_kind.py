"""What a file holds, told from its first bytes: a mail, a text's webhook, a calendar, HTML, or bare words. Pure.

A mail is looked for last among what has a shape of its own and first among words: it has to begin with a header that
only mail has, so that a person's "Note: bring soup" stays words. docs/reading.md says the same for people.
"""

import json
import re
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from reply_router.reading.charsets import decode


class FileKind(StrEnum):
    """As what a file is read."""

    MAIL = "mail"
    TEXT = "text"
    HTML = "html"
    SMS = "sms"
    CALENDAR = "calendar"


#: How much of a file is looked at. A header longer than this has shown what it is long before.
_SHOWN: Final = 65_536
#: RFC 5545 section 3.4; a part of a calendar counts too, a visiting card (RFC 6350) does not.
_CALENDAR: Final = re.compile(r"BEGIN[ \t]*:[ \t]*(?!VCARD\b)[A-Z][A-Z-]{2,30}[ \t]*(?:\r|\n|$)", re.IGNORECASE)
_HTML: Final = re.compile(
    r"<(?:!doctype\s+html|html|head|body|meta|title|style|div|p|table|span|br|blockquote|font|a\s|b|i|ul|ol|h[1-6])"
    r"(?=[\s>/])",
    re.IGNORECASE,
)
#: Words before the first tag do not make it less HTML when a block of theirs ends somewhere.
_BLOCK_ENDS: Final = re.compile(r"</(?:div|p|blockquote|table|body|html)\s*>", re.IGNORECASE)
#: A field that a text's webhook has and hardly anything else; with `Body` any of them is enough.
_WEBHOOK: Final = frozenset({"MessageSid", "SmsSid", "SmsMessageSid", "AccountSid", "From", "To", "Body", "NumMedia"})
#: RFC 5322 section 2.2: a field's name is printable ASCII without a colon.
_FIELD: Final = re.compile(r"([!-9;-~]+)[ \t]*:")
#: Fields that programs write and people do not: one is enough.
_OF_MAIL: Final = frozenset(
    "received return-path delivered-to message-id mime-version content-type content-transfer-encoding dkim-signature "
    "authentication-results in-reply-to references list-id list-unsubscribe reply-to resent-from resent-to "
    "auto-submitted precedence user-agent importance envelope-to errors-to status content-disposition content-id "
    "content-description arc-seal domainkey-signature thread-topic thread-index".split()
)
#: Fields that people's programs also write above what they quote: an address, a date of RFC 5322, or a second one of
#: them makes them a mail's, unless `Sent:` stands among them, which no mail has.
_QUOTED_TOO: Final = frozenset({"from", "to", "cc", "bcc", "subject", "date", "sender"})
_DATE: Final = re.compile(r"(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{2,4}\s+\d{1,2}:\d{2}")
#: Byte order marks, the longer ones first.
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
                 (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))  # fmt: skip
_META: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_XML: Final = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)


def file_kind(raw: bytes) -> FileKind:
    """What the file is; in doubt between a mail and bare words, what reads the same either way."""
    shown = words_of(raw[:_SHOWN]).lstrip("\ufeff \t\r\n")
    if _CALENDAR.match(shown):
        return FileKind.CALENDAR
    if _is_webhook(raw, shown):
        return FileKind.SMS
    if _has_header(shown):
        return FileKind.MAIL
    if _HTML.match(_without_remarks(shown)) or _BLOCK_ENDS.search(shown):
        return FileKind.HTML
    return FileKind.TEXT


def words_of(raw: bytes) -> str:
    """The file's characters: by its byte order mark, by what its HTML says of itself, else as its bytes suggest."""
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            return decode(raw, codec)
    said = _META.search(raw[:4_096]) or _XML.match(raw)
    return decode(raw, said[1].decode("ascii") if said else None)


def webhook_of(raw: bytes) -> dict[str, str] | None:
    """The fields of a text's webhook, given as a JSON object or as the form that came; None when it is neither."""
    text = raw.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if text.startswith("{"):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return {str(name): _plain(value) for name, value in given.items()} if isinstance(given, dict) else None
    if "=" not in text.partition("&")[0] or re.search(r"\s", text):
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=500)
    except ValueError:
        return None
    form: dict[str, str] = {}
    for name, value in pairs:
        form.setdefault(name, value)
    return form


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _is_webhook(raw: bytes, shown: str) -> bool:
    if not shown.startswith("{") and not re.match(r"[A-Za-z0-9]{2,40}=[^\s]*&", shown):
        return False
    form = webhook_of(raw)
    return form is not None and "Body" in form and len(_WEBHOOK & form.keys()) > 1


def _without_remarks(shown: str) -> str:
    """`shown` without the XML declaration and the comments before the first tag."""
    for opening, closing in (("<?", "?>"), *([("<!--", "-->")] * 5)):
        if shown.startswith(opening):
            shown = shown.partition(closing)[2].lstrip()
    return shown


def _has_header(shown: str) -> bool:
    """It begins with fields of which one is only mail's, or several could be a mail's."""
    names: list[str] = []
    sure = 0
    for number, line in enumerate(shown.split("\n")):
        if number == 0 and line.startswith(("From ", ">From ")):  # a mailbox file's separator
            continue
        if line[:1] in (" ", "\t") and names:
            continue
        field = _FIELD.match(line)
        if field is None:
            break
        name = field[1].lower()
        names.append(name)
        value = line[field.end() :].strip()
        if name in _OF_MAIL or name.startswith("x-"):
            return True
        if name in _QUOTED_TOO:
            sure += 2 if _speaks_mail(name, value) else 1
        if len(names) > 200:
            break
    return names == ["subject"] or (sure > 1 and "sent" not in names)


def _speaks_mail(name: str, value: str) -> bool:
    return bool(_DATE.match(value)) if name == "date" else name != "subject" and "@" in value
