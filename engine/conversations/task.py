"""Task: something a person must do by a time."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Task(Base):
    """Done is the presence of `done_at` and who did it; the outcome is what they found."""

    __tablename__ = "task"
    __table_args__ = (
        Index(None, "assignee_id", "done_at", "due_at"),
        Index(None, "chapter_id", "done_at", "due_at"),
        Index(None, "member_id", "created_at"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    title: Mapped[str] = mapped_column(String(200))
    script: Mapped[str] = mapped_column(Text, default="")
    #: Whom it is about.
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    enrollment_id: Mapped[int | None]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    outcome: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
