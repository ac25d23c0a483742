"""Task: something a person must do by a time."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.enrollments.signal import signal

#: A task's `detail` in the form of the step that gave it: the outcomes that can be chosen, each
#: {"name", "label": [[language, words]], "note": whether a line is required}; and whom it goes to when nobody does it,
#: each [seconds after the due time, "steward" or "desk"], soonest first.
OUTCOMES, HANDED_ON = "outcomes", "handed_on"


class Task(Base):
    """Done is the presence of `done_at` and who did it; the outcome is what they found.

    A task that nobody needs to do any more has ended too, with nobody who did it: `withdrawn` says why.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index(None, "assignee_id", "done_at", "due_at"),
        Index(None, "chapter_id", "done_at", "due_at"),
        Index(None, "member_id", "created_at"),
        Index(
            "ix_task_open",
            "due_at",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
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
    #: What they found, in their own words.
    outcome: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: The journey's step that gave it, and the name of the outcome that was chosen.
    step: Mapped[str] = mapped_column(String(60), default="", server_default="")
    choice: Mapped[str | None] = mapped_column(String(60))
    #: When somebody else has it if it is still not done; None: it stays where it is.
    hand_on_at: Mapped[datetime | None]
    #: Why nobody needs to do it any more: an enrollment's end reason, or `erased`.
    withdrawn: Mapped[str] = mapped_column(String(80), default="", server_default="")

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """The outcomes that can be chosen; none: a line of words is all."""
        return list(self.detail.get(OUTCOMES, ()))

    def label(self, language: str, name: str | None = None) -> str:
        """The outcome's label in the language, or in the first one written; of the one chosen, if none is named."""
        offered = next((each for each in self.outcomes if each["name"] == (name or self.choice)), None)
        if offered is None:
            return self.choice or ""
        labels = dict(offered["label"])
        return str(labels.get(language) or next(iter(labels.values()), offered["name"]))


class Handing(Base):
    """A task came from one person to another: since when, by whose choice, and why."""

    __tablename__ = "handing"
    __table_args__ = (Index(None, "task_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"))
    from_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: None: the team's desk, where whoever can takes it.
    to_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: `overdue`: nobody did it in time; `role_ended`: who had it does not answer here any more; `by_hand`.
    why: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))

    @property
    def people(self) -> set[int | None]:
        """Everybody who had a part in it."""
        return {self.from_id, self.to_id, self.by_id}


def handings(session: Session, task_ids: Collection[int]) -> dict[int, list[Handing]]:
    """Through whose hands each of these tasks went, the earliest first; one that stayed where it was is absent."""
    found: dict[int, list[Handing]] = {}
    if task_ids:
        query = select(Handing).where(Handing.task_id.in_(task_ids)).order_by(Handing.created_at, Handing.id)
        for each in session.scalars(query):
            found.setdefault(each.task_id, []).append(each)
    return found


def give_task(session: Session, title: str, due_at: datetime, now: datetime, **about: Any) -> Task:
    """Somebody has a thing to do by `due_at`; `about` are Task's columns."""
    task = Task(id=new_id(), created_at=now, title=title[:200], due_at=due_at, **about)
    session.add(task)
    session.flush()
    return task


def finish_task(
    session: Session, task: Task, by_id: int, outcome: str, now: datetime, *, choice: str | None = None
) -> bool:
    """The task is done, with what was found; False when it was done already.

    A journey that waits for the outcome goes on by it. Raises Invalid when the task offers outcomes and `choice` is
    none of them, or one that wants a line of words and has none.
    """
    if task.done_at is not None:
        return False
    offered = next((each for each in task.outcomes if each["name"] == choice), None)
    if task.outcomes and offered is None:
        raise Invalid("Choose how it turned out.")
    if offered is not None and offered.get("note") and not outcome:
        raise Invalid("Write a line about how it was: this outcome needs one.")
    task.done_at, task.done_by_id, task.outcome = now, by_id, outcome
    task.choice, task.hand_on_at = (choice if offered else None), None
    session.flush()
    record(session, by_id, "task_done", "task", task.id, now, chapter_id=task.chapter_id)
    if offered is not None and task.member_id is not None and _is_latest(session, task):
        signal(
            session, "task_done", task.member_id, now, enrollment_id=task.enrollment_id, step=task.step, outcome=choice
        )
    return True


def hand_task(session: Session, task: Task, to_id: int | None, by_id: int, now: datetime) -> bool:
    """That person has the open task from now on (None: the desk); False when they have it already or it is done."""
    if task.done_at is not None or task.assignee_id == to_id:
        return False
    session.add(
        Handing(
            id=new_id(), created_at=now, task_id=task.id, from_id=task.assignee_id, to_id=to_id, why="by_hand",
            by_id=by_id,
        )
    )  # fmt: skip
    task.assignee_id = to_id
    session.flush()
    record(session, by_id, "task_handed", "task", task.id, now, chapter_id=task.chapter_id, to_id=to_id)
    return True


def _is_latest(session: Session, task: Task) -> bool:
    """Whether the journey came to that step no second time: an outcome of the first says nothing about the second."""
    later = select(Task.id).where(
        Task.member_id == task.member_id, Task.enrollment_id == task.enrollment_id, Task.step == task.step,
        Task.id > task.id,
    )  # fmt: skip
    return task.enrollment_id is not None and session.scalar(later.limit(1)) is None
