"""A file as it would arrive: the bytes a door would take, and the envelope around them, as it says or is told."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from admin.cli.found import NO_WEBHOOK, Found, bytes_of, unreadable
from reply_router.content import fields, header_of
from reply_router.reading.file_kind import FileKind, file_kind, webhook_of, words_of
from reply_router.reading.text_message import message_of
from reply_router.trial import Arrived

if TYPE_CHECKING:
    from engine.base.settings import Settings

#: Bytes of one header field that are looked at for addresses.
_MOST: Final = 20_000
#: Bare words come from somebody whom nobody knows, unless it is said who.
_METHOD: Final = re.compile(r"^METHOD[ \t]*:[ \t]*([A-Za-z-]{1,30})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What was said of the envelope, where it was; None or empty: what the file says itself."""

    kind: str | None = None
    to: str | None = None
    from_: str | None = None
    mail_from: str | None = None
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Arriving:
    """What would arrive, and as what it was read."""

    kind: FileKind
    arrived: Arrived


def arriving(path: str, envelope: Envelope, settings: "Settings") -> Arriving | Found:
    """The file on its way in; what is said of it instead where it cannot even be opened."""
    wanted = FileKind(envelope.kind) if envelope.kind else None
    raw = bytes_of(path)
    if isinstance(raw, str):
        return unreadable(path, raw, wanted)
    kind = wanted or file_kind(raw)
    if kind is FileKind.SMS:
        form = webhook_of(raw)
        if form is None:
            return unreadable(path, NO_WEBHOOK, kind)
        return Arriving(kind, _text(form, envelope))
    if kind is not FileKind.MAIL:
        raw = _as_mail(raw, kind, envelope, Path(path).name)
    return Arriving(kind, _mail(raw, envelope, settings))


def _text(form: dict[str, str], envelope: Envelope) -> Arrived:
    if envelope.to:
        form = {**form, "To": envelope.to}
    text = message_of(form)
    return Arrived("sms", urlencode(form).encode(), text.to, text.from_, peer=envelope.peer, provider_id=text.sid[:64])


def _mail(raw: bytes, envelope: Envelope, settings: "Settings") -> Arrived:
    header = header_of(raw)
    to = envelope.to
    if to is None:
        domain = settings.mail.domain.lower()
        named = (*_addresses(header, b"to"), *_addresses(header, b"cc"))
        ours = (each for each in named if each.rpartition("@")[2].lower() == domain)
        to = next(ours, settings.mail.desk_address)
    mail_from = envelope.mail_from
    if mail_from is None:
        paths = _values(header, b"return-path")
        mail_from = paths[0].strip().strip("<>").strip()[:320] if paths else None
    author = next(iter(_addresses(header, b"from")), "")
    return Arrived("smtp", raw, to[:320], mail_from, author[:320], envelope.peer)


def _as_mail(raw: bytes, kind: FileKind, envelope: Envelope, name: str) -> bytes:
    """Bare words in a mail that says nothing else."""
    words = words_of(raw).replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
    mail = EmailMessage()
    if envelope.from_:
        mail["From"] = " ".join(envelope.from_.split())
    match kind:
        case FileKind.HTML:
            mail.set_content(words, subtype="html", cte="base64")
        case FileKind.CALENDAR:
            method = _METHOD.search(words)
            asked = {"method": method[1].upper()} if method else {}
            mail.set_content(words, subtype="calendar", cte="base64", params=asked)
        case _:
            mail.set_content(words, cte="base64")
    return mail.as_bytes()


def _values(header: bytes, name: bytes) -> list[str]:
    return [
        whole.partition(b":")[2][:_MOST].decode("utf-8", "replace")
        for found, whole in fields(header)
        if found == name
    ]  # fmt: skip


def _addresses(header: bytes, name: bytes) -> list[str]:
    unfolded = [" ".join(value.split()) for value in _values(header, name)]
    return [address for _, address in getaddresses(unfolded) if "@" in address]
