"""Bringing in: what a file's rows were judged to bring is written, in one transaction or in steps."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.asking import among
from engine.base.db import Database
from engine.base.errors import AlreadyRunning, Unavailable
from engine.base.ids import new_id
from engine.base.lease import Lease, take
from engine.enrollments.importing.apply import Arrival, Occasion, apply, survey
from engine.enrollments.importing.examine import BATCH
from engine.enrollments.importing.facts import known_members
from engine.people.address import Address
from engine.people.importing.entry import Terms
from engine.people.importing.file_import import FileImport
from engine.people.importing.judge import Known, judge
from engine.people.importing.staging import Staged, Staging

#: One file at a time: who holds it, and how long a process may be silent before it counts as gone.
LEASE, SILENCE = "import", timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be brought in, and how."""

    file_name: str
    recipe: str
    source: str
    header: Sequence[str]
    #: Rows that bring news, and the verdicts' counts.
    rows: int
    totals: dict[str, int]
    hello_id: int | None


def bring_in(
    db: Database,
    staging: Staging,
    plan: Plan,
    terms: Terms,
    now: datetime,
    *,
    size: int = BATCH,
    progress: Callable[[int], None] = lambda _rows: None,
) -> int:
    """Everybody of the file is in; the import's id.

    On PostgreSQL, and for a file of one batch, all of it is one transaction. SQLite has one writer: there a larger file
    is written in steps, so that mail and organizers get their turn. An import that is interrupted between two steps
    stands unfinished in FileImport, and the same file again finishes it: whoever is in is known. Raises AlreadyRunning
    while another file is being brought in.
    """
    import_id = new_id()
    holder = f"import-{import_id}"
    with db.write() as session:
        if not take(session, LEASE, holder, datetime.now(UTC), SILENCE):
            raise AlreadyRunning(
                "Another file is being brought in just now. Try again when it is done; if it was stopped, in a minute."
            )
    try:
        steps = db.is_sqlite and plan.rows > size
        with _transactions(db, one=not steps) as transaction:
            with transaction() as session:
                _begin(session, import_id, plan, now)
            occasion = Occasion(import_id, plan.source, plan.hello_id, now)
            instead: dict[int, int] = {}
            done, surveyed = 0, BATCH
            for rows in staging.to_bring_in(size):
                with transaction() as session:
                    apply(session, _arrivals(session, rows, terms, instead), occasion)
                    done += len(rows)
                    if done >= surveyed * 3:
                        survey(session)
                        surveyed = done
                    session.execute(update(FileImport).where(FileImport.id == import_id).values(done_rows=done))
                    if steps:
                        take(session, LEASE, holder, datetime.now(UTC), SILENCE)
                if not db.is_sqlite:
                    with db.write() as session:
                        take(session, LEASE, holder, datetime.now(UTC), SILENCE)
                progress(len(rows))
            with transaction() as session:
                if done > BATCH:
                    survey(session)
                _finish(session, import_id, plan, now)
    finally:
        with suppress(Unavailable), db.write() as session:
            session.execute(
                update(Lease).where(Lease.name == LEASE, Lease.holder == holder).values(until_at=datetime.now(UTC))
            )
    return import_id


@contextmanager
def _transactions(db: Database, *, one: bool) -> Iterator[Callable[[], AbstractContextManager[Session]]]:
    """What opens a transaction: a new one each time, or the same, committed when the block ends."""
    if not one:
        yield db.write
        return
    with db.write() as session:

        @contextmanager
        def same() -> Iterator[Session]:
            yield session

        yield same


def _begin(session: Session, import_id: int, plan: Plan, now: datetime) -> None:
    session.add(
        FileImport(
            id=import_id,
            created_at=now,
            file_name=plan.file_name[:200],
            recipe=plan.recipe,
            source=plan.source,
            header=list(plan.header),
            rows=plan.rows,
            done_rows=0,
            totals=dict(plan.totals),
        )
    )
    session.flush()


def _finish(session: Session, import_id: int, plan: Plan, now: datetime) -> None:
    """The import is done, and so is what was left of earlier tries with a file of this name."""
    session.execute(
        update(FileImport)
        .where(FileImport.file_name == plan.file_name[:200], FileImport.finished_at.is_(None))
        .values(finished_at=now)
    )
    record(session, None, "imported", "file_import", import_id, now, **plan.totals)


def _arrivals(session: Session, rows: Sequence[Staged], terms: Terms, instead: dict[int, int]) -> list[Arrival]:
    """Who comes with this batch, judged again by what stands now.

    `instead`: members whom we were about to make, to those who joined by themselves with the same mail address since.
    """
    instead.update(_joined_since(session, rows))
    fresh = {each.member_id for each in rows if each.kind == "new" and each.member_id not in instead}
    there = {instead.get(each.member_id, each.member_id) for each in rows} - fresh
    known, erased = known_members(session, there)
    arrivals: dict[int, Arrival] = {}
    for row in rows:
        member_id = instead.get(row.member_id, row.member_id)
        if member_id in erased:
            continue
        arrival = arrivals.get(member_id)
        if arrival is None:
            new = member_id in fresh
            arrival = arrivals[member_id] = Arrival(known.get(member_id) or Known(member_id), new)
        arrival.known.settled = row.settled
        change = judge(row.entry, arrival.known, terms, new=arrival.new and not arrival.news)
        if change.kind != "same":
            arrival.news.append((row.entry, change))
    return [arrival for arrival in arrivals.values() if arrival.news]


def _joined_since(session: Session, rows: Sequence[Staged]) -> dict[int, int]:
    made = {email: row.member_id for row in rows if row.kind == "new" for email in row.entry.emails}
    if not made:
        return {}
    found = session.execute(
        select(Address.value, Address.member_id)
        .where(Address.kind == "email", among(session, Address.value, list(made)))
        .order_by(Address.id.desc())
    )
    return {made[value]: member_id for value, member_id in found}


def interrupted(session: Session, wall: datetime) -> list[FileImport]:
    """The imports that stopped half way: unfinished, and no process is at them. `wall`: the wall's time."""
    lease = session.get(Lease, LEASE)
    if lease is not None and lease.until_at > wall:
        return []
    return list(
        session.scalars(select(FileImport).where(FileImport.finished_at.is_(None)).order_by(FileImport.created_at))
    )
