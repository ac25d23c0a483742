"""Reply test: whether a member's reply reaches whoever a conversation was handed to (N21).

A hand-over owes one; the router tries a reply by the real way with nothing done (reply_router/reply_test.py) and writes
down what came of it.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import among
from engine.base.bulk import insert_new
from engine.base.db import Base, table_of
from engine.conversations.thread import Thread


class ReplyTest(Base):
    """The latest hand-over of one conversation, and whether a reply would reach the next person."""

    __tablename__ = "reply_test"
    __table_args__ = (
        Index(
            "ix_reply_test_due",
            "created_at",
            sqlite_where=text("tested_at IS NULL"),
            postgresql_where=text("tested_at IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    #: Whom it was handed to.
    to_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: None: not tried yet.
    tested_at: Mapped[datetime | None]
    reached: Mapped[bool | None] = mapped_column(Boolean)
    #: What stood in the way, in a sentence; else by what it came.
    says: Mapped[str] = mapped_column(String(300), default="")


def owe_tests(session: Session, to_ids: Mapping[int, int], now: datetime) -> None:
    """A reply in each of these conversations, to that person, is due to be tried; tests of earlier hand-overs are over.

    `to_ids`: by conversation.
    """
    blank = {"created_at": now, "tested_at": None, "reached": None, "says": ""}
    session.execute(delete(ReplyTest).where(among(session, ReplyTest.thread_id, to_ids)))
    insert_new(
        session, table_of(ReplyTest),
        [{"thread_id": thread_id, "to_id": to_id, **blank} for thread_id, to_id in to_ids.items()],
    )  # fmt: skip


def due_tests(session: Session, most: int) -> list[int]:
    """Conversations whose test is due, the longest waiting first."""
    query = select(ReplyTest.thread_id).where(ReplyTest.tested_at.is_(None)).order_by(ReplyTest.created_at)
    return list(session.scalars(query.limit(most)))


def unreached(session: Session, most: int = 20) -> tuple[int, list[tuple[int, str]]]:
    """How many open conversations' replies would not reach whoever has them now, and of some: which, and why."""
    where = (
        ReplyTest.reached.is_(False), Thread.id == ReplyTest.thread_id, Thread.closure_id.is_(None),
        Thread.responsible_id == ReplyTest.to_id,
    )  # fmt: skip
    count = session.scalar(select(func.count()).select_from(ReplyTest).where(*where)) or 0
    rows = session.execute(select(ReplyTest.thread_id, ReplyTest.says).where(*where).limit(most)) if count else ()
    return count, [(thread_id, says) for thread_id, says in rows]
