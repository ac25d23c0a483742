"""Content: what makes two mails the same one, and the keys under which a mail is filed once (law 5)."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.conversations.received import FiledKey

#: Headers that servers add on the way: they differ between two tries of the same mail.
_TRACE = frozenset(
    """received return-path delivered-to envelope-to authentication-results received-spf domainkey-signature
    original-recipient""".split()
)
_TRACE_FAMILIES = ("x-", "dkim-", "arc-", "resent-")
LOOP_HEADER = b"x-hearthline-loop"


def fields(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each header field of a mail: its name in lower case, and its whole bytes with folded lines and line end."""
    start = 0
    name, lines = b"", list[bytes]()
    while start < len(raw):
        end = raw.find(b"\n", start)
        end = len(raw) if end < 0 else end + 1
        line = raw[start:end]
        if not line.strip(b"\r\n"):
            break
        if line[:1] in b" \t" and lines:
            lines.append(line)
        else:
            if lines:
                yield name, b"".join(lines)
            name, lines = line.partition(b":")[0].strip().lower(), [line]
        start = end
    if lines:
        yield name, b"".join(lines)


def body_of(raw: bytes) -> bytes:
    """Everything after the header's empty line."""
    ends = [(at, len(gap)) for gap in (b"\r\n\r\n", b"\n\n") if (at := raw.find(gap)) >= 0]
    if not ends:
        return b""
    at, length = min(ends)
    return raw[at + length :]


def fingerprint(raw: bytes) -> bytes:
    """A hash of the mail without its trace headers, the same for every try of a sender's server."""
    digest = hashlib.sha256()
    for name, whole in fields(raw):
        if not _is_trace(name.decode("latin-1")):
            digest.update(whole.replace(b"\r\n", b"\n"))
    digest.update(b"\n")
    digest.update(body_of(raw).replace(b"\r\n", b"\n").rstrip(b"\n"))
    return digest.digest()


def _is_trace(name: str) -> bool:
    return name in _TRACE or name.startswith(_TRACE_FAMILIES)


def loop_marks(raw: bytes) -> list[str]:
    """What the fields say that our own letters carry against loops; anybody may have written them."""
    values = [whole.partition(b":")[2] for name, whole in fields(raw) if name == LOOP_HEADER]
    return [value.strip().decode("ascii", "replace") for value in values]


def without_loop_marks(raw: bytes) -> bytes:
    """The mail without those fields, for reading: another organization's mark says nothing to us."""
    kept = b"".join(whole for name, whole in fields(raw) if name != LOOP_HEADER)
    return kept + b"\r\n" + body_of(raw)


def key_of(*parts: bytes | str | int) -> bytes:
    """One key of several parts; no two lists of parts give the same."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "backslashreplace")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def file_once(session: Session, key: bytes, received_id: int, now: datetime) -> int | None:
    """None once this received row owns the key; else the row that does. Insert and catch, never look first."""
    try:
        with session.begin_nested():
            session.execute(insert(FiledKey).values(key=key, created_at=now, received_id=received_id))
    except IntegrityError:
        owner = session.scalar(select(FiledKey.received_id).where(FiledKey.key == key))
        return None if owner == received_id else owner
    return None
