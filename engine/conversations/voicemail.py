"""Voicemail: what somebody said to our number, fetched from the provider after the call itself was safe."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Voicemail(Base):
    """The recording of one call. Until it is fetched, `body` is None and `due_at` says when it is tried."""

    __tablename__ = "voicemail"
    __table_args__ = (
        Index("uq_voicemail_received", "received_id", unique=True),
        Index(None, "message_id"),
        Index(
            "ix_voicemail_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    received_id: Mapped[int]
    message_id: Mapped[int | None]
    url: Mapped[str] = mapped_column(String(500))
    seconds: Mapped[int] = mapped_column(default=0)
    content_type: Mapped[str] = mapped_column(String(80), default="")
    size: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: Why it cannot be listened to, in words.
    refusal: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    due_at: Mapped[datetime | None]


def length_in_words(seconds: int) -> str:
    """How long it is, as a clock shows it: 0:23, 2:05."""
    return f"{seconds // 60}:{seconds % 60:02}"
