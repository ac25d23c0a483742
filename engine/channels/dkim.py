"""DKIM: our signatures at the head of a mail (RFC 6376, RFC 8463), made in one pass by keys of our own (dkim_keys).

Head and body are canonicalized "relaxed", the whole body is covered (no `l=`, which lets a stranger add to it), and the
lines that a stranger could gain by adding are signed once more than they stand there (RFC 6376 5.4.2).
"""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Algorithm = Literal["rsa-sha256", "ed25519-sha256"]

#: The lines that are signed where they stand (RFC 6376 5.4.1), both of one-click among them (RFC 8058 4).
COVERED = (
    "from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "content-language", "list-id", "list-unsubscribe",
    "list-unsubscribe-post", "list-help", "list-post", "auto-submitted", "precedence", "feedback-id",
    "x-hearthline-loop",
)  # fmt: skip
#: Signed once more than they stand there. Not the lists' own lines: a mailing list that passes an answer on adds them.
OVERSIGNED = ("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type")

_PADDING, _SHA256 = padding.PKCS1v15(), hashes.SHA256()
_LINE = 72


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and under which name its public half stands: SELECTOR._domainkey.DOMAIN."""

    domain: str
    selector: str
    algorithm: Algorithm
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes (RFC 6376 3.3.1, RFC 8463 3: Ed25519 over their SHA-256)."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, _PADDING, _SHA256)
        return self.private.sign(hashlib.sha256(data).digest())


class Relaxed(NamedTuple):
    """What is signed of a mail: its head's lines in their relaxed form, by their names in small letters, and a hash."""

    head: Mapping[str, bytes]
    body_hash: bytes


def body_hash(relaxed: bytes) -> bytes:
    """The hash of a body in its relaxed form, as a signature says it (RFC 6376 3.5, `bh=`)."""
    return base64.b64encode(hashlib.sha256(relaxed).digest())


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a signature over the same names says each time: its beginning for one key."""

    #: Which of the head's lines are signed, in order.
    covered: tuple[str, ...]
    names: str


@dataclass(frozen=True, slots=True)
class _Begin:
    """A signature's line up to the signature itself, with a place for the body's hash: as it is sent, and relaxed."""

    shown: bytes
    relaxed: bytes


@lru_cache(maxsize=64)
def _begin(algorithm: Algorithm, domain: str, selector: str, stamp: int, names: str) -> _Begin:
    """What the signatures of one second by one key have in common."""
    rows = (f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain};", f"s={selector}; t={stamp};", f"h={names};", "bh=")
    relaxed = f"dkim-signature:{' '.join(rows)}"
    shown = "DKIM-Signature: " + "\r\n ".join(rows).replace(": ", ":\r\n ")
    return _Begin(f"{shown}%b;\r\n b=".encode("ascii"), f"{relaxed}%b; b=".encode("ascii"))


class Signer:
    """Signs every mail with each of these keys; with none it leaves mails as they are."""

    def __init__(self, keys: Sequence[SigningKey] = (), rewritten: Collection[str] = ()) -> None:
        """`rewritten`: lines that the relay puts its own in the place of (in small letters). They are not signed."""
        self.keys = tuple(keys)
        self._rewritten = frozenset(rewritten)
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def signed(self, message: bytes, at: datetime, relaxed: Relaxed | None = None) -> bytes:
        """The message (lines end in CRLF) with a DKIM-Signature for each key above it.

        `relaxed`: what is signed of it, from whoever put it together and knows it.
        """
        return self.signatures(message, at, relaxed) + message if self.keys else message

    def signatures(self, message: bytes, at: datetime, relaxed: Relaxed | None = None) -> bytes:
        """The DKIM-Signature lines of this message. The body is hashed once for all keys."""
        if relaxed is None:
            head, _, body = message.partition(b"\r\n\r\n")
            relaxed = Relaxed(relaxed_head(head), body_hash(relaxed_body(body)))
        lines = relaxed.head
        shape = self._shape(tuple(lines))
        covered = b"".join([lines[name] for name in shape.covered])
        made: list[bytes] = []
        for key in self.keys:
            # Every break in the line stands where the relaxed form has its one blank.
            begin = _begin(key.algorithm, key.domain, key.selector, int(at.timestamp()), shape.names)
            signature = base64.b64encode(key.sign(covered + begin.relaxed % relaxed.body_hash))
            pieces = b"\r\n ".join([signature[at : at + _LINE] for at in range(0, len(signature), _LINE)])
            made.append(b"%b%b\r\n" % (begin.shown % relaxed.body_hash, pieces))
        return b"".join(made)

    def _shape(self, present: tuple[str, ...]) -> _Shape:
        shape = self._shapes.get(present)
        if shape is None:
            covered = tuple(name for name in COVERED if name in present and name not in self._rewritten)
            names = [*covered, *(name for name in OVERSIGNED if name not in self._rewritten)]
            rows: list[str] = []
            for name in names:
                if rows and len(rows[-1]) + len(name) < _LINE - 2:
                    rows[-1] += f":{name}"
                else:
                    rows.append(name)
            if len(self._shapes) > 500:  # heads are ours and few; no stranger's may fill the memory
                self._shapes.clear()
            shape = self._shapes[present] = _Shape(covered, ": ".join(rows))
        return shape


#: Leaves mails as they are.
UNSIGNED = Signer()


def relaxed_head(head: bytes) -> dict[str, bytes]:
    """Each line of a head in its relaxed form with its line break (RFC 6376 3.4.2), by its name in small letters.

    Of lines that stand there twice the last one counts, which is the one that a verifier looks for first (5.4.2).
    """
    lines = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    return dict(relaxed_line(line) for line in lines)


def relaxed_line(line: bytes) -> tuple[str, bytes]:
    """One line of a head, folded or not: its name in small letters, and its relaxed form with its line break."""
    name, _, value = line.partition(b":")
    name = name.strip().lower()
    return name.decode("ascii"), b"%b:%b\r\n" % (name, b" ".join(value.split()))


def relaxed_body(body: bytes) -> bytes:
    """A body in its relaxed form (RFC 6376 3.4.4): blanks are one, none ends a line, no empty line ends the body."""
    body = relaxed_lines(body)
    if not body.endswith(b"\r\n"):
        body = body.rstrip(b" ")
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n" if body else b""


def relaxed_lines(lines: bytes) -> bytes:
    """Whole lines of a body in their relaxed form; those that are empty stay."""
    if b"\t" in lines:
        lines = lines.replace(b"\t", b" ")
    while b"  " in lines:
        lines = lines.replace(b"  ", b" ")
    while b" \r\n" in lines:
        lines = lines.replace(b" \r\n", b"\r\n")
    return lines
