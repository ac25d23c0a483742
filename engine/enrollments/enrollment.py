"""Enrollment, due and visit: a member on a version, where they are due next, and where they have been.

The enrollment row is written when it begins and ends, and never in between: what moves is the narrow `due` queue,
clustered by due time, and the append-only `visit` history. So the cost of a step does not grow with the number of
members. A visit knows when the next one is due (`next_at`): the enrollment is a linked list of visits that
`current_due_at` walks from its `first_at`.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id


class Enrollment(Base):
    """A member on a journey's version; at most one live per member and journey."""

    __tablename__ = "enrollment"
    __table_args__ = (
        Index(
            "uq_enrollment_live", "member_id", "journey_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "journey_id", "ended_at"),
        # For the rule of re-entry, which looks at a member's earlier times on a journey.
        Index(None, "member_id", "journey_id"),
    )  # fmt: skip

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("journey_version.id"))
    #: How they came in: joined, tag:gardener, by_hand.
    trigger: Mapped[str] = mapped_column(String(80), default="")
    #: The due time of a visit from which the walk may begin: the first one, or (after old visits left) a later one.
    first_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(80), default="")


class Due(Base):
    """The narrow queue: one row per live enrollment, when and at which step it is due.

    No foreign keys: a row lock on the parent would dirty its page.
    """

    __tablename__ = "due"
    __table_args__ = {"sqlite_with_rowid": False}

    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int]
    version_id: Mapped[int]
    step: Mapped[int] = mapped_column(SmallInteger)
    #: 0: arriving at the step; 1: waiting in it (for an answer, a reply, a time).
    phase: Mapped[int] = mapped_column(SmallInteger, default=0)
    #: The due time of the visit before, whose `next_at` points here; None at the first.
    prev_at: Mapped[datetime | None]
    #: When the step was first due, if something (a talk, a pause, trouble) has put it off since.
    wanted_at: Mapped[datetime | None]
    #: What woke a waiting step: `replied`, or `answered:` and the answer's name. `words`: the step follows from the
    #: member's words, so it was meant to wait while people talk, and is never late for it.
    heard: Mapped[str] = mapped_column(String(80), default="")
    #: How often in a row the step went wrong.
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)


class Visit(Base):
    """One arrival at one step, as it was settled. Its key (due time, enrollment) is fixed when the visit begins."""

    __tablename__ = "visit"
    __table_args__ = {"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (visit_at)"}

    visit_at: Mapped[datetime] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int]
    step: Mapped[int] = mapped_column(SmallInteger)
    phase: Mapped[int] = mapped_column(SmallInteger)
    acted_at: Mapped[datetime]
    #: What happened: sent, asked, waits, waited, silent, replied, answered:yes, branched, moved, not_moved, tagged,
    #: handed_off, finished; or, with nothing done: held, paused, skipped, failed.
    outcome: Mapped[str] = mapped_column(String(80))
    #: Why, where it is not plain: condition values, the rule that skipped it.
    why: Mapped[str] = mapped_column(String(300), default="")
    #: When the next visit is due; None at the end.
    next_at: Mapped[datetime | None]


def current_due_at(session: Session, enrollment: Enrollment) -> datetime | None:
    """Where a live enrollment is now: the due time of its row in `due` (a walk of one index look-up per visit)."""
    if enrollment.ended_at is not None:
        return None
    walk = select(Enrollment.first_at.label("at")).where(Enrollment.id == enrollment.id).cte("walk", recursive=True)
    step = (
        select(Visit.next_at)
        .join(walk, Visit.visit_at == walk.c.at)
        .where(Visit.enrollment_id == enrollment.id, Visit.next_at.is_not(None))
    )
    walk = walk.union_all(step)
    return session.scalar(select(walk.c.at).order_by(walk.c.at.desc()).limit(1))
