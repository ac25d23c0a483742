"""Staging: the rows of one file between being judged and being brought in, in a database of this process alone.

It lives in the machine's folder for temporary files, has no name, and is gone when the process is, however that ends.
Memory stays the same for ten rows and for a million.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import NamedTuple

from engine.base.errors import Unavailable
from engine.people.importing.entry import Entry
from engine.people.importing.judge import Kind, Known

_SHAPE = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE staged (
    row INTEGER PRIMARY KEY, member_id INTEGER NOT NULL, kind TEXT NOT NULL, settled TEXT NOT NULL, entry TEXT NOT NULL
);
CREATE TABLE handle (
    value TEXT NOT NULL, member_id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (value, member_id)
) WITHOUT ROWID;
CREATE TABLE person (
    member_id INTEGER PRIMARY KEY, row INTEGER NOT NULL, made INTEGER NOT NULL, settled TEXT NOT NULL, known TEXT
);
"""


class Staged(NamedTuple):
    """One judged row: whom it is about, and what earlier rows of the file had said of them already."""

    member_id: int
    kind: Kind
    settled: list[str]
    entry: Entry


class Person(NamedTuple):
    """Somebody whom an earlier row of the file was about."""

    member_id: int
    #: That row.
    row: int
    #: Whether that row was the first that anybody here heard of them.
    made: bool
    settled: list[str]
    #: What is known of them by now, unless their first row, or the database, says it all.
    known: Known | None


class Staging:
    """The rows of one file. Closed, nothing of it is left. Every method raises Unavailable when the disk is full."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)  # no name: SQLite's own temporary file
        self._db.executescript(_SHAPE)

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._db.close()

    def put(self, rows: Iterable[Staged]) -> None:
        """These rows wait to be brought in."""
        self._many(
            "INSERT INTO staged VALUES (?, ?, ?, ?, ?)",
            [(each.entry.row, each.member_id, each.kind, _text(each.settled), _entry(each.entry)) for each in rows],
        )

    def put_handles(self, handles: Iterable[tuple[str, int, str]]) -> None:
        """Whoever looks for one of these addresses finds the member, with this name."""
        self._many("INSERT OR REPLACE INTO handle VALUES (?, ?, ?)", list(handles))

    def put_persons(self, persons: Iterable[Person]) -> None:
        """What is known of these by now."""
        self._many(
            "INSERT OR REPLACE INTO person VALUES (?, ?, ?, ?, ?)",
            [
                (
                    each.member_id,
                    each.row,
                    each.made,
                    _text(each.settled),
                    None if each.known is None else _text(asdict(each.known)),
                )
                for each in persons
            ],
        )

    def handles(self, values: Sequence[str]) -> list[tuple[str, int, str]]:
        """(address, member, name) of everybody whom earlier rows gave one of these addresses, oldest first."""
        found = self._db.execute(
            "SELECT value, member_id, name FROM handle WHERE value IN (SELECT value FROM json_each(?))"
            " ORDER BY member_id",
            (_text(values),),
        )
        return found.fetchall()

    def persons(self, member_ids: Sequence[int]) -> dict[int, Person]:
        """Those of these members whom earlier rows were about."""
        found = self._db.execute(
            "SELECT member_id, row, made, settled, known FROM person"
            " WHERE member_id IN (SELECT value FROM json_each(?))",
            (_text(member_ids),),
        )
        return {
            member_id: Person(
                member_id, row, bool(made), json.loads(settled), None if known is None else Known(**json.loads(known))
            )
            for member_id, row, made, settled, known in found
        }

    def entries(self, rows: Sequence[int]) -> dict[int, Entry]:
        """What these rows said."""
        found = self._db.execute(
            "SELECT row, entry FROM staged WHERE row IN (SELECT value FROM json_each(?))", (_text(rows),)
        )
        return {row: _read_entry(row, text) for row, text in found}

    def to_bring_in(self, size: int) -> Iterator[list[Staged]]:
        """What brings news, in the file's order, `size` rows at a time."""
        after = -1
        while True:
            found = self._db.execute(
                "SELECT row, member_id, kind, settled, entry FROM staged"
                " WHERE row > ? AND kind IN ('new', 'update') ORDER BY row LIMIT ?",
                (after, size),
            ).fetchall()
            if not found:
                return
            after = found[-1][0]
            yield [
                Staged(member_id, kind, json.loads(settled), _read_entry(row, text))
                for row, member_id, kind, settled, text in found
            ]

    def _many(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._db.execute("BEGIN")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"There is no room for temporary files ({error}). Make room, or name a folder with room as TMPDIR."
            ) from error


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _text(value: object) -> str:
    return _encode(value) if value else "[]"


def _entry(entry: Entry) -> str:
    return _text(
        (
            entry.fields, entry.custom, entry.spoken, entry.emails, entry.phones, entry.tags, entry.chapters,
            entry.mail, entry.mail_evidence, entry.texts, entry.texts_evidence,
        )
    )  # fmt: skip


def _read_entry(row: int, text: str) -> Entry:
    return Entry(row, *json.loads(text))
