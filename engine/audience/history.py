"""Conditions on what the member has lived on journeys."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import exists, false, func, select, tuple_
from sqlalchemy.orm import aliased

from engine.audience.scope import Holds, Scope
from engine.conversations.question import Question
from engine.conversations.task import Task
from engine.enrollments.enrollment import FINISHED, Enrollment, Visit, walk_from
from engine.enrollments.journey import Journey, JourneyVersion, load_version
from engine.people.member import Member
from journeys.compiled import UnknownFormat


def answered(step: str, answer: str) -> Holds:
    """The latest answer to that step's question, this time on this journey, is the named one."""
    return _is_latest(answer, step, lambda enrollment: enrollment == Enrollment.id)


def answered_in(journey: str, step: str, answer: str) -> Holds:
    """The latest answer to that step's question of another journey is the named one."""
    other = aliased(Enrollment)
    theirs = select(other.id).where(
        other.member_id == Member.id, other.journey_id == Journey.id, Journey.slug == journey
    )
    return _is_latest(answer, step, lambda enrollment: enrollment.in_(theirs.correlate(Member)))


def reached(scope: Scope, step: str) -> Holds:
    """This time on this journey they have been at the step of that name."""
    return _visited(scope, step, None, lambda start: start.id == Enrollment.id)


def reached_in(scope: Scope, journey: str, step: str) -> Holds:
    """This time or an earlier one they have been at that step of another journey."""
    return _visited(
        scope, step, journey, lambda start: (start.member_id == Member.id) & start.journey_id.in_(_ids_of(journey))
    )


def on_journey(scope: Scope, slug: str, *, over: bool, finished: bool = False) -> Holds:
    """They are on the journey (`over` False), or a time on it is over, or has come to the journey's own end."""
    # Not the enrollment the question may be asked about: another row of the same table.
    other = aliased(Enrollment)
    so: list[Holds] = [
        other.journey_id.in_(_ids_of(slug)),
        other.ended_at.is_not(None) if over else other.ended_at.is_(None),
    ]
    if finished:
        so.append(other.end_reason == FINISHED)
    return scope.has(other.member_id, *so)


def _ids_of(slug: str) -> Any:
    return select(Journey.id).where(Journey.slug == slug)


def _is_latest(answer: str, step: str, whose: Callable[[Any], Holds]) -> Holds:
    """The last that was said at the step: the member's answer to its question, or the outcome of its task."""
    latest = (
        select(Question.answer)
        .where(
            Question.member_id == Member.id,
            Question.subject_kind == "enrollment",
            whose(Question.subject_id),
            Question.step == step,
            Question.answered_at.is_not(None),
        )
        .order_by(Question.answered_at.desc(), Question.id.desc())
        .limit(1)
        .correlate(Member, Enrollment)
    )
    outcome = (
        select(Task.choice)
        .where(Task.member_id == Member.id, whose(Task.enrollment_id), Task.step == step, Task.choice.is_not(None))
        .order_by(Task.id.desc())
        .limit(1)
        .correlate(Member, Enrollment)
    )
    said = func.coalesce(latest.scalar_subquery(), outcome.scalar_subquery())
    return func.coalesce(said == answer, false())


def _visited(scope: Scope, step: str, journey: str | None, begins: Any) -> Holds:
    """They came by this step: a walk of one look-up per visit."""
    places = _places(scope, step, journey)
    if not places:
        return false()
    start = aliased(Enrollment)
    walk = walk_from(
        select(start.id.label("enrollment_id"), start.first_at.label("at"))
        .where(begins(start))
        .correlate(Member, Enrollment),
        nesting=True,
    )
    been = aliased(Visit)
    return exists(
        select(been.step)
        .join(walk, (been.visit_at == walk.c.at) & (been.enrollment_id == walk.c.enrollment_id))
        .where(tuple_(been.version_id, been.step).in_(places))
        .correlate(Member, Enrollment)
    )


def _places(scope: Scope, step: str, journey: str | None) -> list[tuple[int, int]]:
    """(version id, place) of every step of that name, in one journey or in all."""
    query = select(JourneyVersion.id)
    if journey is not None:
        query = query.where(JourneyVersion.journey_id.in_(_ids_of(journey)))
    found: list[tuple[int, int]] = []
    for version_id in scope.session.scalars(query).all():
        try:
            ids = load_version(scope.session, version_id).script.ids
        except UnknownFormat:
            continue  # only a newer program can read it, and moves people on it
        found += [(version_id, place) for place, name in enumerate(ids) if name == step]
    return found
