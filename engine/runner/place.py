"""Place: where a member is on their journeys, in words for whoever talks with them."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import HearthlineError
from engine.conversations.thread import UNTIL_ANSWERED, Thread
from engine.enrollments.enrollment import Standing, live_enrollments, standing
from engine.enrollments.journey import load_version, paused_journeys
from engine.people.member import Member
from journeys.compiled import UnknownFormat
from journeys.model import Journey
from journeys.steps import Ask, Branch, Email, End, HandOff, Move, Tag, Wait, WaitForReply


@dataclass(frozen=True, slots=True)
class Place:
    """One journey that a member is on, and what it does now."""

    enrollment_id: int
    journey: str
    step: str
    #: What it does now: `paused: talking with Maya`, `waiting for their answer`.
    words: str
    #: When it goes on by itself; None: not before somebody does something.
    until: datetime | None


def places(session: Session, member_id: int, now: datetime) -> list[Place]:
    """Every live journey of the member, oldest first."""
    live = [enrollment_id for enrollment_id, _ in live_enrollments(session, [member_id])]
    where = standing(session, live)
    talk = _talking_with(session, member_id, now)
    paused = paused_journeys(session)
    found: list[Place] = []
    for enrollment_id in live:
        here = where.get(enrollment_id)
        if here is None:
            continue
        try:
            version = load_version(session, here.version_id)
        except (HearthlineError, UnknownFormat) as error:
            found.append(Place(enrollment_id, "a journey", "", f"stands still: {error}", here.due_at))
            continue
        step = version.script.steps[here.step].id
        words, until = _words(here, version.script), here.due_at
        if version.journey_id in paused:
            found.append(Place(enrollment_id, version.script.title, step, "paused: the whole journey rests", None))
        elif talk is not None:
            who, ends = talk
            open_end = ends >= UNTIL_ANSWERED
            found.append(
                Place(
                    enrollment_id, version.script.title, step, f"paused: talking with {who}", None if open_end else ends
                )
            )
        else:
            found.append(Place(enrollment_id, version.script.title, step, words, until))
    return found


def _talking_with(session: Session, member_id: int, now: datetime) -> tuple[str, datetime] | None:
    row = session.execute(
        select(Member, Thread.hold_until_at)
        .select_from(Thread)
        .outerjoin(Member, Member.id == Thread.responsible_id)
        .where(
            Thread.member_id == member_id,
            Thread.kind == "person",
            Thread.closure_id.is_(None),
            Thread.hold_until_at > now,
        )
        .order_by(Thread.hold_until_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    person, until = row
    return (person.called if person is not None else "somebody of the team"), until


def _words(here: Standing, journey: Journey) -> str:
    step = journey.steps[here.step]
    if here.tries:
        return f"stands still: {step.id} went wrong, and is tried again"
    match step:
        case Ask():
            return "waiting for their answer" if here.phase else "about to ask"
        case Wait(pause=pause):
            return "waiting for a word from them" if isinstance(pause, WaitForReply) else "resting until the next step"
        case Email():
            return "about to write"
        case HandOff():
            return "about to hand a task to a person"
        case Branch() | Move() | Tag():
            return "about to go on"
        case End():
            return "about to finish"
        case _:
            assert_never(step)
