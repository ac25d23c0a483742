"""What the outside world remembers: mailboxes, letters on their way to us, and what people there are going to do.

It is a file of its own, because the world is not ours: nothing in Hearthline's database knows of it.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.base.stored_time import from_microseconds, to_microseconds

SHAPE = """
CREATE TABLE IF NOT EXISTS letter (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, mailbox TEXT NOT NULL, direction TEXT NOT NULL,
    mail_from TEXT NOT NULL, message_id TEXT NOT NULL, raw BLOB NOT NULL, noticed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS letter_mailbox ON letter (mailbox, id);
CREATE INDEX IF NOT EXISTS letter_id ON letter (message_id);
CREATE INDEX IF NOT EXISTS letter_new ON letter (id) WHERE noticed = 0;
CREATE TABLE IF NOT EXISTS again (id INTEGER PRIMARY KEY, letter INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS plan (
    key TEXT PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS plan_next ON plan (at, key) WHERE done = 0;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in a mailbox of the outside world: it arrived there (`in`) or was written there (`out`)."""

    id: int
    at: datetime
    mailbox: str
    direction: str
    mail_from: str
    message_id: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """Something that will happen in the outside world at a time: somebody joins, writes, or answers."""

    key: str
    at: datetime
    kind: str
    detail: dict[str, Any]


class Store:
    """The outside world's memory, one SQLite file, safe from any thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing with NORMAL; only a power cut could, and this world is made up.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SHAPE)

    def close(self) -> None:
        """The file is closed."""
        with self._lock:
            self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is kept as one, or not at all."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def shape(self, script: str) -> None:
        """Further tables of the outside world stand in the file."""
        with self._lock:
            self._db.executescript(script)

    def ask(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a question about such tables."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def change(self, sql: str, *values: Any) -> int:
        """Such tables are changed; the number of rows concerned."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def keep(self, mailbox: str, direction: str, mail_from: str, message_id: str, raw: bytes, at: datetime) -> int:
        """The letter stands in the mailbox; its id is returned."""
        with self._lock:
            cursor = self._db.execute(
                "INSERT INTO letter (at, mailbox, direction, mail_from, message_id, raw, noticed)"
                " VALUES (?,?,?,?,?,?,?)",
                (to_microseconds(at), mailbox.lower(), direction, mail_from, message_id, raw, direction == "out"),
            )
            return int(cursor.lastrowid or 0)

    def arrive(self, mailbox: str, mail_from: str, message_id: str, raw: bytes, at: datetime) -> bool:
        """The letter stands in the mailbox once; False when it stood there already and was handed over again.

        A mail server that keeps a list of Message-IDs does the same. A sender that crashed between our yes and its own
        note of it cannot know, and hands the mail over again under the same one (RFC 1047 tells of this).
        """
        with self._lock:
            row = self._db.execute(
                "SELECT id FROM letter WHERE message_id = ? AND message_id != '' AND mailbox = ? AND direction = 'in'",
                (message_id, mailbox.lower()),
            ).fetchone()
            if row is None:
                self.keep(mailbox, "in", mail_from, message_id, raw, at)
                return True
            self._db.execute("INSERT INTO again (letter, at) VALUES (?,?)", (row[0], to_microseconds(at)))
            return False

    def handed_over_again(self) -> int:
        """How often a letter that stood in its mailbox already was handed over again and recognized."""
        with self._lock:
            return int(self._db.execute("SELECT COUNT(*) FROM again").fetchone()[0])

    def letters(self, mailbox: str) -> list[Letter]:
        """Everything in one mailbox, oldest first."""
        return self._letters("mailbox = ? ORDER BY id", (mailbox.lower(),))

    def letter(self, letter_id: int) -> Letter | None:
        """One letter, or None."""
        found = self._letters("id = ?", (letter_id,))
        return found[0] if found else None

    def last_letters(self) -> list[Letter]:
        """The last letter that came into every mailbox, oldest first."""
        return self._letters(
            "id IN (SELECT MAX(id) FROM letter WHERE direction = 'in' GROUP BY mailbox) ORDER BY id", ()
        )

    def letter_ids(self, message_ids: Sequence[str]) -> dict[str, int]:
        """Where letters with these Message-IDs arrived: Message-ID to the letter's id."""
        with self._lock:
            rows = self._db.execute(
                "SELECT message_id, MIN(id) FROM letter WHERE direction = 'in'"
                " AND message_id IN (SELECT value FROM json_each(?)) GROUP BY message_id",
                (json.dumps(list(message_ids)),),
            )
            return dict(rows.fetchall())

    def unnoticed(self) -> list[Letter]:
        """Letters that arrived and nobody out there has thought about yet, oldest first."""
        return self._letters("noticed = 0 ORDER BY id", ())

    def notice(self, letter_id: int) -> None:
        """Somebody has thought about the letter."""
        with self._lock:
            self._db.execute("UPDATE letter SET noticed = 1 WHERE id = ?", (letter_id,))

    def mailboxes(self) -> list[tuple[str, int, datetime]]:
        """Every mailbox with its number of letters and the time of the last, latest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT mailbox, COUNT(*), MAX(at) FROM letter GROUP BY mailbox ORDER BY MAX(id) DESC"
            )
            return [(mailbox, count, from_microseconds(at)) for mailbox, count, at in rows]

    def accepted_twice(self) -> int:
        """How many of our messages stand in one mailbox more than once, by their Message-ID."""
        with self._lock:
            row = self._db.execute(
                "SELECT COUNT(*) FROM (SELECT 1 FROM letter WHERE direction = 'in' GROUP BY mailbox, message_id"
                " HAVING COUNT(*) > 1)"
            ).fetchone()
            return int(row[0])

    def intend(self, plan: Plan) -> None:
        """It will happen; intended twice under one key, it happens once."""
        with self._lock:
            self._db.execute(
                "INSERT OR IGNORE INTO plan (key, at, kind, detail) VALUES (?,?,?,?)",
                (plan.key, to_microseconds(plan.at), plan.kind, json.dumps(plan.detail, ensure_ascii=False)),
            )

    def next_plan(self, until: datetime) -> Plan | None:
        """What happens next, at `until` or before; None when nothing does."""
        with self._lock:
            row = self._db.execute(
                "SELECT key, at, kind, detail FROM plan WHERE done = 0 AND at <= ? ORDER BY at, key LIMIT 1",
                (to_microseconds(until),),
            ).fetchone()
        return Plan(row[0], from_microseconds(row[1]), row[2], json.loads(row[3])) if row else None

    def done(self, key: str) -> None:
        """It has happened."""
        with self._lock:
            self._db.execute("UPDATE plan SET done = 1 WHERE key = ?", (key,))

    def fact(self, name: str) -> str | None:
        """What was noted under that name."""
        with self._lock:
            row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
            return str(row[0]) if row else None

    def note(self, name: str, value: str) -> None:
        """The fact is noted, over any older one."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO fact (name, value) VALUES (?,?)", (name, value))

    def _letters(self, where: str, values: tuple[object, ...]) -> list[Letter]:
        with self._lock:
            rows = self._db.execute(
                f"SELECT id, at, mailbox, direction, mail_from, message_id, raw FROM letter WHERE {where}",  # noqa: S608
                values,
            ).fetchall()
        return [Letter(row[0], from_microseconds(row[1]), *row[2:]) for row in rows]
