"""Texts: where the carrier keeps them, beside the letters in the outside world's file, with what it still has to do."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from admin.sandbox.carrier.text import Picture, Text
from admin.sandbox.carrier.trouble import EVERYBODY, Trouble
from admin.sandbox.store import Store
from engine.base.stored_time import from_microseconds, to_microseconds

SHAPE = """
CREATE TABLE IF NOT EXISTS text (
    id INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, phone TEXT NOT NULL, at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, sent_at INTEGER, direction TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, error_code INTEGER, fate INTEGER NOT NULL,
    service TEXT NOT NULL, callback TEXT NOT NULL, manner TEXT NOT NULL, noticed INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS text_phone ON text (phone, id);
CREATE INDEX IF NOT EXISTS text_new ON text (id) WHERE noticed = 0;
CREATE INDEX IF NOT EXISTS text_callback ON text (callback) WHERE callback != '';
CREATE TABLE IF NOT EXISTS picture (
    sid TEXT PRIMARY KEY, text_sid TEXT NOT NULL, place INTEGER NOT NULL, mime TEXT NOT NULL, content BLOB,
    url TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS picture_text ON picture (text_sid, place);
CREATE TABLE IF NOT EXISTS errand (
    text_sid TEXT NOT NULL, status TEXT NOT NULL, ended TEXT, PRIMARY KEY (text_sid, status)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS errand_open ON errand (text_sid) WHERE ended IS NULL;
CREATE TABLE IF NOT EXISTS stopped (phone TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trouble (
    number TEXT PRIMARY KEY, detail TEXT NOT NULL, times_left INTEGER NOT NULL
) WITHOUT ROWID;
"""
_COLUMNS = (
    "id, sid, at, updated_at, sent_at, direction, sender, recipient, body, status, error_code, fate, service, callback,"
    " manner"
)
#: A text that stands on the phone: its owner wrote it, or it has arrived there.
_ON_PHONE = "(direction = 'inbound' OR status = 'delivered')"
#: How far each status is; a text never goes back.
_FAR = {"accepted": 0, "queued": 0, "sent": 1, "delivered": 2, "undelivered": 2, "failed": 2, "received": 2}
#: How an errand ended well.
TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone out there, by what is on it."""

    number: str
    texts: int
    last: Text


class Texts:
    """The carrier's memory; safe from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.shape(SHAPE)

    def keep(self, text: Text, errand: str | None) -> bool:
        """The text stands, with its pictures and the first thing to do for it; False when it stood already."""
        with self._store.together():
            changed = self._store.change(
                "INSERT OR IGNORE INTO text (sid, phone, at, updated_at, sent_at, direction, sender, recipient, body,"
                " status, error_code, fate, service, callback, manner)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                text.sid,
                text.phone,
                to_microseconds(text.at),
                to_microseconds(text.updated_at),
                to_microseconds(text.sent_at) if text.sent_at else None,
                text.direction,
                text.sender,
                text.recipient,
                text.body,
                text.status,
                text.error_code,
                text.fate,
                text.service,
                text.callback,
                text.manner,
            )
            if not changed:
                return False
            for place, picture in enumerate(text.pictures):
                self._store.change(
                    "INSERT INTO picture (sid, text_sid, place, mime, content, url) VALUES (?,?,?,?,?,?)",
                    *(picture.sid, text.sid, place, picture.mime, picture.content, picture.url),
                )
            if errand is not None:
                self._store.change("INSERT INTO errand (text_sid, status) VALUES (?,?)", text.sid, errand)
            return True

    def advance(self, sid: str, status: str, error_code: int | None, now: datetime) -> None:
        """The text has come as far as `status`; it never goes back. Delivered, it stands on the phone, unread."""
        far = [name for name, step in _FAR.items() if step < _FAR[status]]
        moment = to_microseconds(now)
        self._store.change(
            "UPDATE text SET status = ?, error_code = ?, updated_at = ?, sent_at = COALESCE(sent_at, ?),"
            " noticed = (? != 'delivered') WHERE sid = ? AND status IN (SELECT value FROM json_each(?))",
            *(status, error_code, moment, moment, status, sid, json.dumps(far)),
        )

    def end(self, sid: str, status: str, how: str, then: str | None = None) -> None:
        """The errand is done (TAKEN) or given up (why, in words), and the next one stands."""
        with self._store.together():
            self._store.change("UPDATE errand SET ended = ? WHERE text_sid = ? AND status = ?", how, sid, status)
            if then is not None:
                self._store.change("INSERT OR IGNORE INTO errand (text_sid, status) VALUES (?,?)", sid, then)

    def ended(self, sid: str, status: str) -> str | None:
        """How the errand ended; None while it goes on."""
        rows = self._store.ask("SELECT ended FROM errand WHERE text_sid = ? AND status = ?", sid, status)
        return rows[0][0] if rows else None

    def open_errands(self) -> list[tuple[str, str]]:
        """What is still to be done: (sid, status), oldest first."""
        return self._store.ask(
            "SELECT e.text_sid, e.status FROM errand e JOIN text t ON t.sid = e.text_sid WHERE e.ended IS NULL"
            " ORDER BY t.id"
        )

    def count_open(self) -> int:
        """How many callbacks and webhooks are still to be made."""
        return int(self._store.ask("SELECT COUNT(*) FROM errand WHERE ended IS NULL")[0][0])

    def fill(self, sid: str, mime: str, content: bytes) -> None:
        """The picture is here now."""
        self._store.change("UPDATE picture SET mime = ?, content = ? WHERE sid = ?", mime, content, sid)

    def text(self, sid: str) -> Text | None:
        """One text, or None."""
        return next(iter(self.texts("sid = ?", sid)), None)

    def on_phone(self, number: str) -> list[Text]:
        """What somebody sees who holds the phone, oldest first."""
        return self.texts(f"phone = ? AND {_ON_PHONE} ORDER BY id", number)

    def texts(self, where: str, *values: Any) -> list[Text]:
        """The texts of that condition (SQL of ours, never of a request), with their pictures."""
        rows = self._store.ask(f"SELECT {_COLUMNS} FROM text WHERE {where}", *values)  # noqa: S608
        pictures = self._pictures([row[1] for row in rows]) if rows else {}
        return [_text(row, tuple(pictures.get(row[1], ()))) for row in rows]

    def picture(self, sid: str) -> tuple[str, Picture] | None:
        """A picture and the text it came with (sid), or None."""
        rows = self._store.ask("SELECT text_sid, sid, mime, content, url FROM picture WHERE sid = ?", sid)
        return (rows[0][0], Picture(*rows[0][1:])) if rows else None

    def phones(self) -> list[Phone]:
        """Every phone on which something stands, latest first."""
        rows = self._store.ask(
            f"SELECT phone, COUNT(*), MAX(id) FROM text WHERE {_ON_PHONE} GROUP BY phone ORDER BY MAX(id) DESC"  # noqa: S608
        )
        last = {
            text.id: text
            for text in self.texts("id IN (SELECT value FROM json_each(?))", json.dumps([row[2] for row in rows]))
        }
        return [Phone(number, count, last[latest]) for number, count, latest in rows]

    def last_number(self, phone: str) -> str | None:
        """The number of ours that the phone last wrote to or heard from."""
        rows = self._store.ask(
            "SELECT CASE direction WHEN 'inbound' THEN recipient ELSE sender END FROM text WHERE phone = ?"
            " ORDER BY id DESC LIMIT 1",
            phone,
        )
        return rows[0][0] if rows else None

    def written(self) -> list[str]:
        """The sids of all texts that phones wrote to us."""
        return [row[0] for row in self._store.ask("SELECT sid FROM text WHERE direction = 'inbound' ORDER BY id")]

    def created(self) -> int:
        """How many texts of ours were taken in."""
        return int(self._store.ask("SELECT COUNT(*) FROM text WHERE direction = 'outbound-api'")[0][0])

    def created_twice(self) -> int:
        """How many of our texts were taken in more than once, by their callback, which names the one delivery."""
        return int(
            self._store.ask(
                "SELECT COUNT(*) FROM (SELECT 1 FROM text WHERE callback != '' AND direction = 'outbound-api'"
                " AND fate = 0 GROUP BY callback HAVING COUNT(*) > 1)"
            )[0][0]
        )

    def unnoticed(self) -> list[Text]:
        """Texts that arrived on a phone and nobody out there has thought about yet, oldest first."""
        return self.texts("noticed = 0 AND status = 'delivered' AND direction = 'outbound-api' ORDER BY id")

    def notice(self, sid: str) -> None:
        """Somebody has thought about the text."""
        self._store.change("UPDATE text SET noticed = 1 WHERE sid = ?", sid)

    def stop(self, phone: str, now: datetime) -> bool:
        """The phone wants no more texts; False when that was known."""
        return bool(
            self._store.change("INSERT OR IGNORE INTO stopped (phone, at) VALUES (?,?)", phone, to_microseconds(now))
        )

    def start(self, phone: str) -> bool:
        """The phone takes texts again; False when it did all along."""
        return bool(self._store.change("DELETE FROM stopped WHERE phone = ?", phone))

    def has_stopped(self, phone: str) -> bool:
        """Whether the phone wants no texts."""
        return bool(self._store.ask("SELECT 1 FROM stopped WHERE phone = ?", phone))

    def script(self, number: str, trouble: Trouble | None) -> None:
        """The trouble waits for texts to that number (EVERYBODY: to any that has none of its own); None: none does."""
        if trouble is None:
            self._store.change("DELETE FROM trouble WHERE number = ?", number)
            return
        self._store.change(
            "INSERT OR REPLACE INTO trouble (number, detail, times_left) VALUES (?,?,?)",
            *(number, json.dumps(asdict(trouble)), trouble.times or -1),
        )

    def troubles(self) -> dict[str, Trouble]:
        """Everything scripted, by number."""
        rows = self._store.ask("SELECT number, detail FROM trouble ORDER BY number")
        return {number: Trouble(**json.loads(detail)) for number, detail in rows}

    def meet(self, number: str) -> Trouble:
        """What goes wrong this time; it is used up by that."""
        with self._store.together():
            # "+" and every digit sort after "*": a trouble of the number's own goes first.
            rows = self._store.ask(
                "SELECT number, detail, times_left FROM trouble WHERE number IN (?, ?) ORDER BY number DESC LIMIT 1",
                *(number, EVERYBODY),
            )
            if not rows:
                return Trouble()
            whose, detail, left = rows[0]
            if left == 1:
                self._store.change("DELETE FROM trouble WHERE number = ?", whose)
            elif left > 1:
                self._store.change("UPDATE trouble SET times_left = times_left - 1 WHERE number = ?", whose)
        return Trouble(**json.loads(detail))

    def _pictures(self, sids: Sequence[str]) -> dict[str, list[Picture]]:
        found: dict[str, list[Picture]] = {}
        for text_sid, *picture in self._store.ask(
            "SELECT text_sid, sid, mime, content, url FROM picture"
            " WHERE text_sid IN (SELECT value FROM json_each(?)) ORDER BY text_sid, place",
            json.dumps(list(sids)),
        ):
            found.setdefault(text_sid, []).append(Picture(*picture))
        return found


def _text(row: Sequence[Any], pictures: tuple[Picture, ...]) -> Text:
    return Text(
        id=row[0],
        sid=row[1],
        at=from_microseconds(row[2]),
        updated_at=from_microseconds(row[3]),
        sent_at=from_microseconds(row[4]) if row[4] is not None else None,
        direction=row[5],
        sender=row[6],
        recipient=row[7],
        body=row[8],
        status=row[9],
        error_code=row[10],
        fate=row[11],
        service=row[12],
        callback=row[13],
        manner=row[14],
        pictures=pictures,
    )
