"""Topic: a chapter's conversation, its lock, and who wants to hear no more of it or of somebody in it.

What members say in it are its posts (engine.conversations.topic_post). A topic never holds journeys (law 7): who takes
part in it goes on along theirs.
"""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.conversations.feed import tell
from engine.conversations.thread import Thread, open_thread

TOPIC = "topic"


class TopicLock(Base):
    """A topic takes no more posts, since when and by whose choice; lifted, the row stays as history."""

    __tablename__ = "topic_lock"
    __table_args__ = (Index(None, "thread_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    #: None: its age did.
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(String(200), default="")
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


class TopicMute(Base):
    """A member has had ENOUGH of one topic: nothing of it reaches them, by any way."""

    __tablename__ = "topic_mute"
    __table_args__ = (Index(None, "thread_id", "member_id"), {"sqlite_with_rowid": False})

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    created_at: Mapped[datetime]


class MemberBlock(Base):
    """A member has had ENOUGH of one person: no word of theirs is relayed to them, in this topic or any other."""

    __tablename__ = "member_block"
    __table_args__ = (Index(None, "from_id", "member_id"), {"sqlite_with_rowid": False})

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    created_at: Mapped[datetime]


def open_topic(
    session: Session, chapter_id: int, subject: str, now: datetime, *, reason: str, grew_from: int | None = None
) -> Thread:
    """A new topic of the chapter, empty; `grew_from`: the topic it grew out of when somebody changed its subject."""
    thread = open_thread(
        session, now, member_id=None, chapter_id=chapter_id, subject=subject, reason=reason, kind=TOPIC
    )
    thread.detail = {"grew_from": grew_from} if grew_from is not None else {}
    return thread


def lock(session: Session, thread: Thread, by_id: int | None, why: str, now: datetime) -> TopicLock | None:
    """The topic takes no more posts (`by_id` None: its age did it); None when it was locked already."""
    if lock_of(session, thread.id) is not None:
        return None
    row = TopicLock(id=new_id(), created_at=now, thread_id=thread.id, by_id=by_id, why=why[:200])
    session.add(row)
    session.flush()
    record(session, by_id, "locked", "thread", thread.id, now, chapter_id=thread.chapter_id)
    tell(session, thread, "closed", now)
    return row


def unlock(session: Session, thread: Thread, by_id: int, now: datetime) -> bool:
    """The topic takes posts again; False when it was not locked."""
    row = lock_of(session, thread.id)
    if row is None:
        return False
    row.lifted_at, row.lifted_by_id = now, by_id
    session.flush()
    record(session, by_id, "unlocked", "thread", thread.id, now, chapter_id=thread.chapter_id)
    tell(session, thread, "reopened", now)
    return True


def lock_of(session: Session, thread_id: int) -> TopicLock | None:
    """The lock that keeps the topic shut now, or None."""
    return session.scalar(
        select(TopicLock).where(TopicLock.thread_id == thread_id, TopicLock.lifted_at.is_(None)).limit(1)
    )


def mute(session: Session, member_id: int, thread_id: int, now: datetime) -> bool:
    """Nothing of the topic reaches the member any more; False when it was so already."""
    if session.get(TopicMute, (member_id, thread_id)) is not None:
        return False
    session.add(TopicMute(member_id=member_id, thread_id=thread_id, created_at=now))
    session.flush()
    return True


def block(session: Session, member_id: int, from_id: int, now: datetime) -> bool:
    """No word of that person is relayed to the member any more; False when it was so already."""
    if session.get(MemberBlock, (member_id, from_id)) is not None:
        return False
    session.add(MemberBlock(member_id=member_id, from_id=from_id, created_at=now))
    session.flush()
    return True


def is_blocked(session: Session, member_id: int, from_id: int) -> bool:
    """Whether the member wants no words of that person."""
    return session.get(MemberBlock, (member_id, from_id)) is not None


def is_old(thread: Thread, chapter: Chapter, now: datetime) -> bool:
    """Whether so much time passed since the last words that the chapter calls the topic old."""
    days = chapter.topics_old_after_days
    return days is not None and thread.last_at < now - timedelta(days=days)


def is_in(session: Session, member_id: int, chapter_id: int) -> bool:
    """Whether the member is in the chapter now."""
    membership = session.get(Membership, (member_id, chapter_id))
    return membership is not None and membership.left_at is None
