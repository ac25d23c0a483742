"""Signed tokens: the reply address, the return path, and links.

A token names a subject and a member and proves that we made it. It finds a thread; it never proves who wrote.
Layout (30 bytes, 48 letters of base32, case-blind, so a local part stays under the 64 octets of RFC 5321 4.5.3.1.1):
key id 1, purpose 1, subject 8, member 8, HMAC-SHA256 cut to 96 bits.
Links add an expiry of 4 bytes (minutes since 1970).
"""

import base64
import secrets
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from engine.base.errors import BadToken

#: Bytes of HMAC kept: 96 bits.
MAC_BYTES = 12
_NONCE = 12
_FIXED = struct.Struct(">BBQQ")
_EXPIRY = struct.Struct(">I")


class Purpose(IntEnum):
    """What a token is for; a token of one purpose is worthless for another. Numbers never change meaning."""

    REPLY_TO_DELIVERY = 1
    REPLY_TO_THREAD = 2
    RETURN_PATH = 3
    UNSUBSCRIBE = 4
    PREFERENCES = 5
    INVITATION = 6
    STAFF_REPLY = 7
    CONFIRM = 8
    PROBE = 9
    TEXT_STATUS = 10
    #: As PREFERENCES, in a mail that somebody asked for: mails are passed on, so it only ends things (law 9).
    MAILED_PREFERENCES = 11
    #: One button that sends an organizer's words which wait, and one conversation without a password.
    STAFF_PRESS = 21
    STAFF_CONVERSATION = 22


@dataclass(frozen=True, slots=True)
class Token:
    """What a verified token says: about which row, and to which member it was given (0: nobody)."""

    purpose: Purpose
    subject_id: int
    member_id: int


def _keyed(key: bytes) -> HMAC:
    """HMAC-SHA256 under this key (RFC 2104), its own share of the work done once: a letter bears six codes."""
    return HMAC(key, SHA256())


def _code(keyed: HMAC, data: bytes) -> bytes:
    """The 32 bytes of this data's code."""
    code = keyed.copy()
    code.update(data)
    return code.finalize()


_NOBODYS = _keyed(b"\0" * 32)


class TokenRing:
    """Signs with the newest key and verifies with every key there ever was."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        if not keys:
            raise ValueError("a token ring needs at least one key")
        self._newest = max(keys)
        self._macs = {key_id: _keyed(key) for key_id, key in keys.items()}

    def sign(self, purpose: Purpose, subject_id: int, member_id: int = 0) -> str:
        """A token that never expires: 48 lower-case letters and digits."""
        head = _FIXED.pack(self._newest, purpose, subject_id, member_id)
        return _text(head + self._mac(self._newest, head))

    def verify(self, text: str, *purposes: Purpose) -> Token:
        """What the token says. Raises BadToken, the same for every reason."""
        data = _bytes(text, _FIXED.size + MAC_BYTES)
        return self._open(data[: _FIXED.size], data[_FIXED.size :], purposes)

    def sign_link(self, purpose: Purpose, subject_id: int, member_id: int, expires_at: datetime) -> str:
        """A token that is good until `expires_at` (kept to the minute)."""
        head = _FIXED.pack(self._newest, purpose, subject_id, member_id)
        head += _EXPIRY.pack(int(expires_at.timestamp()) // 60)
        return _text(head + self._mac(self._newest, head))

    def verify_link(self, text: str, now: datetime, *purposes: Purpose) -> Token:
        """What an unexpired link token says. Raises BadToken, the same for every reason."""
        size = _FIXED.size + _EXPIRY.size
        data = _bytes(text, size + MAC_BYTES)
        token = self._open(data[:size], data[size:], purposes)
        (minutes,) = _EXPIRY.unpack(data[_FIXED.size : size])
        if now > datetime.fromtimestamp(minutes * 60, UTC):
            raise BadToken("This link is too old.")
        return token

    def session_secret(self) -> bytes:
        """A key for signed cookies, derived so that it is never the token key itself."""
        return _code(self._macs[self._newest], b"hearthline web session")

    def mark(self, text: str) -> str:
        """A short keyed mark of `text`: our own loop header, and hashes that outlive an erased address."""
        return _code(self._macs[min(self._macs)], text.encode()).hex()[:32]

    def seal(self, what: str, secret: bytes) -> bytes:
        """The secret as it may stand in the database: AES-256-GCM under a key derived from the newest one.

        It opens only as `what` it was sealed.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self._sealing(self._newest)).encrypt(nonce, secret, what.encode())
        return bytes([self._newest]) + nonce + sealed

    def unseal(self, what: str, sealed: bytes) -> bytes:
        """What was sealed. Raises BadToken when its key is gone, or when it was sealed as something else."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            aead = AESGCM(self._sealing(sealed[0]))
            return aead.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], what.encode())
        except (InvalidTag, KeyError, IndexError, ValueError) as error:
            raise BadToken("This secret was sealed with a signing key that is not here.") from error

    def _sealing(self, key_id: int) -> bytes:
        return _code(self._macs[key_id], b"hearthline sealed secrets")

    def _mac(self, key_id: int, head: bytes) -> bytes:
        return _code(self._macs[key_id], head)[:MAC_BYTES]

    def _open(self, head: bytes, mac: bytes, purposes: tuple[Purpose, ...]) -> Token:
        key_id, purpose, subject_id, member_id = _FIXED.unpack(head[: _FIXED.size])
        # An unknown key is compared too, so that every wrong token takes the same way.
        ours = _code(self._macs.get(key_id, _NOBODYS), head)[:MAC_BYTES]
        good = bytes_eq(ours, mac)
        if key_id not in self._macs or not good or purpose not in purposes:
            raise BadToken("This address or link was not made here.")
        return Token(Purpose(purpose), subject_id, member_id)


def _text(data: bytes) -> str:
    """These bytes in base32 (RFC 4648 6), in small letters and without padding."""
    return base64.b32encode(data).decode("ascii").lower().rstrip("=")


def _bytes(text: str, size: int) -> bytes:
    letters = text.strip().lower()
    try:
        data = base64.b32decode((letters + "=" * (-len(letters) % 8)).upper().encode("ascii"))
    except (ValueError, UnicodeError) as error:
        raise BadToken("This address or link was not made here.") from error
    # Written in exactly one way: no padding, and nothing in the bits that the last letter has to spare.
    if len(data) != size or _text(data) != letters:
        raise BadToken("This address or link was not made here.")
    return data
