"""Feed: that something changed in a conversation, for pages that are open just now."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.foreseen import add_soon
from engine.base.ids import new_id
from engine.conversations.thread import Thread


class FeedEntry(Base):
    """A change of one thread; its id is the event id of the live stream. Kept for a day."""

    __tablename__ = "feed_entry"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int]
    #: message, assigned, closed, reopened, responded, note, snoozed
    what: Mapped[str] = mapped_column(String(20))
    chapter_id: Mapped[int | None]
    responsible_id: Mapped[int | None]


def tell(session: Session, thread: Thread, what: str, now: datetime) -> None:
    """Open pages that may see the thread learn of it."""
    add_soon(
        session,
        FeedEntry,
        id=new_id(),
        created_at=now,
        thread_id=thread.id,
        what=what,
        chapter_id=thread.chapter_id,
        responsible_id=thread.responsible_id,
    )
