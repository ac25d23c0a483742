"""A received text: the fields of the provider's webhook as values, whatever they hold. Pure; never raises.

The fields are Twilio's (twilio.com/docs/messaging/guides/webhook-request); what is not known is kept in the bytes.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from reply_router.reading.texts import TextKind, TextWords, read_words

#: Ten pictures are what a carrier lets through.
MOST_PICTURES: Final = 10
#: The field of our own by which the look tells when the provider took the text in (ISO 8601).
SAID_AT: Final = "HearthlineSaidAt"
_MOST_FIELDS: Final = 500
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,15}")


@dataclass(frozen=True, slots=True)
class SentPicture:
    """Where the provider keeps a picture, and the type it gives it."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One text as it came. Numbers in E.164, or digits alone as written; empty where there is none that can be read."""

    sid: str
    from_: str
    to: str
    body: str
    words: TextWords
    pictures: tuple[SentPicture, ...] = ()
    #: Pictures that the provider counts, fetched or not.
    picture_count: int = 0
    #: What the provider says it did about the words by itself: STOP, START, HELP, or empty (not said).
    opt_out_type: str = ""
    #: When it was said, where our door missed it and it was taken from the provider's list; None: just now.
    said_at: datetime | None = None
    trouble: str = ""

    @property
    def kind(self) -> TextKind:
        """What it asks for; a picture without words is somebody showing something."""
        if self.words.kind is TextKind.EMPTY and self.picture_count:
            return TextKind.HUMAN
        return self.words.kind


def read_message(raw: bytes) -> TextMessage:
    """The text in a webhook's form."""
    try:
        pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return TextMessage("", "", "", "", TextWords(TextKind.HUMAN), trouble="It has more fields than can be read.")
    form: dict[str, str] = {}
    for name, value in pairs:
        form.setdefault(name, value)
    return message_of(form)


def fields_of(raw: bytes) -> list[tuple[str, str]]:
    """The form's fields as they came, for somebody who opens the original."""
    try:
        return parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return [("", raw.decode("utf-8", "replace"))]


def message_of(form: dict[str, str]) -> TextMessage:
    """The text in these fields."""
    # No field may hold what a database cannot keep.
    form = {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in form.items()}
    body = form.get("Body", "")
    count = _count(form.get("NumMedia", ""))
    found = [
        SentPicture(form[f"MediaUrl{number}"], form.get(f"MediaContentType{number}", ""))
        for number in range(MOST_PICTURES)
        if form.get(f"MediaUrl{number}")
    ]
    opt_out_type = form.get("OptOutType", "")
    phone = _phone(form.get("From", ""))
    return TextMessage(
        sid=form.get("MessageSid") or form.get("SmsSid") or "",
        from_=phone,
        to=_phone(form.get("To", "")),
        body=body,
        words=read_words(body, opt_out_type),
        pictures=tuple(found),
        picture_count=max(count, len(found)),
        opt_out_type=opt_out_type,
        said_at=_moment(form.get(SAID_AT, "")),
        trouble="" if phone else "It does not say from which phone it came.",
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _count(text: str) -> int:
    return min(int(text), 100) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def _phone(text: str) -> str:
    """The number; another channel's mark before it (whatsapp:, rcs:) is no number of ours to answer."""
    bare = re.sub(r"[ ().-]", "", text.strip())
    return bare if _PHONE.fullmatch(bare) else ""
