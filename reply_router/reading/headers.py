"""A letter's header fields have become plain one-line values; nothing in them raises, nothing in them breaks a line."""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from reply_router.reading.charsets import clean, codec_of, decode, flat
from reply_router.reading.encodings import lenient_base64

#: Beyond these a header block is an attack, not a letter: what comes later is left in the original.
MOST_FIELDS: Final = 1_000
LONGEST_VALUE: Final = 64_000
MOST_ADDRESSES: Final = 100
MOST_REFERENCES: Final = 100
_MOST_BROKEN: Final = 50

#: RFC 5322 section 2.2, without the sign that stands in a parameter whose line lost its blank.
_NAME: Final = re.compile(rb"[!-9;<>-~]{1,100}")
#: A field's line as nearly all are written; no line of a multipart begins with a letter.
_USUAL_FIELD: Final = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,99}):([^\r\n]*)\r?\n")
_WORD_BEGINS: Final = re.compile(r"=\?([^?=\s]{1,60})\?([bBqQ])\?")
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,900})>")
_BARE_ADDRESS: Final = re.compile(r"[^\s<>\"(),:;@\[\]]{1,64}@[^\s<>\"(),:;@\[\]]{1,190}")
#: One mailbox as nearly every program writes it; whatever is less plain goes to the standard parser, which is slow.
_ONE_MAILBOX: Final = re.compile(
    r"\s*+(?:\"([^\"\\]{0,500})\"\s*+|([^\"<>(),:;@\[\]\\]{0,500}+))"
    r"<([^\s<>\"(),:;@\[\]\\]{1,64}@[a-zA-Z0-9.-]{1,190})>\s*+"
)
_PARAMETER: Final = re.compile(r';\s*([^=;\s"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_EMPTY_LINE: Final = re.compile(rb"^\r?$", re.MULTILINE)
#: Fields that stand below a broken line of a header, and hardly ever at the beginning of somebody's sentence.
_KNOWN_FIELD: Final = re.compile(
    rb"^(?:received|return-path|delivered-to|message-id|mime-version|in-reply-to|authentication-results"
    rb"|(?:content|dkim|arc|x|list|user)-[a-z-]{2,40}):",
    re.MULTILINE | re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[\s;]*+([^\s;=\"()]++)(?!\s*+=)(?:\s*+\([^()]*+\))?")
_HEX_PAIR: Final = re.compile(r"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody as a letter names them: a display name (maybe empty) and an address, neither proven."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one part in order: lower-case names, unfolded raw values.

    `charset` is the one its content is labelled with, for values that are written without any encoding.
    """

    fields: tuple[tuple[str, bytes], ...]
    charset: str = ""
    _named: dict[str, list[bytes]] = field(init=False, repr=False, compare=False, default_factory=dict)
    #: What was decoded already: every judge looks at the same few fields.
    _decoded: dict[tuple[str, int], str] = field(init=False, repr=False, compare=False, default_factory=dict)
    _mailboxes: dict[tuple[str, ...], tuple[Mailbox, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for name, value in self.fields:
            self._named.setdefault(name, []).append(value)

    def raw(self, name: str) -> list[bytes]:
        """Every value of this field, undecoded."""
        return self._named.get(name, [])

    def first(self, name: str) -> str:
        """The first value of this field, decoded, on one line; empty when absent."""
        return self._at(name, 0)

    def last(self, name: str) -> str:
        """The last value of this field, decoded, on one line: the one that counts when a field that should stand once
        stands twice (RFC 8621 section 4.1.2), and the one that a signature covers (RFC 6376 section 5.4.2)."""
        return self._at(name, -1)

    def _at(self, name: str, place: int) -> str:
        if name not in self._named:
            return ""
        said = self._decoded.get((name, place))
        if said is None:
            said = self._decoded[name, place] = self._words(self._named[name][place])
        return said

    def every(self, name: str) -> list[str]:
        """Every value of this field, decoded, each on one line."""
        return [self._words(value) for value in self.raw(name)]

    def _words(self, value: bytes) -> str:
        return words(_plain(value, self.charset))

    def has(self, name: str) -> bool:
        """Whether this field is there at all."""
        return name in self._named

    def mailboxes(self, *names: str) -> tuple[Mailbox, ...]:
        """Everybody named in these fields, in order."""
        known = self._mailboxes.get(names)
        if known is None:
            found = [
                one for name in names for value in self.raw(name) for one in mailboxes(_plain(value, self.charset))
            ]
            known = self._mailboxes[names] = tuple(found[:MOST_ADDRESSES])
        return known

    def ids(self, name: str) -> tuple[str, ...]:
        """The Message-IDs in this field without brackets; of a long chain the first and the latest."""
        found = [one for value in self.raw(name) for one in _MESSAGE_ID.findall(_plain(value))]
        if not found and name == "message-id":
            found = [value for value in self.every(name)[:1] if value and " " not in value]
        if len(found) > MOST_REFERENCES:
            found = [found[0], *found[1 - MOST_REFERENCES :]]
        return tuple(found)

    def date(self) -> datetime | None:
        """What the Date field says, in UTC; a hint only, the sender writes it."""
        try:
            said = parsedate_to_datetime(self.first("date"))
            return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None


def parse_headers(raw: bytes, start: int = 0, boundaries: Iterable[bytes] = ()) -> tuple[Headers, int]:
    """The fields from `start` on, and where the body begins.

    A line that is no field ends the block, as does a line of a surrounding multipart: a part cut off within its
    own headers must not swallow its neighbours.
    """
    stops = {b"--" + one for one in boundaries} | {b"--" + one + b"--" for one in boundaries}
    fields: list[tuple[str, bytes]] = []
    name, pieces = "", list[bytes]()
    at, end, broken = start, len(raw), 0

    def keep() -> None:
        if name and len(fields) < MOST_FIELDS:
            fields.append((name, b"".join(pieces)[:LONGEST_VALUE]))

    while at < end:
        usual = _USUAL_FIELD.match(raw, at)
        if usual is not None:
            keep()
            name, pieces, at = usual[1].decode("ascii").lower(), [usual[2].strip()], usual.end()
            continue
        stop = raw.find(b"\n", at)
        stop = end if stop < 0 else stop + 1
        line = raw[at:stop].rstrip(b"\r\n")
        if not line:
            at = stop
            break
        if line[:1] in b" \t":
            if name:
                pieces.append(b" " + line.lstrip())
                at = stop
                continue
            if line.strip():
                break
        head, colon, value = line.partition(b":")
        head = head.rstrip()
        if not colon or not head or not _NAME.fullmatch(head) or (stops and line.rstrip() in stops):
            if line.startswith((b"From ", b">From ")) and not fields and not name:
                at = stop  # the line an mbox file puts between letters
                continue
            broken += 1
            if name and broken < _MOST_BROKEN and line.rstrip() not in stops and _goes_on(raw, pieces[-1], line, stop):
                pieces.append(b" " + line)
                at = stop
                continue
            break
        keep()
        name, pieces = head.decode("ascii").lower(), [value.strip()]
        at = stop
    keep()
    headers = Headers(tuple(fields))
    if not all(value.isascii() for _, value in fields):
        headers = Headers(headers.fields, parameters(headers.last("content-type"))[1].get("charset", ""))
    return headers, at


def _goes_on(raw: bytes, before: bytes, line: bytes, after: int) -> bool:
    """Whether a line that is no field belongs to the one before it: its blank at the beginning got lost on the way.

    Only when the field before asks for more, or when the header visibly goes on below.
    """
    if before.rstrip().endswith(b";") and b"=" in line:
        return True
    block = raw[after : after + 2_000]
    empty = _EMPTY_LINE.search(block)
    return _KNOWN_FIELD.search(block, 0, empty.start() if empty else len(block)) is not None


def words(value: bytes | str) -> str:
    """An unstructured header value, its encoded words (RFC 2047) decoded, on one line."""
    return flat(_encoded_words(_plain(value) if isinstance(value, bytes) else value))


def _plain(value: bytes, charset: str = "") -> str:
    """A raw value as text: UTF-8 (RFC 6532), else the charset of the content beside it, else what it looks like."""
    value = value[:LONGEST_VALUE]
    try:
        return clean(value.decode("utf-8")).replace("\n", " ")
    except UnicodeDecodeError:
        return decode(value, charset).replace("\n", " ")


def _encoded_words(text: str) -> str:
    """Encoded words decoded; neighbours of one charset are joined first, because some programs cut a letter in two.

    Forgiven: blanks and question marks inside, a word without its end, and one base64 text cut into several words.
    """
    out: list[str] = []
    waiting, cut, charset, at, end = b"", "", "", 0, -1

    def release() -> None:
        nonlocal waiting, cut
        if cut:
            waiting, cut = waiting + lenient_base64(cut.encode()), ""
        if waiting:
            out.append(decode(waiting, charset))
            waiting = b""

    while (begin := _WORD_BEGINS.search(text, at)) is not None:
        if end < begin.end():
            end = text.find("?=", begin.end())
            end = len(text) if end < 0 else end
        inner = _WORD_BEGINS.search(text, begin.end(), end)
        stop = inner.start() if inner else end
        between, inside = text[at : begin.start()], text[begin.end() : stop]
        label, how = begin[1].partition("*")[0], begin[2].lower()  # RFC 2231: a language may follow the charset
        if between.strip() or (charset and codec_of(label) != codec_of(charset)) or (cut and how != "b"):
            release()
        if between.strip() or (not out and not waiting and not cut):
            out.append(between)
        charset = label
        if how == "b" and inside.isascii():
            cut += "".join(inside.split())
            if cut.endswith("=") or len(cut) % 4 == 0:
                waiting, cut = waiting + lenient_base64(cut.encode()), ""
        else:
            waiting += _word_bytes(how, inside, label)
        at = stop if inner else min(end + 2, len(text))
    release()
    out.append(text[at:])
    return "".join(out)


def _word_bytes(how: str, text: str, charset: str) -> bytes:
    raw = text.encode(codec_of(charset) or "utf-8", "replace")
    if not text.isascii() and how in "qQ" and b"=" not in raw:
        return raw.replace(b"_", b" ")
    if how in "qQ":
        return binascii.a2b_qp(raw, header=True)
    return lenient_base64(raw)


def mailboxes(text: str) -> list[Mailbox]:
    """Who an address field names; a field nobody can parse still gives the addresses that stand in it."""
    text = text[:20_000]
    one = _ONE_MAILBOX.fullmatch(text)
    if one is not None:
        return [Mailbox(words(one[1] or one[2] or ""), one[3])]
    try:
        pairs = getaddresses([text])
    except Exception:  # the standard parser recurses on nested comments, and raises on some broken fields
        pairs = [("", one) for one in _BARE_ADDRESS.findall(text)]
    found = []
    for name, address in pairs[: MOST_ADDRESSES * 2]:
        name, address = words(name), flat(address).replace(" ", "")
        if "@" not in address:
            inside = _BARE_ADDRESS.search(f"{name} {address}")
            if inside is None:
                continue
            address = inside[0]
        found.append(Mailbox(name, address.strip("<>")))
    return found


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A structured value as its token (lower case) and its parameters, continued and percent-encoded ones joined.

    RFC 2045 section 5.1, RFC 2231 sections 3 and 4; encoded words inside are decoded too, since mail programs
    put them there against RFC 2047 section 5.
    """
    if not value:
        return "", {}
    token, rest = _apart(value[:4_000])
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(rest):
        name, text = match[1].lower(), match[2].strip()
        if text.startswith('"') and text.endswith('"') and len(text) > 1:
            text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        else:
            text = text.strip('"')
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(name, _encoded_words(text))
        else:
            number = rest.rstrip("*")
            order = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
            pieces.setdefault(base, []).append((order, rest.endswith("*") or not rest, text))
    for base, found in pieces.items():
        plain[base] = _joined(sorted(found, key=lambda piece: piece[0]))
    return token, {name: flat(text) for name, text in plain.items()}


def _apart(value: str) -> tuple[str, str]:
    """A structured value's token, and the rest with a semicolon before it, also where a program forgot to write it."""
    found = _TOKEN.match(value)
    token, rest = (found[1], value[found.end() :]) if found is not None else ("", value)
    return token.lower(), ";" + rest.lstrip("; \t")


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    charset, raw = "", b""
    for place, (_, encoded, text) in enumerate(pieces):
        if encoded and place == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        if encoded:
            raw += _HEX_PAIR.sub(lambda pair: chr(int(pair[1], 16)), text).encode("latin-1", "replace")
        else:
            raw += text.encode("utf-8", "replace")
    return decode(raw, charset or None)
