"""Moving people: those in flight on earlier versions go on upon the current one, by a mapping that was shown (B13).

A published version never changes, and whoever is on it stays there unless somebody moves them. Steps of the same name
lead to one another; any other is said: old step to new step, or to the end. A mapping that loses a step where people
stand is refused. Nothing that was sent is sent again: a moved row keeps its due time, or gets a later one than every
visit before, and the due time is the key of what a visit sends (law 5).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.asking import among
from engine.base.db import Database, table_of
from engine.base.errors import HearthlineError, Invalid, NotFound
from engine.conversations.question import Question
from engine.enrollments.enrollment import BATCH, FINISHED, TICK, Due, Enrollment, Standing, end, relocate, standing
from engine.enrollments.journey import Journey, JourneyVersion, Published, load_version
from engine.enrollments.pause import LATE
from journeys.steps import Ask, Step, Wait, WaitFor, WaitForReply

#: What stands for a journey's end in a mapping; no step may be named so there.
END = "end"
#: How often those are looked for again whom a tick moved at the very moment of their turn.
_MOST_PASSES = 20

_QUESTION = table_of(Question)


class Crossing(NamedTuple):
    """All who stand at one step of one earlier version, and where they go on (`to` is END at the journey's end)."""

    number: int
    step: str
    people: int
    to: str

    def says(self) -> str:
        """The crossing in words."""
        who = "1 person" if self.people == 1 else f"{self.people} people"
        where = "are finished" if self.to == END else f"go on at {self.to}"
        if self.people == 1:
            where = where.replace("are", "is").replace("go on", "goes on")
        return f"{who} at {self.step} (version {self.number}) {where}."


class Plan(NamedTuple):
    """What moving people would do: shown before it is done. With `refused` nothing is done."""

    journey_id: int
    slug: str
    version_id: int
    number: int
    #: Old step to new step, as it was said; same names lead to one another without.
    said: Mapping[str, str]
    crossings: tuple[Crossing, ...]
    refused: tuple[str, ...]

    @property
    def people(self) -> int:
        """How many would move."""
        return sum(each.people for each in self.crossings)

    def target(self, step: Step, script_ids: Sequence[str]) -> str | None:
        """Where somebody at `step` goes on; None where nobody said."""
        return self.said.get(step.id, step.id if step.id in script_ids else None)


class Moved(NamedTuple):
    """How many were moved, how many of these ended, and how many stay where they are, and why."""

    people: int
    ended: int
    stay: int


def plan_moving(session: Session, slug: str, said: Mapping[str, str]) -> Plan:
    """What would become of everybody on an earlier version.

    Raises NotFound for an unknown journey, and Invalid for a mapping to a step that the current version does not have
    or from one that no version ever had.
    """
    journey = session.scalar(select(Journey).where(Journey.slug == slug))
    if journey is None or journey.current_version_id is None:
        raise NotFound(f"No journey {slug!r} is published here.")
    current = load_version(session, journey.current_version_id)
    numbers = dict(
        session.execute(select(JourneyVersion.id, JourneyVersion.number).where(JourneyVersion.journey_id == journey.id))
        .tuples()
        .all()
    )
    versions = {version_id: _readable(session, version_id) for version_id in numbers}
    _check(current, [each for each in versions.values() if each is not None], said)
    counted = session.execute(
        select(Due.version_id, Due.step, func.count())
        .where(Due.version_id.in_([version_id for version_id in numbers if version_id != current.id]))
        .group_by(Due.version_id, Due.step)
    ).all()
    plan = Plan(journey.id, slug, current.id, current.number, dict(said), (), ())
    found: list[Crossing] = []
    refused: list[str] = []
    for version_id, index, people in sorted(counted, key=lambda row: (numbers[row[0]], row[1])):
        step = _step_of(versions[version_id], index)
        target = plan.target(step, current.script.ids) if step is not None else None
        if step is None or target is None:
            name = step.id if step is not None else f"number {index + 1}"
            refused.append(_lost(people, name, numbers[version_id], current.number, known=step is not None))
        else:
            found.append(Crossing(numbers[version_id], step.id, people, target))
    return plan._replace(crossings=tuple(found), refused=tuple(refused))


def move_people(db: Database, plan: Plan, now: datetime, by_id: int | None = None) -> Moved:
    """Everybody on an earlier version goes on upon the plan's, in batches; done again, it goes on where it stopped.

    Whoever stands meanwhile at a step for which nothing was said stays on their version. Raises Invalid for a plan that
    was refused.
    """
    if plan.refused:
        raise Invalid(plan.refused[0])
    moved = ended = 0
    for _ in range(_MOST_PASSES):
        after, missed = 0, 0
        while True:
            with db.write() as session:
                done = _move_some(session, plan, after, now)
            moved, ended, missed = moved + done.moved, ended + done.ended, missed + done.missed
            if not done.last:
                break
            after = done.last
        if not missed:
            break
    with db.write() as session:
        stay = session.scalar(
            select(func.count())
            .select_from(Enrollment)
            .where(
                Enrollment.journey_id == plan.journey_id,
                Enrollment.ended_at.is_(None),
                Enrollment.version_id != plan.version_id,
            )
        )
        record(
            session, by_id, "people_moved", "journey", plan.journey_id, now,
            number=plan.number, people=moved, ended=ended, said=dict(plan.said),
        )  # fmt: skip
    return Moved(moved, ended, stay or 0)


class _Some(NamedTuple):
    last: int
    moved: int
    ended: int
    missed: int


def _move_some(session: Session, plan: Plan, after: int, now: datetime) -> _Some:
    ids = list(
        session.scalars(
            select(Enrollment.id)
            .where(
                Enrollment.journey_id == plan.journey_id,
                Enrollment.ended_at.is_(None),
                Enrollment.version_id != plan.version_id,
                Enrollment.id > after,
            )
            .order_by(Enrollment.id)
            .limit(BATCH)
        )
    )
    # Nobody whom a tick has at this moment is found, and nobody who is found can be moved by a tick until we are done.
    places = standing(session, ids, lock=True)
    current = load_version(session, plan.version_id)
    moves: dict[Standing, Standing] = {}
    ended: list[Standing] = []
    asked: list[dict[str, Any]] = []
    for here in places.values():
        old = _step_of(_readable(session, here.version_id), here.step)
        target = plan.target(old, current.script.ids) if old is not None else None
        if old is None or target is None:
            continue
        index = current.script.ids.index(target) if target in current.script.ids else None
        new = current.script.steps[index] if index is not None else None
        if new is None or index is None:
            ended.append(here)
        else:
            moves[here] = carried_over(here, old, new, current.id, index, now)
        if isinstance(old, Ask):
            asked.append(
                {"e": here.enrollment_id, "m": here.member_id, "name": new.id, "until": moves[here].due_at}
                if isinstance(new, Ask) and here.phase
                else {"e": here.enrollment_id, "m": here.member_id, "name": old.id, "until": now}
            )
    relocate(session, moves)
    _ask_on(session, asked)
    end(session, ended, FINISHED, now)
    if moves:
        session.execute(
            update(Enrollment)
            .where(among(session, Enrollment.id, [here.enrollment_id for here in moves]))
            .values(version_id=current.id)
            .execution_options(synchronize_session=False)
        )
    return _Some(ids[-1] if len(ids) == BATCH else 0, len(moves), len(ended), len(ids) - len(places))


def carried_over(here: Standing, old: Step, new: Step, version_id: int, index: int, now: datetime) -> Standing:
    """The row at its new step: whoever waits goes on waiting, as long as the new step says.

    A wait that becomes another kind of step ends when it would have ended; one that becomes a wait of another kind, and
    a question that is asked no more, begin anew at once.
    """
    fresh = here._replace(version_id=version_id, step=index, tries=0)
    if here.phase == 0:
        return fresh
    if here.heard:
        # Whoever was woken is heard at the new step, where it still listens.
        heard = here.heard if here.heard.startswith(LATE) else ""
        return fresh if type(old) is type(new) else fresh._replace(phase=0, heard=heard)
    if type(old) is not type(new):
        at = here.due_at if isinstance(old, Wait) else now
        return _due(fresh._replace(phase=0, wanted_at=None), at)
    longer = _longer(old, new)
    if longer is None:
        return _due(fresh._replace(phase=0, wanted_at=None), now)
    return _due(fresh, max(now, here.due_at + longer) if longer else here.due_at)


def _ask_on(session: Session, asked: Sequence[dict[str, Any]]) -> None:
    """Open questions are those of the new steps, as long as these wait; what is asked no more is closed."""
    if asked:
        session.execute(
            update(_QUESTION)
            .where(
                _QUESTION.c.member_id == bindparam("m"),
                _QUESTION.c.subject_kind == "enrollment",
                _QUESTION.c.subject_id == bindparam("e"),
                _QUESTION.c.answered_at.is_(None),
            )
            .values(step=bindparam("name"), until_at=bindparam("until")),
            list(asked),
        )


def _readable(session: Session, version_id: int) -> Published | None:
    """The version; None where only a newer program can read it."""
    try:
        return load_version(session, version_id)
    except (HearthlineError, ValueError):
        return None


def _step_of(version: Published | None, index: int) -> Step | None:
    return version.script.steps[index] if version is not None and index < len(version.script.steps) else None


def _check(current: Published, versions: Sequence[Published], said: Mapping[str, str]) -> None:
    known = {step for version in versions for step in version.script.ids}
    for old, new in said.items():
        if old not in known:
            raise Invalid(f"No version of {current.script.slug} ever had a step {old!r}.")
        if new != END and new not in current.script.ids:
            steps = ", ".join((*current.script.ids, END))
            raise Invalid(f"Version {current.number} has no step {new!r}. It has: {steps}.")


def _lost(people: int, step: str, number: int, current: int, *, known: bool) -> str:
    who = "1 person stands" if people == 1 else f"{people} people stand"
    if not known:
        return (
            f"{who} at the step {step} of version {number}, which this program cannot read. Nobody was moved. "
            "Run the newer program that published it."
        )
    return (
        f"{who} at the step {step} of version {number}, and version {current} has no step of that name. "
        f"Nobody was moved. Say where they go on: --map {step}=STEP, or --map {step}={END}."
    )


def _longer(old: Step, new: Step) -> timedelta | None:
    """By how much the new step waits longer than the old one of its kind; None where it waits for something else."""
    match old, new:
        case Ask(), Ask():
            return new.timeout - old.timeout
        case Wait(pause=WaitFor(span=was)), Wait(pause=WaitFor(span=span)):
            return span - was
        case Wait(pause=WaitForReply(timeout=was)), Wait(pause=WaitForReply(timeout=timeout)):
            return timeout - was
        case Wait(pause=was), Wait(pause=pause) if was != pause:
            return None
        case _:
            return timedelta()


def _due(here: Standing, at: datetime) -> Standing:
    return here._replace(due_at=at if here.prev_at is None else max(at, here.prev_at + TICK))
