"""A letter's bytes have become a tree of parts, within limits, in one pass; nothing here raises.

Our own splitter and not the standard library's: that one recurses (2,000 nested parts end in RecursionError), has no
limit on parts, and takes seconds on a large attachment, because it goes through it line by line. Here only lines that
begin with `--` are looked at, and a part is a pair of offsets until somebody wants its content.
"""

import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from reply_router.reading.charsets import decode, flat
from reply_router.reading.headers import Headers, lenient_base64, parameters, parse_headers

DEPTH: Final = 50
PARTS: Final = 500
#: More text than this in one part is shown by its beginning; nobody reads on, and the original stays.
LONGEST_TEXT: Final = 1_000_000

_DASHES: Final = re.compile(rb"^--([^\r\n]{1,300})", re.MULTILINE)
_LETTERS: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_UNSAFE_IN_NAMES: Final = re.compile(r'[\\/:*?"<>|]')


@dataclass(slots=True, eq=False)
class Part:
    """One part: its headers, its type, and where its content lies in the letter's bytes."""

    index: int
    headers: Headers
    type: str
    options: dict[str, str]
    disposition: str
    filename: str
    encoding: str
    depth: int
    start: int
    end: int
    children: list["Part"] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """Whether it is nothing but a wrapper of other parts."""
        return self.type.startswith("multipart/") and bool(self.children)


@dataclass(slots=True, eq=False)
class Tree:
    """A whole letter: its bytes, its root part, every part in order, and what stopped us, in sentences."""

    raw: bytes
    root: Part
    parts: list[Part]
    trouble: tuple[str, ...]

    def content(self, part: Part) -> bytes:
        """A part's content, its transfer encoding undone as far as it can be."""
        return undo(self.raw[part.start : part.end], part.encoding)

    def text(self, part: Part) -> str:
        """A part's content as text."""
        raw = self.content(part)[: LONGEST_TEXT + 4]
        return decode(raw, part.options.get("charset"))[:LONGEST_TEXT]

    def size(self, part: Part) -> int:
        """How many bytes a part's content has, without decoding a large attachment to know it."""
        raw = self.raw[part.start : part.end]
        if part.encoding != "base64":
            return len(undo(raw, part.encoding))
        letters = len(raw) - sum(raw.count(one) for one in (b"\r", b"\n", b" ", b"\t", b"="))
        return letters * 3 // 4


def undo(raw: bytes, encoding: str) -> bytes:
    """Content without its transfer encoding; an encoding we do not know is left as it is."""
    match encoding:
        case "base64":
            return lenient_base64(raw)
        case "quoted-printable":
            return binascii.a2b_qp(raw)
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _uudecoded(raw)
        case _:
            return raw


def _uudecoded(raw: bytes) -> bytes:
    out = []
    for line in raw.splitlines():
        if line.startswith(b"begin ") or line.strip() in (b"end", b"`", b""):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(out)


class _Builder:
    """The state of one pass over a letter: which parts are open, and which boundary lines belong to them."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.parts: list[Part] = []
        self.open: list[Part] = []
        self.boundaries: dict[bytes, list[Part]] = {}
        self.own: dict[int, bytes] = {}
        self.trouble: list[str] = []

    def begin(self, at: int, default: str = "text/plain") -> int:
        """A part that begins at `at` is open; returns where its content begins."""
        headers, at = parse_headers(self.raw, at, self.boundaries)
        parent = self.open[-1] if self.open else None
        part = _part(len(self.parts), headers, default, (parent.depth + 1) if parent else 0, at, len(self.raw))
        self.parts.append(part)
        if parent is not None:
            parent.children.append(part)
        self.open.append(part)
        if part.depth >= DEPTH:
            self.note("It is nested too deeply to be taken apart; open the original to see all of it.")
            return at
        if part.type.startswith("multipart/"):
            boundary = part.options.get("boundary", "").encode("utf-8", "replace").rstrip()
            if not boundary and (first := _DASHES.search(self.raw, at)) is not None:
                boundary = first[1].rstrip()
            if boundary:
                self.boundaries.setdefault(boundary, []).append(part)
                self.own[part.index] = boundary
        elif part.type in _LETTERS and part.encoding not in ("base64", "quoted-printable"):
            return self.begin(at)
        return at

    def finish(self, upto: Part, at: int) -> None:
        """Every part opened after `upto` is closed at `at`."""
        while self.open and self.open[-1] is not upto:
            self.close(at)

    def close(self, at: int) -> None:
        """The innermost open part ends at `at`, and its boundary means nothing from here on."""
        part = self.open.pop()
        part.end = max(part.start, at)
        boundary = self.own.pop(part.index, None)
        if boundary is not None:
            holders = self.boundaries[boundary]
            holders.pop()
            if not holders:
                del self.boundaries[boundary]

    def note(self, sentence: str) -> None:
        """The sentence stands in the trouble list once."""
        if sentence not in self.trouble:
            self.trouble.append(sentence)


def parse(raw: bytes) -> Tree:
    """The tree of a letter; beyond depth 50 or 500 parts it stops and says so."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    build = _Builder(raw)
    body = build.begin(_first_line(raw))
    after = body
    for dashes in _DASHES.finditer(raw, body) if build.boundaries else ():
        if dashes.start() < after:
            continue
        line, ends = dashes[1].rstrip(), False
        holders = build.boundaries.get(line)
        if holders is None and line.endswith(b"--"):
            holders, ends = build.boundaries.get(line[:-2].rstrip()), True
        if holders is None:
            continue
        holder, cut = holders[-1], _before_newline(raw, dashes.start())
        build.finish(holder, cut)
        if ends:
            build.close(cut)
            if not build.boundaries:
                break
            continue
        if len(build.parts) >= PARTS:
            build.note(f"It has more than {PARTS} parts; open the original to see all of it.")
            break
        newline = raw.find(b"\n", dashes.end())
        after = len(raw) if newline < 0 else newline + 1
        default = "message/rfc822" if holder.type == "multipart/digest" else "text/plain"
        after = build.begin(after, default)
    return Tree(raw, build.parts[0], build.parts, tuple(build.trouble))


