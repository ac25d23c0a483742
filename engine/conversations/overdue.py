"""Overdue: that a promised time went by without an answer; who was told, and whether it went to somebody else."""

from datetime import datetime, timedelta

from sqlalchemy import Index, exists, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base
from engine.conversations.notice import OVERDUE, owe_notice
from engine.conversations.thread import Thread

#: Of what was overdue for longer when we first looked, nobody is told: that was told, or nobody was here.
TOLD_WITHIN = timedelta(days=2)
_MOST = 500


class Overdue(Base):
    """One promised time of one conversation that went by."""

    __tablename__ = "overdue"
    __table_args__ = (
        Index(
            "ix_overdue_unreturned",
            "returns_at",
            sqlite_where=text("returned_at IS NULL"),
            postgresql_where=text("returned_at IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    thread_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    #: When it goes to somebody else if still nothing was said; None: it stays.
    returns_at: Mapped[datetime | None]
    #: When the conversation went to somebody else, or there was no need any more.
    returned_at: Mapped[datetime | None]


def newly_overdue(session: Session, now: datetime, limit: int = _MOST) -> list[Thread]:
    """Open conversations past their time of which nobody was told yet."""
    known = exists().where(Overdue.thread_id == Thread.id, Overdue.due_at == Thread.answer_due_at)
    return list(
        session.scalars(
            select(Thread)
            .where(Thread.answer_due_at <= now, Thread.closure_id.is_(None), Thread.kind == "person", ~known)
            .order_by(Thread.answer_due_at)
            .limit(limit)
        )
    )


def note_overdue(session: Session, now: datetime, returns_after: timedelta | None) -> int:
    """Whoever answers these conversations is told, once for each promised time; how many there were.

    `returns_after`: how long after that time they go to somebody else; None: never.
    """
    found = newly_overdue(session, now)
    for thread in found:
        if thread.answer_due_at is None:
            continue
        due = thread.answer_due_at
        returns_at = due + returns_after if returns_after is not None else None
        session.add(Overdue(thread_id=thread.id, due_at=due, created_at=now, returns_at=returns_at))
        if now - thread.answer_due_at <= TOLD_WITHIN:
            owe_notice(session, thread, OVERDUE, now, after=timedelta())
    session.flush()
    return len(found)


def unreturned(session: Session, now: datetime, limit: int = _MOST) -> list[Overdue]:
    """Promised times so long gone that the conversation goes to somebody else, if nothing was done about it."""
    return list(
        session.scalars(
            select(Overdue)
            .where(Overdue.returned_at.is_(None), Overdue.returns_at <= now)
            .order_by(Overdue.returns_at)
            .limit(limit)
        )
    )
