"""Finishers: those who walked to a journey's end are reached by a step added behind it, only when asked.

Each of them once: whoever was put on by it has an enrollment that says so, and whoever finished a version with that
step had their chance of it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from engine.audit.entry import record
from engine.base.db import Database
from engine.base.errors import Invalid, NotFound
from engine.enrollments.enrolling import begin_at
from engine.enrollments.enrollment import BATCH, FINISHED, Enrollment
from engine.enrollments.journey import Journey, JourneyVersion, Published, load_version
from engine.people.member import Member

#: How their enrollment says that they came by it: this and the step's name.
FINISHER = "finisher:"


def reach_finishers(db: Database, slug: str, step: str, now: datetime, by_id: int | None = None) -> int:
    """Whoever had finished the journey before it had this step is at the step now, each once; how many these are.

    In batches; done again, it goes on where it stopped. Raises NotFound for an unknown journey, and Invalid for a step
    that its current version does not have.
    """
    reached, after = 0, 0
    while True:
        with db.write() as session:
            # Two of us at once would reach somebody twice, where the first one's step is over already.
            session.scalar(select(Journey.id).where(Journey.slug == slug).with_for_update())
            version = _version(session, slug, step)
            some = _finishers(session, version, step, after)
            if some:
                index = version.script.ids.index(step)
                reached += len(begin_at(session, some, version, index, f"{FINISHER}{step}", now))
            elif reached:
                record(
                    session, by_id, "finishers_reached", "journey", version.journey_id, now, step=step, people=reached
                )
        if not some:
            return reached
        after = some[-1]


def _version(session: Session, slug: str, step: str) -> Published:
    journey = session.scalar(select(Journey).where(Journey.slug == slug))
    if journey is None or journey.current_version_id is None:
        raise NotFound(f"No journey {slug!r} is published here.")
    version = load_version(session, journey.current_version_id)
    if step not in version.script.ids:
        steps = ", ".join(version.script.ids)
        raise Invalid(f"Version {version.number} of {slug} has no step {step!r}. It has: {steps}.")
    return version


def _finishers(session: Session, version: Published, step: str, after: int) -> list[int]:
    """The next members, by id."""
    without = [each for each in _versions_of(session, version.journey_id) if step not in _ids(session, each)]
    other: Any = aliased(Enrollment)
    theirs = (other.member_id == Enrollment.member_id) & (other.journey_id == Enrollment.journey_id)
    return list(
        session.scalars(
            select(Enrollment.member_id)
            .join(Member, Member.id == Enrollment.member_id)
            .where(
                Enrollment.journey_id == version.journey_id,
                Enrollment.end_reason == FINISHED,
                Enrollment.version_id.in_(without),
                Enrollment.member_id > after,
                Member.erased_at.is_(None),
                # On it now, reached by it before, or finished with it.
                ~exists().where(
                    theirs
                    & (
                        other.ended_at.is_(None)
                        | (other.trigger == f"{FINISHER}{step}"[:80])
                        | ((other.end_reason == FINISHED) & other.version_id.not_in(without))
                    )
                ),
            )
            .distinct()
            .order_by(Enrollment.member_id)
            .limit(BATCH)
        )
    )


def _versions_of(session: Session, journey_id: int) -> list[int]:
    return list(session.scalars(select(JourneyVersion.id).where(JourneyVersion.journey_id == journey_id)))


def _ids(session: Session, version_id: int) -> tuple[str, ...]:
    try:
        return load_version(session, version_id).script.ids
    except ValueError:
        return ()  # a newer program's; whoever finished it is reached all the same
