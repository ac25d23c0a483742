"""Message: words said in a conversation, exactly as said."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id

#: What a message is: a person's words in, ours out, a private note, a machine's mail, a journey's letter.
MESSAGE_KINDS = ("in", "out", "note", "machine", "journey")


class Message(Base):
    """Words in a member's timeline. A journey's letter has no thread until somebody answers it."""

    __tablename__ = "message"
    __table_args__ = (
        Index(None, "thread_id", "at", "id"),
        Index(None, "member_id", "at", "id"),
        Index(None, "delivery_id"),
        Index(None, "internet_message_id"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: When it was received, sent, or written.
    at: Mapped[datetime]
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    #: In whose timeline it stands.
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(8), default="email")
    #: Who wrote it; None for somebody unknown or the team's desk.
    author_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    author_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(400), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    #: What was cut from view, in order: [{"why": ..., "text": ...}]; one click away, never lost.
    folded: Mapped[list[Any]] = mapped_column(default=list)
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    #: The row it came in by, and the one it went out by (neither is a foreign key: those tables are partitioned).
    received_id: Mapped[int | None]
    delivery_id: Mapped[int | None]
    #: The Message-ID header, for References.
    internet_message_id: Mapped[str] = mapped_column(String(400), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
