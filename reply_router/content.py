"""Content: what makes two mails the same one, and the keys under which a mail is filed once (law 5)."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.base.bulk import new_in
from engine.base.db import table_of
from engine.base.foreseen import foreseeable, write_soon
from engine.conversations.received import FiledKey

#: Headers that servers add on the way: they differ between two tries of the same mail.
_TRACE = frozenset(
    """received return-path delivered-to envelope-to authentication-results received-spf domainkey-signature
    original-recipient""".split()
)
_TRACE_FAMILIES = ("x-", "dkim-", "arc-", "resent-")
LOOP_HEADER = b"x-hearthline-loop"


#: Bytes of a header that are looked at: this is the router's own process, and these are a stranger's bytes.
MOST_HEADER = 256_000
_EMPTY_LINE = re.compile(rb"^\r*\n", re.MULTILINE)
#: A line, and those after it that begin with a space or a tab.
_FIELD = re.compile(rb"(?=[^\n])([^:\n]*)[^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*")
_CHUNK = 1 << 20


def header_of(raw: bytes) -> bytes:
    """The header's lines, without the empty one; of an endless one the beginning."""
    empty = _EMPTY_LINE.search(raw, 0, MOST_HEADER)
    if empty is not None:
        return raw[: empty.start()]
    return raw[:MOST_HEADER] if len(raw) <= MOST_HEADER else raw[: raw.rfind(b"\n", 0, MOST_HEADER) + 1 or MOST_HEADER]


def fields(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each field of a mail's header: its name in lower case, and its whole bytes with folded lines and line end."""
    for field in _FIELD.finditer(header):
        yield field[1].strip().lower(), field[0]


def fingerprint(raw: bytes) -> bytes:
    """A hash of the mail without its trace headers, the same for every try of a sender's server."""
    digest = hashlib.sha256()
    header = header_of(raw)
    for name, whole in fields(header):
        if not _is_trace(name.decode("latin-1")):
            digest.update(whole.replace(b"\r\n", b"\n"))
    digest.update(b"\n")
    empty = _EMPTY_LINE.match(raw, len(header))
    _digest_lines(digest.update, raw, empty.end() if empty is not None else len(header))
    return digest.digest()


def _digest_lines(update: Callable[[bytes], None], raw: bytes, at: int) -> None:
    """What follows `at` is in the digest with plain line ends, and without those at its very end."""
    ends = 0
    while at < len(raw):
        to = min(at + _CHUNK, len(raw))
        if to < len(raw) and raw[to - 1 : to + 1] == b"\r\n":
            to += 1
        piece = raw[at:to].replace(b"\r\n", b"\n")
        words = piece.rstrip(b"\n")
        if words:
            update(b"\n" * ends)
            update(words)
            ends = 0
        ends += len(piece) - len(words)
        at = to


def _is_trace(name: str) -> bool:
    return name in _TRACE or name.startswith(_TRACE_FAMILIES)


def loop_marks(raw: bytes) -> list[str]:
    """What the fields say that our own letters carry against loops; anybody may have written them."""
    header = header_of(raw)
    if LOOP_HEADER not in header.lower():
        return []
    values = [whole.partition(b":")[2] for name, whole in fields(header) if name == LOOP_HEADER]
    return [value.strip().decode("ascii", "replace") for value in values]


def without_loop_marks(raw: bytes) -> bytes:
    """The mail without those fields, for reading: another organization's mark says nothing to us."""
    header = header_of(raw)
    return b"".join(whole for name, whole in fields(header) if name != LOOP_HEADER) + raw[len(header) :]


def is_listed(raw: bytes) -> bool:
    """Whether a mailing list passed the mail on, whatever it answers (RFC 2919, 2369; old lists: Precedence)."""
    header = header_of(raw)
    lower = header.lower()
    if not any(each in lower for each in _LISTED):
        return False
    for name, whole in fields(header):
        if name in _LISTS:
            return True
        if name == b"precedence" and whole.partition(b":")[2].strip().lower() in (b"list", b"bulk", b"junk"):
            return True
    return False


#: Fields that only a list adds.
_LISTS = frozenset({b"list-id", b"list-post", b"list-unsubscribe", b"mailing-list", b"x-mailing-list", b"x-loop"})
#: One of these stands in the header of whatever a list passed on; of most letters none does.
_LISTED = (b"list-", b"mailing-list", b"x-loop", b"precedence")


def key_of(*parts: bytes | str | int) -> bytes:
    """One key of several parts; no two lists of parts give the same."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "backslashreplace")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


@foreseeable
def owner_of(session: Session, key: bytes) -> int | None:
    """The received row that owns the key; foreseen and None: nobody does, and nobody else can take it meanwhile."""
    return session.scalar(select(FiledKey.received_id).where(FiledKey.key == key))


def take_keys(session: Session, wanted: Mapping[bytes, int], now: datetime) -> None:
    """Each key is owned by the row it is wanted for, unless another owns it; by which is known. One insert for all."""
    rows = [{"key": key, "created_at": now, "received_id": wanted[key]} for key in sorted(wanted)]
    new = new_in(session, table_of(FiledKey)).returning(table_of(FiledKey).c.key)
    mine = set(session.scalars(new, rows))
    owners: dict[bytes, int] = {key: wanted[key] for key in mine}
    others = [key for key in wanted if key not in mine]
    if others:
        rows_there = select(FiledKey.key, FiledKey.received_id).where(FiledKey.key.in_(others))
        owners |= dict(session.execute(rows_there).tuples().all())
    for key, owner in owners.items():
        owner_of.foresee(session, owner, key)


def foresee_keys(session: Session, keys: Collection[bytes]) -> None:
    """Who owns each of these keys is known. Only for those that nobody else can take meanwhile."""
    rows = session.execute(select(FiledKey.key, FiledKey.received_id).where(FiledKey.key.in_(keys)))
    found = dict(rows.tuples().all())
    for key in keys:
        owner_of.foresee(session, found.get(key), key)


def file_once(session: Session, key: bytes, received_id: int, now: datetime) -> int | None:
    """None once this received row owns the key; else the row that does. Insert and catch, never look first."""
    if owner_of.is_foreseen(session, key):
        owner = owner_of(session, key)
        if owner is None:
            owner_of.foresee(session, received_id, key)
            write_soon(session, _TAKEN, {"key": key, "created_at": now, "received_id": received_id})
        return None if owner in (None, received_id) else owner
    try:
        with session.begin_nested():
            session.execute(insert(FiledKey).values(key=key, created_at=now, received_id=received_id))
    except IntegrityError:
        owner = owner_of(session, key)
        return None if owner == received_id else owner
    return None


_TAKEN = insert(table_of(FiledKey))
