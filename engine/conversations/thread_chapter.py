"""Thread chapter: a conversation is seen in one chapter more than its own, because the words were for both (E12)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base
from engine.conversations.thread import Thread


class ThreadChapter(Base):
    """That chapter's organizers see the conversation too. Its owner and its lane stay what they are."""

    __tablename__ = "thread_chapter"
    __table_args__ = (Index(None, "chapter_id", "thread_id"), {"sqlite_with_rowid": False})

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    chapter_id: Mapped[int] = mapped_column(ForeignKey("chapter.id"), primary_key=True)
    created_at: Mapped[datetime]


def show_in(session: Session, thread: Thread, chapter_id: int, now: datetime) -> bool:
    """That chapter sees the conversation too; False when it did."""
    if thread.chapter_id == chapter_id or session.get(ThreadChapter, (thread.id, chapter_id)) is not None:
        return False
    session.add(ThreadChapter(thread_id=thread.id, chapter_id=chapter_id, created_at=now))
    session.flush()
    return True


def also_seen_by(chapter_ids: Collection[int]) -> Select[tuple[int]]:
    """The ids of the conversations that these chapters see besides their own."""
    return select(ThreadChapter.thread_id).where(ThreadChapter.chapter_id.in_(chapter_ids))
