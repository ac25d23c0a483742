"""A mail's bytes: the frame of a kind of letter is built once by EmailMessage, then only filled per recipient.

Building an EmailMessage costs about 6 ms, filling a frame about 0.1. Every header passes `header`, which refuses what
could begin a second one.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from typing import NamedTuple

import idna

from engine.base.errors import Invalid
from engine.base.setting_groups.mail import is_no_reply
from engine.channels.dkim import Relaxed, body_hash, relaxed_head, relaxed_line, relaxed_lines

#: RFC 5322 2.1.1: a line should not be longer, without its line break.
LINE = 78
#: Neither quoted-printable nor base64 ever writes "=_" (RFC 2045 6.7), so no body can end a part early.
_BOUNDARY = "=_hearthline_{part}_="
_TEXT_HERE, _HTML_HERE = "text-goes-here", "html-goes-here"
#: What a quoted name may hold without being quoted (RFC 5322 3.2.3 atoms and spaces).
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
#: A mailbox of RFC 5321 4.1.2: its local part in atoms or quoted, of at most 64 signs.
_ADDRESS = re.compile(
    r"""(?=.{1,64}@[^@"]+\Z)(?:[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+|"(?:[ !#-\[\]-~]|\\[ -~])+")"""
    r"@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?"
)
_FOLD_AT = re.compile(r" (?=[^ ])")


class Mailbox(NamedTuple):
    """A name and an address, as From, To and Reply-To hold them."""

    name: str
    address: str


class Coded(NamedTuple):
    """Whole lines as they are sent, and in the relaxed form that our signature covers (RFC 6376 3.4.4)."""

    sent: bytes
    relaxed: bytes


class HeadLine(NamedTuple):
    """A line of a head as it is sent; its name in small letters, and its relaxed form (RFC 6376 3.4.2)."""

    sent: bytes
    name: str
    relaxed: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Lines of a head as they are sent, and each in its relaxed form by its name in small letters."""

    sent: bytes
    relaxed: Mapping[str, bytes]

    def __add__(self, below: "Head") -> "Head":
        """These lines, and those below them."""
        return Head(self.sent + below.sent, {**self.relaxed, **below.relaxed})


class Filled(NamedTuple):
    """A whole message, and what is signed of it."""

    message: bytes
    relaxed: Relaxed


@dataclass(frozen=True, slots=True)
class MailFrame:
    """What stands around the two bodies: the MIME headers with the boundary, and the parts' own headers."""

    head: Head
    start: bytes
    between: bytes
    tail: bytes

    def fill(self, headers: Head, text: Sequence[str], html: Sequence[str]) -> Filled:
        """The whole message, in lines that end in CRLF and seven bits. Both bodies come in the pieces that they
        were put together of; those of the text meet only where a line ends."""
        head, plain, rich = headers + self.head, _quoted_lines(text), _quoted_pieces(html)
        relaxed = b"".join((self.start, plain.relaxed, self.between, rich.relaxed, self.tail))
        return Filled(
            b"".join((head.sent, self.start, plain.sent, self.between, rich.sent, self.tail)),
            Relaxed(head.relaxed, body_hash(relaxed)),
        )


def picture_part(name: str, content_type: str, body: bytes) -> bytes:
    """A picture as a part of a mail (RFC 2183), under a name of ours and with nothing that says where it is from."""
    head = (
        f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: inline; filename="{name}"\r\n\r\n'
    )
    return head.encode("ascii") + base64.encodebytes(body).replace(b"\n", b"\r\n")


def with_parts(headers: bytes, letter: bytes, parts: Sequence[bytes]) -> bytes:
    """The message with these parts behind its words; `letter` is a frame filled without headers (RFC 2046 5.1.3)."""
    boundary = _BOUNDARY.format(part="mixed")
    between = f"--{boundary}\r\n".encode("ascii")
    head = f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    inner = letter if letter.endswith(b"\r\n") else letter + b"\r\n"
    return b"".join((headers, head, between, inner, *(between + part for part in parts), between[:-2], b"--\r\n"))


@lru_cache(maxsize=64)
def mail_frame(language: str) -> MailFrame:
    """The frame of a mail in this language: multipart/alternative, plain text first (RFC 2046 5.1.4)."""
    message = EmailMessage(policy=SMTP)
    message.set_content(_TEXT_HERE, cte="quoted-printable")
    message.add_alternative(_HTML_HERE, subtype="html", cte="quoted-printable")
    message["Content-Language"] = language
    message.set_boundary(_BOUNDARY.format(part="alternative"))
    head, rest = message.as_bytes().split(_TEXT_HERE.encode(), 1)
    between, tail = rest.split(_HTML_HERE.encode(), 1)
    end = head.index(b"\r\n\r\n") + 4
    # `fill` ends each body with a line break of its own. All this is in its relaxed form as it stands.
    return MailFrame(
        Head(head[:end], relaxed_head(head[: end - 4])),
        head[end:],
        between.removeprefix(b"\r\n"),
        tail.removeprefix(b"\r\n"),
    )


def header(name: str, value: str | Mailbox) -> HeadLine:
    """One header, encoded by RFC 2047 where needed and folded, with its line break.

    Raises Invalid for CR, LF, NUL or any other control or line-breaking character, and for an address that is none.
    """
    return _mailbox(name, value) if isinstance(value, Mailbox) else _text(name, value)


def headers(pairs: Iterable[tuple[str, str | Mailbox]]) -> Head:
    """All headers in order. Raises Invalid as `header` does."""
    found = [header(name, value) for name, value in pairs]
    return Head(b"".join([each.sent for each in found]), {each.name: each.relaxed for each in found})


def refuse_breaks(name: str, value: str) -> None:
    """Raises Invalid when the value holds a character that breaks lines or controls a display."""
    if value.isprintable():
        return
    for sign in value:
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
            raise Invalid(f"The {name} line of a mail may not hold the character U+{ord(sign):04X}. Nothing was sent.")


def one_line(text: str) -> str:
    """The words of `text` on one line, without characters that no header may hold."""
    if text.isprintable():  # then it holds none of them, and nearly every text is
        return " ".join(text.split())
    kept = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in text)
    return " ".join(kept.split())


def ascii_address(address: str) -> str:
    """The address as SMTP without extensions carries it: an international domain in its ASCII form (IDNA 2008).

    Raises Invalid when the part before the @ is not ASCII (RFC 6531, which few relays take), or when it is no address.
    """
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise Invalid(
            f"The mail address {address!r} has letters before its @ that mail from here cannot carry (SMTPUTF8). Ask "
            "for another address."
        )
    try:
        plain = f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode('ascii')}"
    except UnicodeError as error:
        raise Invalid(f"The mail address {address!r} has a domain that cannot be written to.") from error
    if not _ADDRESS.fullmatch(plain):
        raise Invalid(f"The mail address {address!r} cannot be written to from here.")
    return plain


def sender(name: str, address: str) -> Mailbox:
    """A From that somebody reads. Raises Invalid for a no-reply address."""
    if is_no_reply(address):
        raise Invalid(f"{address!r} says that nobody reads it; every message must be answerable.")
    return Mailbox(name, address)


def list_headers(name: str, list_id: str) -> Sequence[tuple[str, str]]:
    """List-Id (RFC 2919), and that a POST to the link of `unsubscribe_header` is enough (RFC 8058)."""
    return ("List-Id", _list_id(name, list_id)), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def unsubscribe_header(url: str) -> tuple[str, str]:
    """The link by which this reader ends letters of the list (RFC 2369 3.2)."""
    return "List-Unsubscribe", f"<{url}>"


@lru_cache(maxsize=512)
def _list_id(name: str, list_id: str) -> str:
    words = one_line(name).replace("<", "").replace(">", "").replace('"', "")
    return f"{words} <{list_id}>" if words.isascii() else f"<{list_id}>"


def _text(name: str, value: str) -> HeadLine:
    refuse_breaks(name, value)
    return _plain_line(name, value) if _is_plain(value) else _line(_encoded(name, value) + b"\r\n")


def _mailbox(name: str, value: Mailbox) -> HeadLine:
    shown, address = value
    refuse_breaks(name, shown)
    if not _ADDRESS.fullmatch(address):
        raise Invalid(f"The {name} line of a mail needs an address, and {address!r} is none. Nothing was sent.")
    if not shown:
        return _line(f"{name}: {address}\r\n".encode("ascii"))
    if not _is_plain(shown):
        return _line(b"%b\r\n <%b>\r\n" % (_encoded(name, shown), address.encode("ascii")))
    if '"' not in address and _PLAIN_NAME.fullmatch(shown) and shown == shown.strip() and "  " not in shown:
        return _plain_line(name, f"{shown} <{address}>")
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return _line(f'{name}: "{quoted}"\r\n <{address}>\r\n'.encode("ascii"))


def _is_plain(value: str) -> bool:
    """Whether it needs no encoding, and cannot be taken for something encoded (RFC 2047 2)."""
    return value.isascii() and "=?" not in value


def _line(sent: bytes) -> HeadLine:
    return HeadLine(sent, *relaxed_line(sent))


def _plain_line(name: str, value: str) -> HeadLine:
    """The same for a value that needs no encoding: its relaxed form is put together, not read from what is sent."""
    small = name.lower()
    relaxed = value if value.strip() == value and "  " not in value else " ".join(value.split())
    return HeadLine(_folded(name, value), small, f"{small}:{relaxed}\r\n".encode("ascii"))


@lru_cache(maxsize=512)
def _encoded(name: str, value: str) -> bytes:
    # Header splits on characters, never inside one, and begins a new encoded word on each line.
    value = Header(value, "utf-8", header_name=name, maxlinelen=76).encode(linesep="\r\n")
    return f"{name}: {value}".encode("ascii")


def _folded(name: str, value: str) -> bytes:
    """The line broken before single spaces where it is too long (RFC 5322 2.2.3); words are never cut."""
    line = f"{name}: {value}"
    if len(line) <= LINE or " " not in value:
        return line.encode("ascii") + b"\r\n"
    folded: list[str] = []
    # Never a break before the first word: some readers take an empty first line for an empty header.
    row, *words = _FOLD_AT.split(value)
    row = f"{name}: {row}"
    for word in words:
        if len(row) + 1 + len(word) > LINE and row.strip():
            folded.append(row)
            row = ""
        row += f" {word}"
    folded.append(row)
    return "\r\n".join(folded).encode("ascii") + b"\r\n"


def _quoted_lines(pieces: Sequence[str]) -> Coded:
    """These pieces as one body in quoted-printable, ending in one line break."""
    # By pieces, since most of a letter's paragraphs say the same to every reader; no line's form depends on another's.
    found = [_lines(each) for each in pieces]
    while found and not found[-1].sent.strip(b"\r\n"):
        found.pop()
    last = found.pop().sent.rstrip(b"\r\n") + b"\r\n" if found else b"\r\n"
    return Coded(
        b"".join([each.sent for each in found]) + last,
        b"".join([each.relaxed for each in found]) + relaxed_lines(last),
    )


@lru_cache(maxsize=1024)
def _lines(lines: str) -> Coded:
    """These lines, whose last one's break may be missing; the standard library's C code does the work."""
    data = lines.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    # A break of our own behind it, since a blank that ends a line is coded and one that ends the data is not.
    coded = binascii.b2a_qp(data + b"\n", istext=True)[:-1].replace(b"\n", b"\r\n")
    return Coded(coded, relaxed_lines(coded))


def _quoted_pieces(pieces: Sequence[str]) -> Coded:
    """These pieces as one body in quoted-printable; what a template says to everybody is encoded once.

    A soft break stands between two pieces (RFC 2045 6.7, rule 5), so that each is encoded for itself.
    """
    found: list[Coded] = []
    for piece in pieces:
        if piece:
            found.append(_kept_piece(piece) if len(piece) >= _WORTH_KEEPING else _short_piece(piece))
    # The body ends in one line break, and in no soft one.
    last = b""
    while found and not last:
        last = found.pop().sent.removesuffix(b"=\r\n").rstrip(b"\r\n")
    ended = last + b"\r\n"
    return Coded(
        b"".join([each.sent for each in found]) + ended,
        b"".join([each.relaxed for each in found]) + relaxed_lines(ended),
    )


def _piece(piece: str) -> Coded:
    """One piece, ending in a line break of its own or in a soft one."""
    data = piece.encode("utf-8", "replace")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    coded = binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    if not coded.endswith(b"\r\n"):
        start = coded.rfind(b"\n") + 1
        if len(coded) - start > 75:
            # The soft break's own sign would make the line too long; it is cut where no sign is written as =XX.
            cut = start + 70
            while b"=" in coded[cut - 2 : cut]:
                cut -= 1
            coded = coded[:cut] + b"=\r\n" + coded[cut:]
        coded += b"=\r\n"
    return Coded(coded, relaxed_lines(coded))


#: Most of a letter's short pieces say the same to every reader: who wrote it, to whom, from where.
_short_piece = lru_cache(maxsize=1024)(_piece)

#: Pieces of at least so many signs are a template's own, not a reader's value.
_WORTH_KEEPING = 200
_BLANKS = re.compile(r"[ \t]+(?=[ \t\n])|(?<=\n)[ \t]+")


@lru_cache(maxsize=1024)
def _kept_piece(piece: str) -> Coded:
    """A template's own piece. Blanks that no reader sees go: a style's indenting would be signed and sent each time."""
    return _piece(_BLANKS.sub("", piece))
