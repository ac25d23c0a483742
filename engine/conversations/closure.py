"""Closure: that a conversation is over for now, who said so and when."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Closure(Base):
    """A thread was closed; reopening leaves the row as history."""

    __tablename__ = "closure"
    __table_args__ = (Index(None, "thread_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(String(200), default="")
    reopened_at: Mapped[datetime | None]
    reopened_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
