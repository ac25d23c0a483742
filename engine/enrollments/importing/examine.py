"""Examining: every row of a file gets its verdict; nothing is written but the staging of this process."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.orm import Session

from engine.base.db import Database
from engine.base.errors import Invalid
from engine.enrollments.importing.facts import known_members
from engine.people.importing.entry import Entry, Terms, entry_of
from engine.people.importing.judge import Known, Verdict, judge
from engine.people.importing.recipe import Layout
from engine.people.importing.sheet import Row
from engine.people.importing.staging import Person, Staged, Staging
from engine.people.importing.who import AMBIGUOUS, Directory, name_key
from engine.people.suppression import suppressed

#: Rows judged, and written, at a time.
BATCH = 5_000
_ERASED = "They asked us to erase what we know of them; no file brings them back."


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch of the file: each row with its verdict."""

    rows: Sequence[tuple[Row, Verdict]]


def examine(
    db: Database, rows: Iterable[Row], layout: Layout, terms: Terms, staging: Staging, *, size: int = BATCH
) -> Iterator[Judged]:
    """The verdicts on all rows, batch by batch; `staging` then holds the news. Raises Invalid for a broken file."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        verdicts: dict[int, Verdict] = {}
        entries = []
        for row in batch:
            try:
                entries.append(entry_of(row, layout, terms))
            except Invalid as refusal:
                verdicts[row.number] = Verdict(row.number, "refused", str(refusal))
        with db.read() as session:
            for verdict in _judge(session, staging, entries, terms):
                verdicts[verdict.row] = verdict
        yield Judged([(row, verdicts[row.number]) for row in batch])


def _judge(session: Session, staging: Staging, entries: Sequence[Entry], terms: Terms) -> Iterator[Verdict]:
    directory = Directory(session, staging, entries)
    found = [directory.who(entry) for entry in entries]
    fresh = {who[0] for who in found if who is not None and who[1]}
    there = sorted({who[0] for who in found if who is not None} - fresh)
    known, persons, erased = _recall(session, staging, there, terms)
    staged: list[Staged] = []
    touched: dict[int, Person] = {}
    handles = []
    forgotten = suppressed(session, (way for entry in entries for way in _ways(entry)))
    for entry, who in zip(entries, found, strict=True):
        if any(way in forgotten for way in _ways(entry)):
            yield Verdict(entry.row, "refused", _ERASED)
            continue
        if who is None or who[0] in erased:
            yield Verdict(entry.row, "refused", AMBIGUOUS if who is None else _ERASED)
            continue
        member_id, new = who
        before = known.setdefault(member_id, Known(member_id))
        settled = before.settled
        person = touched.get(member_id) or persons.get(member_id)
        change = judge(entry, before, terms, new=new, same_as=person.row if person else None)
        yield Verdict(entry.row, change.kind, change.why)
        staged.append(Staged(member_id, change.kind, settled, entry))
        touched[member_id] = Person(
            member_id,
            person.row if person else entry.row,
            person.made if person else new,
            [] if new else before.settled,
            # What its only row, or the database, says in full need not be written again.
            before if change.kind == "update" or (person and (person.made or person.known)) else None,
        )
        name = name_key(before.fields.get("name", ""))
        ways = (before.emails, before.phones) if "name" in change.fields else (change.emails, change.phones)
        handles += [(value, member_id, name) for values in ways for value in values]
    staging.put(staged)
    staging.put_persons(touched.values())
    staging.put_handles(handles)


def _ways(entry: Entry) -> Iterator[tuple[str, str]]:
    yield from (("email", value) for value in entry.emails)
    yield from (("phone", value) for value in entry.phones)


def _recall(
    session: Session, staging: Staging, member_ids: Sequence[int], terms: Terms
) -> tuple[dict[int, Known], dict[int, Person], set[int]]:
    """What is known of these members by now: from the database, and from what earlier rows of the file said."""
    persons = staging.persons(member_ids)
    here = [id_ for id_ in member_ids if id_ not in persons or not (persons[id_].made or persons[id_].known)]
    known, erased = known_members(session, here)
    first = staging.entries([each.row for each in persons.values() if each.made and each.known is None])
    for member_id in member_ids:
        person = persons.get(member_id)
        if person is None:
            continue
        if person.known is not None:
            known[member_id] = person.known
        elif person.made:
            known[member_id] = Known(member_id)
            judge(first[person.row], known[member_id], terms, new=True)
            continue
        known[member_id].settled = person.settled
    return known, persons, erased
