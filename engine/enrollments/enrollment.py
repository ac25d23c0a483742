"""Enrollment, due and visit: a member on a version, where they are due next, and where they have been.

The enrollment row is written when it begins and ends, and never in between: what moves is the narrow `due` queue,
clustered by due time, and the append-only `visit` history. So the cost of a step does not grow with the number of
members. A visit knows when the next one is due (`next_at`): the enrollment is a linked list of visits that
`standing` walks from its `first_at`.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    SmallInteger,
    String,
    bindparam,
    delete,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import ManyAsked, among
from engine.base.broker import wake_on_commit
from engine.base.db import Base, Id, table_of
from engine.base.foreseen import foreseeable

#: The end reason of an enrollment that walked to its journey's end.
FINISHED = "finished"
#: The smallest step of time: due times of one enrollment grow by at least this.
TICK = timedelta(microseconds=1)
#: Members or enrollments handled by one statement.
BATCH = 500


class Enrollment(Base):
    """A member on a journey's version; at most one live per member and journey."""

    __tablename__ = "enrollment"
    __table_args__ = (
        Index(
            "uq_enrollment_live", "member_id", "journey_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "journey_id", "ended_at"),
        # For limits, which look at those who entered lately.
        Index(None, "journey_id", "created_at"),
        # For the rule of re-entry, which looks at a member's earlier times on a journey.
        Index(None, "member_id", "journey_id"),
    )  # fmt: skip

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("journey_version.id"))
    #: How they came in: joined, tag:gardener, by_hand.
    trigger: Mapped[str] = mapped_column(String(80), default="")
    #: The due time of a visit from which the walk may begin: the first one, or (after old visits left) a later one.
    first_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(80), default="")


class Due(Base):
    """The narrow queue: one row per live enrollment, when and at which step it is due.

    No foreign keys: a row lock on the parent would dirty its page.
    """

    __tablename__ = "due"
    __table_args__ = {"sqlite_with_rowid": False}

    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int]
    version_id: Mapped[int]
    step: Mapped[int] = mapped_column(SmallInteger)
    #: 0: arriving at the step; 1: waiting in it (for an answer, a reply, a time).
    phase: Mapped[int] = mapped_column(SmallInteger, default=0)
    #: The due time of the visit before, whose `next_at` points here; None at the first.
    prev_at: Mapped[datetime | None]
    #: When the step was first due, if something (a talk, a pause, trouble) has put it off since.
    wanted_at: Mapped[datetime | None]
    #: What woke a waiting step: `replied`, `answered:` and the answer's name, `done:` and an outcome's. `words`: the
    #: step follows from the member's words, so it was meant to wait while people talk, and is never late for it.
    heard: Mapped[str] = mapped_column(String(80), default="")
    #: How often in a row the step went wrong.
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)


class Visit(Base):
    """One arrival at one step, as it was settled. Its key (due time, enrollment) is fixed when the visit begins."""

    __tablename__ = "visit"
    __table_args__ = {"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (visit_at)"}

    visit_at: Mapped[datetime] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int]
    step: Mapped[int] = mapped_column(SmallInteger)
    phase: Mapped[int] = mapped_column(SmallInteger)
    acted_at: Mapped[datetime]
    #: What happened: sent, asked, waits, waited, silent, replied, answered:yes, met, timed_out, no_date, past,
    #: branched, split, jumped, not_jumped, moved, not_moved, tagged, set, joined, not_joined, handed_off, done:reached,
    #: unheard, finished; goal, exit:NAME (it ended before its last step); or, with nothing done: held, paused,
    #: skipped, failed.
    outcome: Mapped[str] = mapped_column(String(80))
    #: Why, where it is not plain: condition values, the rule that skipped it.
    why: Mapped[str] = mapped_column(String(300), default="")
    #: When the next visit is due; None at the end.
    next_at: Mapped[datetime | None]


_ENROLLMENT = table_of(Enrollment)
_DUE = table_of(Due)
_VISIT = table_of(Visit)


class Standing(NamedTuple):
    """Where a live enrollment is: its row of `due`. A tuple, because the runner reads hundreds at once."""

    due_at: datetime
    enrollment_id: int
    member_id: int
    version_id: int
    step: int
    phase: int
    prev_at: datetime | None
    wanted_at: datetime | None
    heard: str
    tries: int


#: The columns of `due` in the order of Standing.
DUE_COLUMNS = Standing._fields


def walk_from(beginnings: Select[Any], *, nesting: bool = False) -> CTE:
    """The due times of these enrollments' visits, and the one to come: a walk of one look-up per visit.

    `beginnings` selects `enrollment_id` and `at` (their `first_at`), as the walk does. `nesting`: inside a condition.
    """
    walk = beginnings.cte("walk", recursive=True, nesting=nesting)
    return walk.union_all(
        select(walk.c.enrollment_id, Visit.next_at).join(walk, settled_at(walk)).where(Visit.next_at.is_not(None))
    )


def settled_at(walk: CTE) -> ColumnElement[bool]:
    """The condition that a visit is one of the walk's."""
    return (Visit.visit_at == walk.c.at) & (Visit.enrollment_id == walk.c.enrollment_id)


def visits_of(session: Session, enrollment_ids: Iterable[int], *columns: Any) -> Select[Any]:
    """These columns of all visits of these enrollments, in no order.

    Put them in order afterwards: told to order them, SQLite would walk through everybody's visits.
    """
    walk = walk_from(
        select(Enrollment.id.label("enrollment_id"), Enrollment.first_at.label("at")).where(
            among(session, Enrollment.id, enrollment_ids)
        )
    )
    return select(*columns).join(walk, settled_at(walk))


