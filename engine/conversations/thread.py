"""Thread: a conversation. Open is the absence of a Closure; answered is the absence of waiting words."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.foreseen import flush_soon, foreseeable, hold
from engine.base.ids import new_id

#: `hold_until_at` while a member's words wait: never ends by time alone (law 7).
UNTIL_ANSWERED = datetime(9999, 1, 1, tzinfo=UTC)
#: The mark of a muted conversation: one sender writes more often than people do (engine.conversations.storm).
IN_STORM = "many mails within an hour"


def _of_few(name: str, condition: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


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
        # Open ones, and topics, are few among however many: a page of them walks along these in its order, and asks
        # for no other. The condition of a query has to say the same in words, not by a parameter.
        _of_few("ix_thread_open", "closure_id IS NULL", "last_at", "id"),
        _of_few("ix_thread_open_chapter", "closure_id IS NULL", "chapter_id", "last_at", "id"),
        _of_few("ix_thread_open_responsible", "closure_id IS NULL", "responsible_id", "last_at", "id"),
        _of_few("ix_thread_topic", "kind = 'topic'", "last_at", "id"),
        _of_few("ix_thread_topic_chapter", "kind = 'topic'", "chapter_id", "last_at", "id"),
        _of_few("ix_thread_topic_responsible", "kind = 'topic'", "responsible_id", "last_at", "id"),
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
    is_mine.foresee(session, True, thread.id)
    is_new.foresee(session, True, thread.id)
    came_in.foresee(session, {}, thread.id)
    counts_for.foresee(session, None, thread.id)
    is_open_again(session, thread)
    flush_soon(session)
    return thread


def open_person_thread(session: Session, member_id: int) -> Thread | None:
    """The member's open conversation with us, the latest if there are several."""
    if open_talks.is_foreseen(session, member_id):
        talks = [each for each in open_talks(session, member_id) if _is_talk_of(each, member_id)]
        return max(talks, key=lambda each: (each.last_at, each.id), default=None)
    return session.scalar(
        select(Thread)
        .where(Thread.member_id == member_id, Thread.kind == "person", Thread.closure_id.is_(None))
        .order_by(Thread.last_at.desc(), Thread.id.desc())
        .limit(1)
    )


@foreseeable
def open_talks(session: Session, member_id: int) -> list[Thread]:
    """The member's open conversations with us; foreseen, they may have been closed since."""
    return list(
        session.scalars(
            select(Thread).where(Thread.member_id == member_id, Thread.kind == "person", Thread.closure_id.is_(None))
        )
    )


def is_open_again(session: Session, thread: Thread) -> None:
    """The conversation is open, or may be: whoever looks for its member's sees it."""
    if thread.member_id is not None and open_talks.is_foreseen(session, thread.member_id):
        talks = open_talks(session, thread.member_id)
        if thread not in talks:
            talks.append(thread)


def _is_talk_of(thread: Thread, member_id: int) -> bool:
    return thread.member_id == member_id and thread.kind == "person" and thread.closure_id is None


@foreseeable
def is_mine(_session: Session, _thread_id: int) -> bool:
    """Whether this transaction holds the conversation's lock, or made it: nobody else writes in it meanwhile."""
    return False


@foreseeable
def is_new(_session: Session, _thread_id: int) -> bool:
    """Whether this transaction, about many rows, made the conversation: nobody else knows of it."""
    return False


@foreseeable
def came_in(_session: Session, _thread_id: int) -> dict[str, list[str]]:
    """The hashes of mails that stand in the conversation, by their Message-IDs: of those that are asked about now."""
    return {}


@foreseeable
def counts_for(_session: Session, _thread_id: int) -> int | None:
    """For whom the conversation counted as waiting, when that was last looked at."""
    return None


def whose_load(thread: Thread) -> int | None:
    """For whom the conversation counts as one that waits."""
    return thread.responsible_id if thread.closure_id is None and thread.waits_since is not None else None


def foresee_threads(session: Session, thread_ids: Collection[int], member_ids: Collection[int]) -> list[Thread]:
    """These conversations and all open ones with these members are known, and nobody else writes in them meanwhile."""
    rows: dict[int, Thread] = {row.id: row for row in _BY_ID.found(session, thread_ids)}
    rows |= {row.id: row for row in _OPEN_WITH.found(session, member_ids)}  # either by its own index
    for member_id in member_ids:
        open_talks.foresee(session, [], member_id)
    for row in rows.values():
        is_mine.foresee(session, True, row.id)
        counts_for.foresee(session, whose_load(row), row.id)
        if row.kind == "person" and row.closure_id is None:
            is_open_again(session, row)
    hold(session, rows)
    return list(rows.values())


_BY_ID = ManyAsked(lambda one_of: select(Thread).where(one_of(Thread.id)).order_by(Thread.id).with_for_update())
_OPEN_WITH = ManyAsked(
    lambda one_of: (
        select(Thread)
        .where(one_of(Thread.member_id), Thread.kind == "person", Thread.closure_id.is_(None))
        .order_by(Thread.id)
        .with_for_update()
    )
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
