"""Task: something a person must do by a time."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.ids import new_id


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


def give_task(session: Session, title: str, due_at: datetime, now: datetime, **about: Any) -> Task:
    """Somebody has a thing to do by `due_at`; `about` are Task's columns."""
    task = Task(id=new_id(), created_at=now, title=title[:200], due_at=due_at, **about)
    session.add(task)
    session.flush()
    return task


def finish_task(session: Session, task: Task, by_id: int, outcome: str, now: datetime) -> bool:
    """The task is done, with what was found; False when it was done already."""
    if task.done_at is not None:
        return False
    task.done_at, task.done_by_id, task.outcome = now, by_id, outcome
    session.flush()
    record(session, by_id, "task_done", "task", task.id, now, chapter_id=task.chapter_id)
    return True
