"""Notice: that somebody is to be told of a conversation, from when on; the row goes when they were told.

What is said later than the row was made stands in the same notice, so three mails within a minute are one. Telling is
the outbox's (engine/outbox/notices.py).
"""

from datetime import datetime, timedelta

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.bulk import new_in
from engine.base.db import Base, table_of
from engine.base.foreseen import write_soon
from engine.conversations.thread import Thread

#: So long words are gathered before whoever answers is told.
GATHERED_FOR = timedelta(minutes=1)
#: Whoever answers the conversation when the time has come.
WHOEVER = 0
#: Why somebody is told: words came in; somebody gave it to them; it came to them with its person away or gone; it is
#: past its time; nobody did anything about that, and another has it.
WORDS, ASSIGNED, HANDED, OVERDUE, RETURNED = "words", "assigned", "handed", "overdue", "returned"


class Notice(Base):
    """One person (or whoever answers) is to be told of one conversation by one way."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "due_at"), {"sqlite_with_rowid": False})

    #: No foreign key: 0 stands for all of a person's conversations.
    thread_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: `email`, `sms`, `more` (how many more wait, by text); empty: as they chose.
    way: Mapped[str] = mapped_column(String(8), primary_key=True, default="")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(String(12))


class Told(Base):
    """Up to which words somebody was told of a conversation by mail, and when."""

    __tablename__ = "told"
    __table_args__ = (Index(None, "member_id", "told_at"), {"sqlite_with_rowid": False})

    thread_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    told_at: Mapped[datetime]
    #: The newest message the notice held; 0: none.
    message_id: Mapped[int]


_NOTICE = table_of(Notice)


def owe_notice(
    session: Session,
    thread: Thread,
    why: str,
    now: datetime,
    *,
    to: int = WHOEVER,
    after: timedelta = GATHERED_FOR,
) -> None:
    """That person, or whoever answers the conversation then, is told of it after so long; once for all until then."""
    owe_by(session, thread.id, to, "", why, now, now + after)


def owe_by(
    session: Session, thread_id: int, member_id: int, way: str, why: str, now: datetime, due_at: datetime
) -> None:
    """The same, by one way at one time."""
    row = {"thread_id": thread_id, "member_id": member_id, "way": way, "created_at": now, "due_at": due_at, "why": why}
    write_soon(session, new_in(session, _NOTICE), row)


def note_told(session: Session, thread_id: int, member_id: int, message_id: int, now: datetime) -> None:
    """They know of the words up to this message."""
    row = session.get(Told, (thread_id, member_id))
    if row is None:
        row = Told(thread_id=thread_id, member_id=member_id, created_at=now, message_id=message_id)
        session.add(row)
    row.told_at, row.message_id = now, max(row.message_id, message_id)
    session.flush()
