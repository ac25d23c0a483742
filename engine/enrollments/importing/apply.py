"""Applying: what the rows of a batch add to their members is written, table by table."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.bulk import bulk_insert, insert_into
from engine.base.db import table_of
from engine.base.ids import new_ids
from engine.base.stored_time import stored_time
from engine.chapters.membership import Membership
from engine.enrollments.importing.facts import IMPORTED
from engine.enrollments.signal import Signal
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Consent, ConsentStanding
from engine.people.importing.entry import Entry
from engine.people.importing.file_import import Origin
from engine.people.importing.judge import FIELDS, Change, Known
from engine.people.member import Member, MemberTag
from engine.people.path import BELONGING, Stage, StageChange

#: In the order in which they are written, with the columns that are.
_COLUMNS: dict[type[Any], tuple[str, ...]] = {
    Member: ("id", "created_at", *FIELDS, "languages_spoken", "custom", "source"),
    Address: ("id", "created_at", "member_id", "kind", "value", "rank", "resting_since", "resting_reason"),
    Membership: ("member_id", "chapter_id", "created_at", "rank"),
    MemberTag: ("member_id", "tag", "created_at"),
    Consent: ("id", "created_at", "member_id", "channel", "scope", "opted_in", "how", "evidence", "network_address"),
    ConsentStanding: ("member_id", "channel", "scope", "created_at", "opted_in", "consent_id"),
    StageChange: ("id", "created_at", "member_id", "path", "to_stage", "evidence"),
    Stage: ("member_id", "path", "created_at", "stage", "change_id"),
    Origin: ("member_id", "created_at", "import_id", "row", "said"),
    Signal: ("id", "created_at", "kind", "member_id", "detail", "effect"),
}
_BOUNCED = "The file they came with says that mail to it bounced."


@dataclass(slots=True)
class Arrival:
    """One member of a batch: what is known of them with all its rows, and what these rows added."""

    known: Known
    new: bool
    news: list[tuple[Entry, Change]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Which import it is, and what holds for everybody in it."""

    import_id: int
    source: str
    #: The journey that says hello; None: nobody is written to.
    hello_id: int | None
    now: datetime


def apply(session: Session, arrivals: Sequence[Arrival], occasion: Occasion) -> None:
    """What the batch added is written, and the runner is woken once that is committed."""
    batch = _Batch(occasion, stored_time(session, occasion.now))
    for arrival in arrivals:
        batch.take(arrival)
    for table, columns in _COLUMNS.items():
        bulk_insert(session, table_of(table), columns, batch.rows[table])
    _update(session, [arrival for arrival in arrivals if not arrival.new], occasion)
    _replace(session, table_of(ConsentStanding), ("member_id", "channel", "scope"), batch.standings)
    _replace(session, table_of(Origin), ("member_id",), batch.origins)
    if batch.rows[Signal]:
        wake_on_commit(session, "runner.signals")


def survey(session: Session) -> None:
    """PostgreSQL knows how large the tables have grown; without it, each look-up would walk through all of them."""
    if session.get_bind().dialect.name == "postgresql":
        names = ", ".join(f'"{table_of(table).name}"' for table in _COLUMNS)
        session.connection().exec_driver_sql(f"ANALYZE {names}")


