"""Closure: that a conversation is over for now, who said so and when."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.conversations.feed import tell
from engine.conversations.hold import end_hold
from engine.conversations.thread import Thread, is_open_again


class Closure(Base):
    """A thread was closed; reopening leaves the row as history."""

    __tablename__ = "closure"
    __table_args__ = (Index(None, "thread_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(String(200), default="")
    #: What waited in the thread and held journeys when it was closed: taken back, it does so again.
    waits_since: Mapped[datetime | None]
    answer_due_at: Mapped[datetime | None]
    hold_until_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    reopened_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


def close(session: Session, thread: Thread, by_id: int | None, now: datetime, why: str = "") -> Closure | None:
    """The conversation is over for now and no longer holds the member's journeys; None when it was closed already."""
    if thread.closure_id is not None:
        return None
    row = Closure(
        id=new_id(),
        created_at=now,
        thread_id=thread.id,
        by_id=by_id,
        why=why[:200],
        waits_since=thread.waits_since,
        answer_due_at=thread.answer_due_at,
        hold_until_at=thread.hold_until_at,
    )
    session.add(row)
    thread.closure_id = row.id
    thread.waits_since = thread.answer_due_at = None
    end_hold(session, thread, now)
    session.flush()
    record(session, by_id, "closed", "thread", thread.id, now, chapter_id=thread.chapter_id)
    tell(session, thread, "closed", now)
    return row


def reopen(session: Session, thread: Thread, by_id: int | None, now: datetime) -> Closure | None:
    """The conversation goes on; the Closure stays as history. None when it was open already.

    `by_id`: somebody takes the closing back, and words that waited then wait again; None: new words open it.
    """
    if thread.closure_id is None:
        return None
    row = session.get(Closure, thread.closure_id)
    if row is not None:
        row.reopened_at, row.reopened_by_id = now, by_id
    thread.closure_id = None
    is_open_again(session, thread)
    if row is not None and by_id is not None:
        thread.waits_since, thread.answer_due_at = row.waits_since, row.answer_due_at
        if row.hold_until_at is not None and row.hold_until_at > now:
            thread.hold_until_at = row.hold_until_at
    session.flush()
    record(session, by_id, "reopened", "thread", thread.id, now, chapter_id=thread.chapter_id)
    tell(session, thread, "reopened", now)
    return row


def set_responded(session: Session, thread: Thread, by_id: int, now: datetime) -> bool:
    """Nothing waits in the thread any more, without anything sent; False when nothing waited."""
    if thread.waits_since is None and thread.hold_until_at is None:
        return False
    thread.waits_since = thread.answer_due_at = None
    end_hold(session, thread, now)
    session.flush()
    record(session, by_id, "responded", "thread", thread.id, now, chapter_id=thread.chapter_id)
    tell(session, thread, "responded", now)
    return True
