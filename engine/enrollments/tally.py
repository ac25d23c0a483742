"""Tally: how many people are, and were, on each journey, in one statement for all of them."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, SelectBase, case, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.enrollments.enrollment import FINISHED, Due, Enrollment


class Tally(NamedTuple):
    """People on a journey now, and times that are over, however they ended."""

    live: int = 0
    over: int = 0


class Endings(NamedTuple):
    """Times on a journey that are over: walked to the end, and ended on the way."""

    finished: int
    left: int


def tallies(session: Session, members: SelectBase | None) -> dict[int, Tally]:
    """The tally of each journey, counting only these members (None: everybody); an empty journey is absent.

    For everybody it is read from the index alone.
    """
    running = Enrollment.ended_at.is_(None)
    found: dict[int, Tally] = {}
    rows = session.execute(
        select(Enrollment.journey_id, running, func.count())
        .where(_among(Enrollment.member_id, members))
        .group_by(Enrollment.journey_id, running)
    )
    for journey_id, is_live, many in rows:
        before = found.get(journey_id, Tally())
        found[journey_id] = before._replace(live=many) if is_live else before._replace(over=many)
    return found


def endings(session: Session, journey_id: int, members: SelectBase | None) -> Endings:
    """How the times on this journey ended that are over."""
    finished, over = session.execute(
        select(func.count(case((Enrollment.end_reason == FINISHED, 1))), func.count()).where(
            Enrollment.journey_id == journey_id,
            Enrollment.ended_at.is_not(None),
            _among(Enrollment.member_id, members),
        )
    ).one()
    return Endings(finished, over - finished)


def at_steps(session: Session, version_ids: Collection[int], members: SelectBase | None) -> dict[tuple[int, int], int]:
    """How many people are at each step of these versions: by version and the step's place, where there is anybody."""
    rows = session.execute(
        select(Due.version_id, Due.step, func.count())
        .where(Due.version_id.in_(version_ids), _among(Due.member_id, members))
        .group_by(Due.version_id, Due.step)
    )
    return {(version_id, step): many for version_id, step, many in rows}


def _among(column: "InstrumentedAttribute[int]", members: SelectBase | None) -> ColumnElement[bool]:
    return true() if members is None else column.in_(members)
