"""A transfer encoding is undone (RFC 2045 section 6): as far as it can be, and never further than it is one.

A wrong label is common: plain words that claim to be base64 stay the words they are.
"""

import base64
import binascii
import re
from typing import Final

_NOT_BASE64: Final = bytes(
    byte for byte in range(256) if byte not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)
_BLANK: Final = b" \t\r\n"
_RUN: Final = re.compile(rb"[A-Za-z0-9+/=]+")
#: Base64 letters, maybe with blanks for lost line ends, and behind their padding anything: what stands there is to be
#: ignored (RFC 2045 section 6.8).
_FIRST_RUN: Final = re.compile(rb"(?:[A-Za-z0-9+/]{40,}[ \t]+)*+[A-Za-z0-9+/]*(?:=.*)?", re.DOTALL)
_NAMES: Final = {
    "base64": "base64",
    "quotedprintable": "quoted-printable",
    "qp": "quoted-printable",
    "xuuencode": "uuencode",
    "uuencode": "uuencode",
    "xuue": "uuencode",
    "uue": "uuencode",
}


#: As nearly all write it.
_USUAL: Final = {"": "", "7bit": "", "8bit": "", "base64": "base64", "quoted-printable": "quoted-printable"}


def encoding_of(value: str) -> str:
    """The transfer encoding that a header value names: base64, quoted-printable, uuencode, or empty for none."""
    if value in _USUAL:
        return _USUAL[value]
    word = value.partition(";")[0].partition("(")[0]
    return _NAMES.get("".join(c for c in word.casefold() if c.isalnum()), "")


def undo(raw: bytes, encoding: str) -> bytes:
    """Content without its transfer encoding; an encoding we do not know is left as it is."""
    match encoding:
        case "base64":
            return _base64(raw)
        case "quoted-printable":
            return binascii.a2b_qp(raw)
        case "uuencode":
            return _uudecoded(raw)
        case _:
            return raw


def fits(raw: bytes, encoding: str) -> bool:
    """Whether content can be what its label says; only base64 has a form that mere words have not."""
    if encoding != "base64":
        return True
    lines = [line.strip() for line in raw[:2_000].split(b"\n")]
    lines = [line for line in lines if line][:3]
    for line in lines:
        if _FIRST_RUN.fullmatch(line) is None:
            return False
        if b"=" in line:
            return True
    return True


def lenient_base64(raw: bytes) -> bytes:
    """What can be read of base64 text, whatever stands between its letters or is missing at its end."""
    letters = raw.translate(None, _NOT_BASE64)
    spare = len(letters) % 4
    if spare == 1:
        letters = letters[:-1]
    elif spare:
        letters += b"=" * (4 - spare)
    return base64.b64decode(letters)


def _base64(raw: bytes) -> bytes:
    """Padding ends the data, unless more lines of base64 follow: some programs encode a file in pieces."""
    letters = raw.translate(None, _BLANK)
    padding = letters.find(b"=")
    if padding < 0 or not letters[padding:].strip(b"="):
        return lenient_base64(letters)
    out: list[bytes] = []
    waiting: list[bytes] = []
    ended = False
    for line in raw.split(b"\n"):
        line = line.strip()
        if not line:
            continue
        if ended and _RUN.fullmatch(line) is None:
            break
        if b"=" not in line:
            waiting.append(line)
            ended = False
            continue
        head = line.partition(b" ")[0]
        *whole, rest = head.split(b"=")
        for piece in whole:
            waiting.append(piece)
            out.append(lenient_base64(b"".join(waiting)))
            waiting = []
        waiting.append(rest)
        ended = not rest
    out.append(lenient_base64(b"".join(waiting)))
    return b"".join(out)


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
