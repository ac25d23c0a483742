"""A delivery report's machine-readable part has become one entry per address (RFC 3464, RFC 6533)."""

import re
from typing import Final

from reply_router.reading.failures import of_fields
from reply_router.reading.headers import Headers, parse_headers
from reply_router.reading.letter import Letter
from reply_router.reading.values import Failure, Recipient

ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{1,180}[A-Za-z0-9]")
MOST_RECIPIENTS: Final = 100
_ANY_ADDRESS: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@\w[\w.-]{1,180}\w")
_ESCAPED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_LONGEST: Final = 500_000
_BESIDE: Final = 4_000
_INLINE: Final = re.compile(
    r"^(?:reporting-mta|final-recipient|original-recipient|action):", re.IGNORECASE | re.MULTILINE
)
_ACTION: Final = re.compile(r"^(?:action|status): ?[\w.]", re.IGNORECASE | re.MULTILINE)


def delivery_status(letter: Letter) -> list[Recipient] | None:
    """The addresses of every delivery-status part; None without such a part, empty when its fields name nobody."""
    parts = letter.parts_of("message/delivery-status", "message/global-delivery-status")
    if not parts:
        return None
    # Words that stand beside the fields count only where the fields themselves tell nothing.
    words = f"{letter.subject[:500]}\n{letter.body[:_BESIDE]}"
    return _recipients([letter.tree.content(part)[:_LONGEST] for part in parts], letter.subject[:500], words)


def fields_in(text: str, subject: str) -> list[Recipient]:
    """The addresses of the fields that a server wrote into its words instead of a part of their own."""
    begins = _INLINE.search(text)
    if begins is None or not _ACTION.search(text):
        return []
    return _recipients([text[begins.start() :].lstrip("\n").encode("utf-8", "replace")], subject, f"{subject}\n{text}")


def _recipients(raws: list[bytes], subject: str, words: str) -> list[Recipient]:
    groups = []
    for raw in raws:
        for group in raw.replace(b"\r\n", b"\n").split(b"\n\n")[: MOST_RECIPIENTS + 1]:
            fields = parse_headers(group.lstrip(b"\n"))[0]
            if fields.has("final-recipient") or fields.has("original-recipient") or fields.has("x-actual-recipient"):
                groups.append(fields)
    found: dict[tuple[str, Failure], Recipient] = {}
    for fields in groups:
        one = _recipient(fields, words if len(groups) == 1 else subject)
        found.setdefault((one.address.lower(), one.failure), one)
    return list(found.values())


def _recipient(group: Headers, beside: str) -> Recipient:
    named = group.first("final-recipient") or group.first("original-recipient") or group.first("x-actual-recipient")
    action = group.first("action").split(" ")[0].strip("();").lower()
    said = group.first("diagnostic-code")
    verdict = of_fields(action, group.first("status"), said, beside)
    # The original recipient is the address we wrote to; the final one is where a forwarding led.
    shown = _address(group.first("original-recipient")) or _address(named)
    return Recipient(shown, verdict.failure, verdict.status, server_words(said)[:500], verdict.lost)


def server_words(said: str) -> str:
    """A Diagnostic-Code's words, without the type that stands before them (RFC 3464 section 2.3.6)."""
    kind, semicolon, words = said.partition(";")
    return words.strip() if semicolon and kind.strip().replace("-", "").isalpha() else said


def _address(field: str) -> str:
    """The address in a recipient's field; one of type utf-8 may have any letters, or stand for them (RFC 6533)."""
    kind, _, rest = field.partition(";")
    if kind.strip().lower() == "utf-8":
        found = _ANY_ADDRESS.search(_ESCAPED.sub(_letter, rest))
    else:
        found = ADDRESS.search(rest or field)
    return found[0] if found else ""


def _letter(escaped: re.Match[str]) -> str:
    code = int(escaped[1], 16)
    return chr(code) if 0x20 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
