"""Overdue: open tasks that nobody does go to somebody else, and tasks that nobody needs any more are taken back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from engine.base.db import changed_by, table_of
from engine.base.ids import new_ids
from engine.base.services import Services
from engine.chapters.membership import Role
from engine.conversations.task import HANDED_ON, Handing, Task
from engine.enrollments.enrollment import FINISHED, Enrollment
from engine.people.member import Member
from engine.runner.hand_off import DO_TASKS, Holder, role_holders

#: Tasks handed on in one transaction.
LIMIT = 500
#: Why a task of somebody whose data are gone is taken back.
ERASED = "erased"

_TASK = table_of(Task)
_HANDING = table_of(Handing)


def tend_tasks(services: Services, *, limit: int = LIMIT) -> int:
    """Nobody's open task is left with somebody who cannot do it or has let it lie; how many were touched."""
    now = services.clock.now()
    with services.db.write() as session:
        return take_back(session, now) + hand_on(session, now, limit)


def needs_tending(session: Session, now: datetime) -> bool:
    """Whether `tend_tasks` would find anything."""
    due = _open(or_(_not_needed(), _nobody_does_it(now))).limit(1)
    return session.scalar(due) is not None


def take_back(session: Session, now: datetime) -> int:
    """Open tasks of a journey that was left before its end, and about somebody erased, have ended; how many.

    Who said stop, or came to what the journey was for, is called no more for it. A task of a journey that walked to its
    end stays: the journey had gone on without waiting for it.
    """
    left = select(Enrollment.end_reason).where(Enrollment.id == Task.enrollment_id).scalar_subquery()
    gone = update(Task).where(Task.done_at.is_(None), _erased()).values(done_at=now, hand_on_at=None, withdrawn=ERASED)
    ended = update(Task).where(Task.done_at.is_(None), _left()).values(done_at=now, hand_on_at=None, withdrawn=left)
    quiet = {"synchronize_session": False}
    return sum(changed_by(session, each.execution_options(**quiet)) for each in (gone, ended))


def hand_on(session: Session, now: datetime, limit: int = LIMIT) -> int:
    """Tasks whose time with somebody is over, or whose holder does not answer here any more, are somebody else's.

    Each turn is taken once and stays in the task's history. The last one is the desk, where whoever can takes it.
    """
    rows = session.execute(
        _open(
            _nobody_does_it(now), Task.id, Task.chapter_id, Task.assignee_id, Task.due_at, Task.hand_on_at, Task.detail
        )
        .order_by(Task.due_at, Task.id)
        .limit(limit)
        .with_for_update(of=Task, skip_locked=True)
    ).all()
    holders = role_holders(session, {row.chapter_id for row in rows if row.chapter_id is not None}) if rows else {}
    handed: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for row in rows:
        overdue = row.hand_on_at is not None and row.hand_on_at <= now
        turns = row.detail.get(HANDED_ON, ())
        taken, following = _turns(turns, row.due_at, now) if overdue else ([], row.hand_on_at)
        # Several turns may be past at once, after a pause of ours: the last of them counts.
        to_steward = not taken or taken[-1] == "steward"
        to_id = _somebody_else(holders.get((row.chapter_id, "steward"), ()), row.assignee_id) if to_steward else None
        moved.append({"t": row.id, "to": to_id, "at": following})
        if to_id != row.assignee_id:
            why = "overdue" if overdue else "role_ended"
            handed.append({"task_id": row.id, "from_id": row.assignee_id, "to_id": to_id, "why": why})
    if moved:
        session.execute(
            update(_TASK)
            .where(_TASK.c.id == bindparam("t"), _TASK.c.done_at.is_(None))
            .values(assignee_id=bindparam("to"), hand_on_at=bindparam("at")),
            moved,
        )
    if handed:
        ids = new_ids(len(handed))
        session.execute(
            insert(_HANDING),
            [{"id": id_, "created_at": now, "by_id": None, **each} for id_, each in zip(ids, handed, strict=True)],
        )
    return len(moved)


def _turns(turns: Sequence[Any], due_at: datetime, now: datetime) -> tuple[list[str], datetime | None]:
    """The turns that have come, and when the next one does."""
    come = [(due_at + timedelta(seconds=seconds), to) for seconds, to in turns]
    return [to for at, to in come if at <= now], next((at for at, _ in come if at > now), None)


def _somebody_else(holders: Sequence[Holder], present: int | None) -> int | None:
    others = [holder for holder in holders if holder.member_id != present]
    if not others:
        return None
    one = min(others, key=lambda holder: holder.open)
    one.open += 1
    return one.member_id


def _open(which: ColumnElement[bool], *columns: Any) -> Select[Any]:
    return select(*(columns or (Task.id,))).where(Task.done_at.is_(None), which)


def _not_needed() -> ColumnElement[bool]:
    return or_(_erased(), _left())


def _erased() -> ColumnElement[bool]:
    return exists().where(Member.id == Task.member_id, Member.erased_at.is_not(None)).correlate(Task)


def _left() -> ColumnElement[bool]:
    return (
        exists()
        .where(Enrollment.id == Task.enrollment_id, Enrollment.ended_at.is_not(None), Enrollment.end_reason != FINISHED)
        .correlate(Task)
    )


def _nobody_does_it(now: datetime) -> ColumnElement[bool]:
    answers = exists().where(Role.member_id == Task.assignee_id, Role.ended_at.is_(None), Role.role.in_(DO_TASKS))
    return or_(
        Task.hand_on_at <= now,
        and_(Task.assignee_id.is_not(None), Task.enrollment_id.is_not(None), ~answers.correlate(Task)),
    )
