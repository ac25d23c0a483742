"""Thread: a conversation. Open is the absence of a Closure; answered is the absence of waiting words."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id

#: `hold_until_at` while a member's words wait: never ends by time alone (law 7).
UNTIL_ANSWERED = datetime(9999, 1, 1, tzinfo=UTC)
#: The mark of a muted conversation: one sender writes more often than people do (engine.conversations.storm).
IN_STORM = "many mails within an hour"


class Thread(Base):
    """A conversation with one person, a chapter's topic, an introduction, or an event's.

    Pointers say where things stand; the rows they point at say who did it and when.
    """

    __tablename__ = "thread"
    __table_args__ = (
        Index(None, "chapter_id", "last_at", "id"),
        Index(None, "responsible_id", "last_at", "id"),
        Index(None, "last_at", "id"),
        Index(None, "member_id", "last_at"),
        Index(None, "correspondent", "last_at"),
        Index(None, "member_id", "hold_until_at"),
        Index(None, "answer_due_at"),
        # Open ones are few among however many: whoever looks for those that are nobody's walks along these.
        Index(
            "ix_thread_open",
            "responsible_id",
            sqlite_where=text("closure_id IS NULL"),
            postgresql_where=text("closure_id IS NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: person, topic, introduction, event
    kind: Mapped[str] = mapped_column(String(16), default="person")
    subject: Mapped[str] = mapped_column(String(400), default="")
    #: Whom a person thread is with; None while we do not know who wrote.
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: The address of somebody who is no member (yet).
    correspondent: Mapped[str] = mapped_column(String(320), default="")
    correspondent_name: Mapped[str] = mapped_column(String(200), default="")
    #: The chapter whose organizers see it; None: the national desk.
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    #: The current Assignment and whom it names; None: it needs a person.
    assignment_id: Mapped[int | None]
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: The current Closure; None: open.
    closure_id: Mapped[int | None]
    #: Why it is here, in one sentence for whoever opens it.
    reason: Mapped[str] = mapped_column(Text, default="")
    #: Short marks such as "from another address" or "journey over".
    marks: Mapped[list[str]] = mapped_column(default=list)
    last_at: Mapped[datetime]
    #: The first line of the last words, for the list.
    last_words: Mapped[str] = mapped_column(String(200), default="")
    last_in_at: Mapped[datetime | None]
    last_out_at: Mapped[datetime | None]
    #: Since when the member's words wait for us; None: answered, or set to responded.
    waits_since: Mapped[datetime | None]
    answer_due_at: Mapped[datetime | None]
    #: Journeys and broadcasts hold for the member until then (law 7); None: no hold.
    hold_until_at: Mapped[datetime | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


def open_thread(
    session: Session,
    now: datetime,
    *,
    member_id: int | None,
    chapter_id: int | None,
    subject: str,
    reason: str,
    kind: str = "person",
    correspondent: str = "",
    correspondent_name: str = "",
    detail: dict[str, Any] | None = None,
) -> Thread:
    """A new conversation, empty and unassigned."""
    thread = Thread(
        id=new_id(),
        created_at=now,
        kind=kind,
        subject=subject[:400],
        member_id=member_id,
        correspondent=correspondent[:320],
        correspondent_name=correspondent_name[:200],
        chapter_id=chapter_id,
        reason=reason,
        last_at=now,
        marks=[],
        detail=detail or {},
    )
    session.add(thread)
    session.flush()
    return thread


def open_person_thread(session: Session, member_id: int) -> Thread | None:
    """The member's open conversation with us, the latest if there are several."""
    return session.scalar(
        select(Thread)
        .where(Thread.member_id == member_id, Thread.kind == "person", Thread.closure_id.is_(None))
        .order_by(Thread.last_at.desc())
        .limit(1)
    )


def last_person_thread(session: Session, member_id: int) -> Thread | None:
    """The member's latest conversation with us, open or closed."""
    return session.scalar(
        select(Thread)
        .where(Thread.member_id == member_id, Thread.kind == "person")
        .order_by(Thread.last_at.desc())
        .limit(1)
    )


def mark(thread: Thread, words: str) -> None:
    """The thread bears the mark, once."""
    if words not in thread.marks:
        thread.marks = [*thread.marks, words]


def unmark(thread: Thread, words: str) -> None:
    """The thread bears the mark no more."""
    if words in thread.marks:
        thread.marks = [each for each in thread.marks if each != words]