def standing(session: Session, enrollment_ids: Iterable[int], *, lock: bool = False) -> dict[int, Standing]:
    """Where these enrollments are now; one that has ended is left out.

    A walk of one look-up per visit. With `lock` nobody else moves them until this transaction ends; a row that another
    worker moved at this very moment is left out, and found at its new place the next time.
    """
    found: dict[int, Standing] = {}
    for some in in_batches(enrollment_ids):
        walk = walk_from(
            select(Enrollment.id.label("enrollment_id"), Enrollment.first_at.label("at")).where(
                among(session, Enrollment.id, some), Enrollment.ended_at.is_(None)
            )
        )
        query = select(*(_DUE.c[name] for name in DUE_COLUMNS)).join(
            walk, (_DUE.c.due_at == walk.c.at) & (_DUE.c.enrollment_id == walk.c.enrollment_id)
        )
        if lock:
            query = query.with_for_update(of=_DUE)
        found |= {row.enrollment_id: Standing(*row) for row in session.execute(query)}
    return found


def live_enrollments(session: Session, member_ids: Collection[int]) -> list[tuple[int, int]]:
    """(enrollment id, member id) of every live enrollment of these members, oldest first."""
    rows = session.execute(
        select(Enrollment.id, Enrollment.member_id)
        .where(among(session, Enrollment.member_id, member_ids), Enrollment.ended_at.is_(None))
        .order_by(Enrollment.id)
    )
    return [(id_, member_id) for id_, member_id in rows]


def bring_forward(session: Session, heard: Mapping[Standing, str], now: datetime) -> dict[Standing, Standing]:
    """Each of these rows is due now, with what woke it: where it stands now. Lock the rows with `standing` first."""
    # Never at or before a visit that is settled: due times of one enrollment only grow.
    moved = {
        here: here._replace(due_at=now if here.prev_at is None else max(now, here.prev_at + TICK), heard=word)
        for here, word in heard.items()
    }
    relocate(session, moved)
    return moved


def relocate(session: Session, moves: Mapping[Standing, Standing]) -> None:
    """Each of these rows stands where it is to stand now, on its version, and what points to it does so still.

    Lock the rows with `standing` first; a new due time must lie after the visit before.
    """
    if not moves:
        return
    rows = [
        {
            "was": here.due_at, "e": here.enrollment_id, "at": new.due_at, "prev": here.prev_at,
            "version": new.version_id, "s": new.step, "p": new.phase, "wanted": new.wanted_at, "word": new.heard,
            "t": new.tries,
        }
        for here, new in moves.items()
    ]  # fmt: skip
    session.execute(
        update(_DUE)
        .where(_DUE.c.due_at == bindparam("was"), _DUE.c.enrollment_id == bindparam("e"))
        .values(
            due_at=bindparam("at"), version_id=bindparam("version"), step=bindparam("s"), phase=bindparam("p"),
            wanted_at=bindparam("wanted"), heard=bindparam("word"), tries=bindparam("t"),
        ),
        rows,
    )  # fmt: skip
    moved = [row for row in rows if row["was"] != row["at"]]
    if first := [row for row in moved if row["prev"] is None]:
        session.execute(
            update(_ENROLLMENT).where(_ENROLLMENT.c.id == bindparam("e")).values(first_at=bindparam("at")), first
        )
    if later := [row for row in moved if row["prev"] is not None]:
        session.execute(
            update(_VISIT)
            .where(_VISIT.c.visit_at == bindparam("prev"), _VISIT.c.enrollment_id == bindparam("e"))
            .values(next_at=bindparam("at")),
            later,
        )
    wake_on_commit(session, "runner.tick")


def end(session: Session, rows: Collection[Standing], reason: str, now: datetime) -> None:
    """These enrollments have ended and nothing of them is due any more. Lock the rows with `standing` first."""
    if not rows:
        return
    session.execute(
        delete(_DUE).where(_DUE.c.due_at == bindparam("was"), _DUE.c.enrollment_id == bindparam("e")),
        [{"was": here.due_at, "e": here.enrollment_id} for here in rows],
    )
    session.execute(
        update(Enrollment)
        .where(Enrollment.id.in_([here.enrollment_id for here in rows]))
        .values(ended_at=now, end_reason=reason[:80])
        .execution_options(synchronize_session="fetch")
    )


@foreseeable
def has_ended(session: Session, enrollment_id: int) -> bool:
    """Whether there is such an enrollment, and it is over."""
    return session.scalar(select(Enrollment.ended_at).where(Enrollment.id == enrollment_id)) is not None


def foresee_ends(session: Session, enrollment_ids: Collection[int]) -> None:
    """It is known which of these enrollments are over."""
    over = {row_id for (row_id,) in _OVER.rows(session, enrollment_ids)}
    for enrollment_id in enrollment_ids:
        has_ended.foresee(session, enrollment_id in over, enrollment_id)


_OVER = ManyAsked(lambda one_of: select(Enrollment.id).where(one_of(Enrollment.id), Enrollment.ended_at.is_not(None)))


def stop(session: Session, member_ids: Collection[int], reason: str, now: datetime) -> int:
    """These members (who opted out, or left) are on no journey any more; how many enrollments that ended."""
    ids = [enrollment_id for enrollment_id, _ in live_enrollments(session, member_ids)]
    rows = standing(session, ids, lock=True)
    end(session, list(rows.values()), reason, now)
    return len(rows)


def in_batches(ids: Iterable[int]) -> Iterable[list[int]]:
    """These ids, each once, in lists that one statement handles."""
    distinct = list(dict.fromkeys(ids))
    return (distinct[at : at + BATCH] for at in range(0, len(distinct), BATCH))
