"""Attachments: what came with a letter, by name, kind and size. It is saved and never opened here."""

from dataclasses import dataclass
from decimal import Decimal

from engine.conversations.message import Message
from templates.web.reader import Reader

#: Kinds people know by a word, by how the type begins; a file of any other is told by the end of its name.
KINDS = (
    ("image/", "image"), ("audio/", "audio"), ("video/", "video"), ("application/pdf", "pdf"),
    ("message/rfc822", "mail"), ("text/calendar", "calendar"), ("application/ics", "calendar"), ("text/", "text"),
)  # fmt: skip
#: Signs that turn the direction of what follows, with which a name can be made to end in another ending than it does.
_TURNS = str.maketrans("", "", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: What runs when somebody opens it, by the end of its name: whoever saves it should know.
RUNS = frozenset(
    "app bat chm cmd com cpl dll docm dmg exe hta html htm iso jar js jse lnk msi pif ps1 reg scr sh svg vbe vbs wsf "
    "xhtml xlsm".split()
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment as it is shown: where it is saved from, its name, and what it is in a few words."""

    href: str
    name: str
    says: str
    #: Opening it may run something.
    runs: bool


def attachments_of(message: Message, reader: Reader) -> list[Attachment]:
    """What is attached to the message, in order."""
    return [
        Attachment(
            f"/messages/{message.id}/attachments/{part['index']}",
            name or reader.say("conversation.attachment"),
            _in_a_few_words(str(part.get("type", "")), part.get("size"), reader),
            name.rpartition(".")[2].lower() in RUNS,
        )
        for part in message.attachments
        for name in [plain_name(str(part.get("name") or ""))]
    ]


def plain_name(name: str) -> str:
    """A file's name on one line, reading the way it is written."""
    return " ".join(name.translate(_TURNS).split())


def _in_a_few_words(content_type: str, size: object, reader: Reader) -> str:
    return ", ".join(each for each in (_kind(content_type, reader), _size(size, reader)) if each)


def _kind(content_type: str, reader: Reader) -> str:
    word = next((word for begins, word in KINDS if content_type.lower().startswith(begins)), None)
    return reader.say(f"file.{word}") if word else ""


def _size(size: object, reader: Reader) -> str:
    if not isinstance(size, int) or size <= 0:
        return ""
    if size < 1_000_000:
        return reader.say("file.kilobytes", count=max(1, round(size / 1000)))
    shown = f"{Decimal(size) / 1_000_000:.1f}"
    return reader.say("file.megabytes", size=shown.replace(".", ",") if reader.language == "es" else shown)
