"""Visited: what the visits of an enrollment say of jumps taken, of a wait's beginning, and of steps without a rest.

Asked only for those who stand at such a step; whoever walks straight on is not counted.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.asking import among, plain_rows
from engine.conversations.message import Message
from engine.enrollments.enrollment import Enrollment, Standing, Visit, visits_of
from engine.enrollments.journey import Published, load_version
from engine.runner.decision import JUMPED
from journeys.steps import Jump
from journeys.walk import restless

#: So many steps one after the other, without a rest, nobody needs: a journey has at most 200 steps.
MOST_WITHOUT_REST = 300
#: Visits at which nobody moved.
_STOOD = frozenset({"held", "paused", "failed"})

_restless: dict[int, frozenset[int]] = {}


class Passed(NamedTuple):
    """One visit, as far as it is counted."""

    version_id: int
    step: int
    phase: int
    outcome: str


def restless_steps(version: Published) -> frozenset[int]:
    """The steps of the version that a circle without a rest could lead through; none in almost every journey."""
    known = _restless.get(version.id)
    if known is None:
        if len(_restless) >= 1000:
            _restless.clear()
        known = _restless[version.id] = restless(version.script)
    return known


def passed(session: Session, rows: Collection[Standing]) -> dict[int, list[Passed]]:
    """The visits of these enrollments, in order, by enrollment."""
    found: dict[int, list[Passed]] = defaultdict(list)
    if rows:
        columns = (Visit.visit_at, Visit.enrollment_id, Visit.version_id, Visit.step, Visit.phase, Visit.outcome)
        query = visits_of(session, {here.enrollment_id for here in rows}, *columns)
        for _, enrollment_id, *visit in sorted(plain_rows(session, query)):
            found[enrollment_id].append(Passed(*visit))
    return found


def resting_since(session: Session, rows: Collection[Standing]) -> dict[int, datetime]:
    """Since when each of these enrollments, all at rest, rests where it is: its latest arrival."""
    if not rows:
        return {}
    query = (
        visits_of(session, {here.enrollment_id for here in rows}, Visit.enrollment_id, func.max(Visit.acted_at))
        .where(Visit.phase == 0, Visit.outcome.not_in(_STOOD))
        .group_by(Visit.enrollment_id)
    )
    return dict(session.execute(query).tuples().all())


def wrote_since_last_letter(session: Session, rows: Iterable[Standing]) -> set[Standing]:
    """Who wrote since the last message of this journey to them, or since it began for them if there was none."""
    by_id = {here.enrollment_id: here for here in rows}
    if not by_id:
        return set()
    spoke = (
        visits_of(session, by_id, Visit.enrollment_id, func.max(Visit.acted_at).label("at"))
        .where(Visit.outcome.in_(("sent", "asked")))
        .group_by(Visit.enrollment_id)
        .subquery()
    )
    query = (
        select(Enrollment.id)
        .outerjoin(spoke, spoke.c.enrollment_id == Enrollment.id)
        .where(
            among(session, Enrollment.id, by_id),
            select(Message.id)
            .where(
                Message.member_id == Enrollment.member_id,
                Message.kind == "in",
                Message.at >= func.coalesce(spoke.c.at, Enrollment.created_at),
            )
            .exists(),
        )
    )
    return {by_id[enrollment_id] for enrollment_id in session.scalars(query)}


def jumps_taken(session: Session, jump: Jump, visits: Iterable[Passed]) -> int:
    """How often the jump was taken, in whatever version of the journey: steps are known by their ids."""
    taken = 0
    for visit in visits:
        if visit.outcome == JUMPED:
            steps = load_version(session, visit.version_id).script.steps
            taken += visit.step < len(steps) and steps[visit.step].id == jump.id
    return taken


def without_rest(visits: Collection[Passed]) -> int:
    """How many steps were taken since the last rest."""
    steps = 0
    for visit in reversed(list(visits)):
        if visit.phase:
            return steps
        steps += visit.outcome not in _STOOD
    return steps
