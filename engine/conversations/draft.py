"""Draft: an organizer's words that wait for one press by themselves (law 9), or came too late to go by themselves."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id


class Draft(Base):
    """What somebody wrote for a conversation, and why it did not go out."""

    __tablename__ = "draft"
    __table_args__ = (Index(None, "author_id", "settled_at"), Index(None, "thread_id"))

    id: Mapped[Id]
    created_at: Mapped[datetime]
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: None while we do not know for which of several conversations it is.
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    text: Mapped[str] = mapped_column(Text)
    #: The command of its first line and what stood behind it; empty: none.
    verb: Mapped[str] = mapped_column(String(12), default="")
    argument: Mapped[str] = mapped_column(Text, default="")
    #: `unproven`, `late`, `closed`, `own_address`, `too_long`, `no_way`, `which`.
    why: Mapped[str] = mapped_column(String(16))
    received_id: Mapped[int | None]
    #: The note in the conversation that shows it.
    message_id: Mapped[int | None]
    #: Pressed, or put away; None: it waits.
    settled_at: Mapped[datetime | None]
    delivery_id: Mapped[int | None]


def keep_draft(
    session: Session,
    author_id: int,
    thread_id: int | None,
    text: str,
    why: str,
    now: datetime,
    *,
    verb: str = "",
    argument: str = "",
    received_id: int | None = None,
    message_id: int | None = None,
) -> Draft:
    """The words are kept, and wait."""
    row = Draft(
        id=new_id(), created_at=now, author_id=author_id, thread_id=thread_id, text=text, verb=verb, argument=argument,
        why=why, received_id=received_id, message_id=message_id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def waiting_drafts(session: Session, author_id: int, thread_id: int | None = None) -> list[Draft]:
    """What somebody wrote that still waits, the oldest first; of one conversation, if it is named."""
    query = select(Draft).where(Draft.author_id == author_id, Draft.settled_at.is_(None)).order_by(Draft.id)
    if thread_id is not None:
        query = query.where(Draft.thread_id == thread_id)
    return list(session.scalars(query))
