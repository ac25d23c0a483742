"""JourneyPause: who let a journey rest, when and why, and what became of the steps it kept back.

A pause that ends never fires a pile. Whoever became due while it lasted is judged once, in batches: the rule of the
journey (or of whoever resumes it) is written on their row of `due` as what woke it, and the runner does the rest
(`engine.runner.decide`). Until all are judged the journey stays paused for them, and goes on for everybody else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.enrollments.enrollment import Standing
from engine.enrollments.journey import Journey

#: `Standing.heard` of a step that a pause kept back: this and the rule, `late:skip`.
LATE = "late:"
#: In place of the rule, where the step follows from the member's own words, or went wrong: it is owed, however late.
OWED = "words"


class JourneyPause(Base):
    """One pause. While `resumed_at` is None nobody moves; while `judged_at` is None, nobody whom it kept back."""

    __tablename__ = "journey_pause"
    __table_args__ = (Index(None, "journey_id", "id"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(String(300), default="")
    resumed_at: Mapped[datetime | None]
    resumed_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: skip, newest or ask.
    rule: Mapped[str] = mapped_column(String(10), default="")
    #: How many people it had kept back.
    overdue: Mapped[int] = mapped_column(default=0)
    judged_at: Mapped[datetime | None]
    #: With the rule `ask`: who decided, and when.
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    task_id: Mapped[int | None]


class Resting(NamedTuple):
    """A journey on which not everybody moves just now."""

    #: Since when it goes on for whoever becomes due from then on; None: for nobody yet.
    resumed_at: datetime | None

    def keeps(self, here: Standing) -> bool:
        """Whether the row waits for the pause to end."""
        if self.resumed_at is None:
            return True
        return not here.heard.startswith(LATE) and (here.wanted_at or here.due_at) <= self.resumed_at


def resting(session: Session) -> Mapping[int, Resting]:
    """The journeys that are paused, or not yet wholly resumed."""
    paused = dict.fromkeys(session.scalars(select(Journey.id).where(Journey.paused_at.is_not(None))), Resting(None))
    if not paused:
        return {}
    rows = session.execute(
        select(JourneyPause.journey_id, JourneyPause.resumed_at).where(
            JourneyPause.journey_id.in_(paused), JourneyPause.judged_at.is_(None)
        )
    )
    return paused | {journey_id: Resting(resumed_at) for journey_id, resumed_at in rows}


def latest_pause(session: Session, journey_id: int) -> JourneyPause | None:
    """The journey's latest pause, over or not."""
    return session.scalar(
        select(JourneyPause).where(JourneyPause.journey_id == journey_id).order_by(JourneyPause.id.desc()).limit(1)
    )


def unjudged(session: Session) -> list[int]:
    """Pauses that are over and whose people are not all judged yet."""
    return list(
        session.scalars(
            select(JourneyPause.id).where(JourneyPause.resumed_at.is_not(None), JourneyPause.judged_at.is_(None))
        )
    )
