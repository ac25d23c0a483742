"""Assignment: who answers a conversation, since when, by whose choice."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Assignment(Base):
    """One person answers one thread from then on, until the next Assignment."""

    __tablename__ = "assignment"
    __table_args__ = (Index(None, "thread_id", "created_at"), Index(None, "member_id", "created_at"))

    id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    #: None: put back to the lane.
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: Who chose; None: a rule, and `why` says which.
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(String(200), default="")
