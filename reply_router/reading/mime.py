"""A letter's bytes have become a tree of parts, within limits, in one pass; nothing here raises.

Our own splitter and not the standard library's: that one recurses (2,000 nested parts end in RecursionError), has no
limit on parts, and takes seconds on a large attachment, because it goes through it line by line. Here only lines that
begin with `--` are looked at, and a part is a pair of offsets until somebody wants its content.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from reply_router.reading.charsets import codec_of, decode, flat
from reply_router.reading.encodings import encoding_of, fits, undo
from reply_router.reading.headers import Headers, parameters, parse_headers

DEPTH: Final = 50
PARTS: Final = 500
#: More text than this in one part is shown by its beginning; nobody reads on, and the original stays.
LONGEST_TEXT: Final = 1_000_000

#: With the line end before it, which is looked for much faster than the beginning of a line.
_DASHES: Final = re.compile(rb"\n--([^\r\n]{1,300})")
_FIRST_BOUNDARY: Final = re.compile(rb"^--([^\r\n]{1,300})\r?\n(?=content-[a-z-]{3,40}:)", re.MULTILINE | re.IGNORECASE)
_LETTERS: Final = frozenset({"message/rfc822", "message/global", "message/news"})
#: Where an HTML text names its own charset; only asked when its label does not (HTML standard, section 13.2.3.2).
_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE
)
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
    #: It breaks off, or is not what its label says: what is shown of it may be wrong or not all.
    broken: bool = False
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

    def beginning(self, part: Part, size: int) -> bytes:
        """At least the first `size` bytes of a part's content, where it has as many, without decoding a large one."""
        return undo(self.raw[part.start : min(part.end, part.start + 4 * size)], part.encoding)[:size]

    def text(self, part: Part) -> str:
        """A part's content as text."""
        raw = self.content(part)[: LONGEST_TEXT + 4]
        charset = part.options.get("charset")
        if part.type == "text/html" and codec_of(charset) is None and (named := _META_CHARSET.search(raw[:2_000])):
            charset = named[1].decode("ascii")
        return decode(raw, charset)[:LONGEST_TEXT]

    def size(self, part: Part) -> int:
        """How many bytes a part's content has, without decoding a large attachment to know it."""
        raw = self.raw[part.start : part.end]
        if part.encoding != "base64":
            return len(undo(raw, part.encoding))
        letters = len(raw) - sum(raw.count(one) for one in (b"\r", b"\n", b" ", b"\t", b"="))
        return letters * 3 // 4


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
            if not boundary or (part.depth == 0 and b"--" + boundary not in self.raw):
                boundary = _boundary_in(self.raw, at) or boundary
            if boundary:
                self.boundaries.setdefault(boundary, []).append(part)
                self.own[part.index] = boundary
        elif part.type in _LETTERS and not part.encoding:
            return self.begin(at)
        return at

    def break_off(self) -> None:
        """The letter ended while a multipart was open: what its last part holds may not be all, or more than it."""
        if self.boundaries:
            self.open[-1].broken = True
            self.note("It breaks off before its end; some of it may be missing.")

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
    for dashes in _DASHES.finditer(raw, max(0, body - 1)) if build.boundaries else ():
        at = dashes.start() + 1
        if at < after:
            continue
        line, ends = dashes[1].rstrip(), False
        holders = build.boundaries.get(line)
        if holders is None and line.endswith(b"--"):
            holders, ends = build.boundaries.get(line[:-2].rstrip()), True
        if holders is None:
            continue
        holder, cut = holders[-1], _before_newline(raw, at)
        build.finish(holder, cut)
        if ends:
            build.close(cut)
            if not build.boundaries:
                break
            continue
        if len(build.parts) >= PARTS:
            build.note(f"It has more than {PARTS} parts; open the original to see all of it.")
            build.boundaries.clear()
            break
        newline = raw.find(b"\n", dashes.end())
        after = len(raw) if newline < 0 else newline + 1
        default = "message/rfc822" if holder.type == "multipart/digest" else "text/plain"
        after = build.begin(after, default)
    build.break_off()
    for part in build.parts:
        if part.type.startswith("text/") and not fits(raw[part.start : part.start + 2_000], part.encoding):
            part.encoding, part.broken = "", True
            build.note("A part of it is not encoded as it says; it is shown as it came.")
    return Tree(raw, build.parts[0], build.parts, tuple(build.trouble))


def _boundary_in(raw: bytes, at: int) -> bytes:
    """The boundary that a multipart seems to use when its header does not say it: dashes above a part's header."""
    found = _FIRST_BOUNDARY.search(raw, at)
    return found[1].rstrip() if found is not None else b""


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
    kind, options = parameters(headers.last("content-type"))
    if kind.count("/") != 1 or not all(kind.partition("/")[::2]):
        kind = "text/plain" if kind in ("text", "plain") else default
    disposition, more = parameters(headers.last("content-disposition"))
    name = more.get("filename") or options.get("name") or ""
    encoding = encoding_of(headers.last("content-transfer-encoding"))
    return Part(index, headers, kind, options, disposition, safe_name(name), encoding, depth, start, end)


def safe_name(name: str) -> str:
    """An attachment's name without folders, controls and anything a file system would take for more than a name."""
    return _UNSAFE_IN_NAMES.sub("_", flat(name).replace("\\", "/").rpartition("/")[2]).lstrip(".")[:150]
