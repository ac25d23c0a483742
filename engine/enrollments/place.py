"""Place: where a member is on their journeys, in words for whoever talks with them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import HearthlineError
from engine.enrollments.enrollment import Enrollment, Standing, Visit, standing
from engine.enrollments.journey import Journey, load_version


@dataclass(frozen=True, slots=True)
class JourneyPlace:
    """One live enrollment: its journey, the step it is at, and when that step is due."""

    enrollment_id: int
    title: str
    step: str
    due_at: datetime | None
    paused: bool
    #: The step went wrong and is tried again.
    stuck: bool = False
    #: What went wrong, as it was shown to whoever looks; empty where nothing did.
    trouble: str = ""


def places(session: Session, member_id: int) -> list[JourneyPlace]:
    """The member's live journeys, the latest first."""
    rows = session.execute(
        select(Enrollment.id, Enrollment.version_id, Journey.title, Journey.paused_at)
        .join(Journey, Journey.id == Enrollment.journey_id)
        .where(Enrollment.member_id == member_id, Enrollment.ended_at.is_(None))
        .order_by(Enrollment.id.desc())
    ).all()
    here = standing(session, [row.id for row in rows])
    trouble = _trouble(session, [at for at in here.values() if at.tries])
    found = []
    for row in rows:
        at = here.get(row.id)
        step = _step(session, at) if at else ""
        found.append(
            JourneyPlace(
                enrollment_id=row.id,
                title=row.title,
                step=step.replace("_", " "),
                due_at=at.due_at if at else None,
                paused=row.paused_at is not None,
                stuck=at is not None and at.tries > 0,
                trouble=trouble.get(row.id, ""),
            )
        )
    return found


def _trouble(session: Session, stuck: Collection[Standing]) -> dict[int, str]:
    if not stuck:
        return {}
    query = select(Visit.enrollment_id, Visit.visit_at, Visit.why).where(
        Visit.visit_at.in_([at.prev_at for at in stuck]),
        Visit.enrollment_id.in_([at.enrollment_id for at in stuck]),
    )
    before = {(at.enrollment_id, at.prev_at) for at in stuck}
    return {id_: why for id_, visit_at, why in session.execute(query) if (id_, visit_at) in before}


def _step(session: Session, here: Standing) -> str:
    try:
        return load_version(session, here.version_id).script.steps[here.step].id
    except (HearthlineError, ValueError, IndexError):
        return ""  # a version that only a newer program can read; the runner shows why it stands still