def _first_line(raw: bytes) -> int:
    at = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while at < len(raw) and raw[at] in b"\r\n":
        at += 1
    return at


def _before_newline(raw: bytes, at: int) -> int:
    if at and raw[at - 1 : at] == b"\n":
        at -= 1
    if at and raw[at - 1 : at] == b"\r":
        at -= 1
    return at


def _part(index: int, headers: Headers, default: str, depth: int, start: int, end: int) -> Part:
    kind, options = parameters(headers.first("content-type"))
    if kind.count("/") != 1 or not all(kind.partition("/")[::2]):
        kind = "text/plain" if kind in ("text", "plain") else default
    disposition, more = parameters(headers.first("content-disposition"))
    name = more.get("filename") or options.get("name") or ""
    encoding = headers.first("content-transfer-encoding").partition(";")[0].strip().lower()
    return Part(index, headers, kind, options, disposition, safe_name(name), encoding, depth, start, end)


def safe_name(name: str) -> str:
    """An attachment's name without folders, controls and anything a file system would take for more than a name."""
    return _UNSAFE_IN_NAMES.sub("_", flat(name).replace("\\", "/").rpartition("/")[2]).lstrip(".")[:150]


@dataclass(frozen=True, slots=True)
class Words:
    """One stretch of readable text: the same words as plain text, as HTML, or as both."""

    plain: tuple[Part, ...]
    html: tuple[Part, ...]


def readable(tree: Tree) -> tuple[list[Words], list[Part]]:
    """What a mail program would show as text, in order, and every other leaf as attachment (RFC 8621 section 4.1.4)."""
    shown: list[Words] = []
    attached: list[Part] = []
    _walk([tree.root], "mixed", shown, attached)
    if not shown:
        spare = [part for part in attached if part.type.startswith("text/") and part.disposition != "attachment"]
        if spare and spare[0].type not in ("text/calendar", "text/rfc822-headers"):
            shown.append(Words((spare[0],), ()))
            attached.remove(spare[0])
    return shown, attached


def _walk(parts: list[Part], kind: str, shown: list[Words], attached: list[Part]) -> None:
    for place, part in enumerate(parts):
        if part.is_multipart:
            if part.type == "multipart/alternative":
                _choose(part, shown, attached)
            else:
                _walk(part.children, part.type.partition("/")[2], shown, attached)
            continue
        inline = part.disposition != "attachment" and (place == 0 or (kind != "related" and not part.filename))
        unsplit = part.type.startswith("multipart/")  # its boundary lines are missing
        if unsplit or (inline and part.type == "text/plain"):
            shown.append(Words((part,), ()))
        elif inline and part.type == "text/html":
            shown.append(Words((), (part,)))
        else:
            attached.append(part)


def _choose(part: Part, shown: list[Words], attached: list[Part]) -> None:
    """The alternatives are one stretch of words, however deep each of them is wrapped."""
    inner: list[Words] = []
    _walk(part.children, "alternative", inner, attached)
    words = Words(
        tuple(one for words in inner for one in words.plain),
        tuple(one for words in inner for one in words.html),
    )
    if words.plain or words.html:
        shown.append(words)
