"""A mail's bytes: the frame of a kind of letter is built once by EmailMessage, then only filled per recipient.

Building an EmailMessage costs about 6 ms, filling a frame about 0.1. Every header passes `header`, which refuses what
could begin a second one.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache

import idna

from engine.base.errors import Invalid
from engine.base.setting_groups.mail import is_no_reply

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


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address, as From, To and Reply-To hold them."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class MailFrame:
    """What stands around the two bodies: the MIME headers with the boundary, and the parts' own headers."""

    head: bytes
    between: bytes
    tail: bytes

    def fill(self, headers: bytes, text: str, html: str | Sequence[str]) -> bytes:
        """The whole message, in lines that end in CRLF and seven bits. HTML in pieces is what they are together."""
        rich = _quoted(html) if isinstance(html, str) else _quoted_pieces(html)
        return b"".join((headers, self.head, _quoted(text), self.between, rich, self.tail))


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
    # `fill` ends each body with a line break of its own.
    return MailFrame(head, between.removeprefix(b"\r\n"), tail.removeprefix(b"\r\n"))


@lru_cache(maxsize=512)
def header(name: str, value: str | Mailbox) -> bytes:
    """One header, encoded by RFC 2047 where needed and folded, with its line break.

    Raises Invalid for CR, LF, NUL or any other control or line-breaking character, and for an address that is none.
    """
    if isinstance(value, Mailbox):
        return _mailbox(name, value)
    refuse_breaks(name, value)
    if value.isascii() and "=?" not in value:
        return _folded(f"{name}: {value}")
    return _encoded(name, value).encode("ascii") + b"\r\n"


def headers(pairs: Iterable[tuple[str, str | Mailbox]]) -> bytes:
    """All headers in order. Raises Invalid as `header` does."""
    return b"".join(header(name, value) for name, value in pairs)


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


def list_headers(name: str, list_id: str, unsubscribe_url: str) -> Sequence[tuple[str, str]]:
    """List-Id (RFC 2919), and List-Unsubscribe with its one-click POST (RFC 8058)."""
    words = one_line(name).replace("<", "").replace(">", "").replace('"', "")
    return (
        ("List-Id", f"{words} <{list_id}>" if words.isascii() else f"<{list_id}>"),
        ("List-Unsubscribe", f"<{unsubscribe_url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


def _mailbox(name: str, value: Mailbox) -> bytes:
    refuse_breaks(name, value.name)
    if not _ADDRESS.fullmatch(value.address):
        raise Invalid(f"The {name} line of a mail needs an address, and {value.address!r} is none. Nothing was sent.")
    if not value.name:
        return f"{name}: {value.address}\r\n".encode("ascii")
    if not value.name.isascii() or "=?" in value.name:
        return f"{_encoded(name, value.name)}\r\n <{value.address}>\r\n".encode("ascii")
    if (
        '"' not in value.address
        and _PLAIN_NAME.fullmatch(value.name)
        and value.name == value.name.strip()
        and "  " not in value.name
    ):
        return _folded(f"{name}: {value.name} <{value.address}>")
    quoted = value.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}: "{quoted}"\r\n <{value.address}>\r\n'.encode("ascii")


def _encoded(name: str, value: str) -> str:
    # Header splits on characters, never inside one, and begins a new encoded word on each line.
    return f"{name}: {Header(value, 'utf-8', header_name=name, maxlinelen=76).encode(linesep=chr(13) + chr(10))}"


def _folded(line: str) -> bytes:
    """The line broken before single spaces where it is too long (RFC 5322 2.2.3); words are never cut."""
    if len(line) <= LINE:
        return line.encode("ascii") + b"\r\n"
    folded: list[str] = []
    name, _, value = line.partition(": ")
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


def _quoted(body: str) -> bytes:
    """The body in quoted-printable, ending in one line break; the standard library's C code does the work."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    data = lines.encode("utf-8", "replace")
    return binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")


def _quoted_pieces(pieces: Sequence[str]) -> bytes:
    """These pieces as one body in quoted-printable; what a template says to everybody is encoded once.

    A soft break stands between two pieces (RFC 2045 6.7, rule 5), so that each is encoded for itself.
    """
    found: list[bytes] = []
    for piece in pieces:
        if piece:
            found.append(_kept_piece(piece) if len(piece) >= _WORTH_KEEPING else _piece(piece))
    if found:
        found[-1] = found[-1].removesuffix(b"=\r\n")
    return b"".join(found).rstrip(b"\r\n") + b"\r\n"


def _piece(piece: str) -> bytes:
    """One piece, ending in a line break of its own or in a soft one."""
    data = piece.encode("utf-8", "replace")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    coded = binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    if coded.endswith(b"\r\n"):
        return coded
    start = coded.rfind(b"\n") + 1
    if len(coded) - start > 75:
        # The soft break's own sign would make the line too long; it is cut where no sign is written as =XX.
        cut = start + 70
        while b"=" in coded[cut - 2 : cut]:
            cut -= 1
        coded = coded[:cut] + b"=\r\n" + coded[cut:]
    return coded + b"=\r\n"


#: Pieces of at least so many signs are a template's own, not a reader's value.
_WORTH_KEEPING = 200
_BLANKS = re.compile(r"[ \t]+(?=[ \t\n])|(?<=\n)[ \t]+")


@lru_cache(maxsize=1024)
def _kept_piece(piece: str) -> bytes:
    """A template's own piece. Blanks that no reader sees go: a style's indenting would be signed and sent each time."""
    return _piece(_BLANKS.sub("", piece))