class _Batch:
    """The rows of each table, as the driver stores them."""

    def __init__(self, occasion: Occasion, stored: Any) -> None:
        self._occasion, self._stored = occasion, stored
        self._ids: Iterator[int] = iter(())
        self.rows: dict[type[Any], list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
        #: Rows that may be there already.
        self.standings: list[dict[str, Any]] = []
        self.origins: list[dict[str, Any]] = []

    def take(self, arrival: Arrival) -> None:
        known, id_, stored = arrival.known, arrival.known.member_id, self._stored
        if arrival.new:
            change_id = self._id()
            row = arrival.news[0][0].row
            evidence = f"Joined ({self._occasion.source}, row {row})."
            self.rows[Member].append((id_, stored, *_columns(known), self._occasion.source))
            self.rows[StageChange].append((change_id, stored, id_, BELONGING, "curious", evidence))
            self.rows[Stage].append((id_, BELONGING, stored, "curious", change_id))
        for entry, change in arrival.news:
            self._addresses(entry, known, change)
            for room in change.chapters:
                self.rows[Membership].append((id_, room, stored, known.chapters.index(room)))
            self.rows[MemberTag] += [(id_, tag, stored) for tag in change.tags]
        self._consents(arrival)
        self._origin(arrival)

    def _id(self) -> int:
        for found in self._ids:
            return found
        self._ids = iter(new_ids(1_000))
        return next(self._ids)

    def _addresses(self, entry: Entry, known: Known, change: Change) -> None:
        bounced = entry.mail == "bounced"
        for kind, values, all_of_them in (
            ("email", change.emails, known.emails),
            ("phone", change.phones, known.phones),
        ):
            rests = bounced and kind == "email"
            for value in values:
                self.rows[Address].append(
                    (
                        self._id(), self._stored, known.member_id, kind, value, all_of_them.index(value),
                        self._stored if rests else None, _BOUNCED if rests else "",
                    )
                )  # fmt: skip

    def _consents(self, arrival: Arrival) -> None:
        id_, now = arrival.known.member_id, self._occasion.now
        standing: dict[str, tuple[bool, int]] = {}
        for _, change in arrival.news:
            for channel, opted_in, evidence in change.consents:
                consent_id = self._id()
                self.rows[Consent].append(
                    (consent_id, self._stored, id_, channel, EVERYTHING, opted_in, IMPORTED, evidence, "")
                )
                standing[channel] = (opted_in, consent_id)
        for channel, (opted_in, consent_id) in standing.items():
            if arrival.new:
                self.rows[ConsentStanding].append((id_, channel, EVERYTHING, self._stored, opted_in, consent_id))
                continue
            self.standings.append(
                {
                    "member_id": id_, "channel": channel, "scope": EVERYTHING, "created_at": now,
                    "opted_in": opted_in, "consent_id": consent_id,
                }
            )  # fmt: skip
            if not opted_in:
                self._signal("opted_out", id_, {"channel": channel, "scope": EVERYTHING})
        first = arrival.news[0][0]
        if (
            arrival.new
            and self._occasion.hello_id is not None
            and first.mail == "yes"
            and standing.get("email", (0,))[0]
        ):
            self._signal("joined", id_, {"journey_id": self._occasion.hello_id})

    def _origin(self, arrival: Arrival) -> None:
        known, row = arrival.known, arrival.news[-1][0].row
        if arrival.new:
            said = json.dumps(known.said, ensure_ascii=False)
            self.rows[Origin].append((known.member_id, self._stored, self._occasion.import_id, row, said))
        else:
            self.origins.append(
                {
                    "member_id": known.member_id, "created_at": self._occasion.now,
                    "import_id": self._occasion.import_id, "row": row, "said": known.said,
                }
            )  # fmt: skip

    def _signal(self, kind: str, member_id: int, detail: dict[str, Any]) -> None:
        self.rows[Signal].append((self._id(), self._stored, kind, member_id, json.dumps(detail), ""))


def _columns(known: Known) -> tuple[Any, ...]:
    """The member's columns as the driver stores them: a zone nobody knows is NULL."""
    values = (known.fields.get(name, "") or (None if name == "zone" else "") for name in FIELDS)
    return (*values, json.dumps(known.spoken), json.dumps(known.custom, ensure_ascii=False))


def _update(session: Session, arrivals: Sequence[Arrival], occasion: Occasion) -> None:
    """The members who were there have the values that their rows changed."""
    changed = [
        {
            "m": arrival.known.member_id, "languages_spoken": arrival.known.spoken, "custom": arrival.known.custom,
            **{name: arrival.known.fields.get(name) or (None if name == "zone" else "") for name in FIELDS},
        }
        for arrival in arrivals
        if any(change.fields or change.custom or change.spoken for _, change in arrival.news)
    ]  # fmt: skip
    if changed:
        table = table_of(Member)
        values: dict[str, Any] = {name: bindparam(name) for name in (*FIELDS, "languages_spoken", "custom")}
        session.execute(update(table).where(table.c.id == bindparam("m")).values(values), changed)


def _replace(session: Session, table: Table, key: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Each of these rows stands in the place of the one with its key."""
    if not rows:
        return
    statement = insert_into(session, table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others), list(rows))
