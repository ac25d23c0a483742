"""Apply: a decided batch becomes rows, in a few statements for all of it. The caller commits."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, assert_never

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from engine.base.bulk import bulk_delete, bulk_insert
from engine.base.db import table_of
from engine.base.ids import new_id, new_ids
from engine.base.stored_time import time_storer
from engine.conversations.task import Task
from engine.enrollments.enrollment import DUE_COLUMNS, Due, Enrollment, Standing, Visit, relocate
from engine.enrollments.signal import signal
from engine.outbox.journey_letters import JourneyLetter, journey_letters
from engine.outbox.overtaken import refuse_overtaken
from engine.outbox.rate import moments
from engine.people.fact import Noted, note_facts
from engine.people.member import tag_many, untag_many
from engine.people.path import NO_ROW, Moving, move_many
from engine.runner.basis import Basis
from engine.runner.decision import LIFTED, LOOKED, MOST_TRIES, Decision
from engine.runner.doors import come_in
from engine.runner.facts import Batch, Person, load_people
from engine.runner.hand_off import Handed, tasks_of
from engine.runner.triggers import listens
from journeys.steps import Ask, Email, HandOff, Join, JoinChapter, Move, Set, Tag, Text

_DUE = table_of(Due)
_VISIT = table_of(Visit)
_ENROLLMENT = table_of(Enrollment)
_TASK = table_of(Task)

_VISIT_COLUMNS = (
    "visit_at", "enrollment_id", "version_id", "step", "phase", "acted_at", "outcome", "why", "next_at",
)  # fmt: skip

#: How long a person has to look at a journey that went wrong.
LOOK_WITHIN = timedelta(days=1)


class Settled(NamedTuple):
    """A row with what was decided, and the text chosen for its letter (None: nothing is said)."""

    here: Standing
    decision: Decision
    template_version_id: int | None = None


def apply(session: Session, batch: Batch, settled: Sequence[Settled], now: datetime) -> None:
    """What was decided is written: visits, next due rows, letters, and what the steps did. All of it or nothing."""
    looked = {each.here: _looked(each) for each in settled if each.decision.outcome == LOOKED}
    if looked:
        relocate(session, looked)
        settled = [each for each in settled if each.here not in looked]
    _queue(session, settled, now)
    _overtake(session, settled, now)
    _speak(session, batch, settled, now)
    _act(session, batch, settled, now)
    _end(session, settled, now)


def _queue(session: Session, settled: Sequence[Settled], now: datetime) -> None:
    stored = time_storer(session)
    acted, gone, visits, due = stored(now), [], [], []
    for here, decision, _ in settled:
        visit_at, next_at, id_ = stored(here.due_at), None, here.enrollment_id
        gone.append((visit_at, id_))
        if decision.at is not None:
            next_at = stored(decision.at)
            due.append(
                (
                    next_at, id_, here.member_id, here.version_id, decision.step, decision.phase, visit_at,
                    None if decision.wanted_at is None else stored(decision.wanted_at), decision.heard, decision.tries,
                )
            )  # fmt: skip
        visits.append(
            (
                visit_at, id_, here.version_id, here.step, here.phase, acted,
                decision.outcome, decision.why, next_at,
            )
        )  # fmt: skip
    bulk_delete(session, _DUE, ("due_at", "enrollment_id"), gone)
    bulk_insert(session, _VISIT, _VISIT_COLUMNS, visits)
    bulk_insert(session, _DUE, DUE_COLUMNS, due)


def _looked(settled: Settled) -> Standing:
    """Where a row stands after a look at which nothing was so: no visit, and what put it off before is over."""
    here, decision, _ = settled
    return here._replace(due_at=decision.at or here.due_at, wanted_at=None, heard="", tries=0)


def _speak(session: Session, batch: Batch, settled: Sequence[Settled], now: datetime) -> None:
    speaking = [each for each in settled if each.template_version_id is not None]
    people = batch.people
    leaves = _moments(session, batch, speaking, now)
    letters = [
        JourneyLetter(
            id_, here.due_at, here.enrollment_id, here.member_id, people[here.member_id].chapter_id, text,
            here.version_id, here.step, leaves.get(here.enrollment_id, now), decision.channel,
        )
        for id_, (here, decision, text) in zip(new_ids(len(speaking)), speaking, strict=True)
        if text is not None
    ]  # fmt: skip
    journey_letters(session, letters, now)


def _overtake(session: Session, settled: Sequence[Settled], now: datetime) -> None:
    """Who was lifted gets nothing any more that an earlier step posted and that has not left yet."""
    lifted = {here.enrollment_id: here.member_id for here, decision, _ in settled if decision.outcome == LIFTED}
    refuse_overtaken(session, lifted, now)


def _moments(session: Session, batch: Batch, speaking: Sequence[Settled], now: datetime) -> dict[int, datetime]:
    """When the messages of journeys with a rate leave, by enrollment; all others leave now."""
    asking: dict[tuple[int, int], list[int]] = defaultdict(list)
    for each in speaking:
        version = batch.versions.get(each.here.version_id)
        limits = version.script.limits if version is not None else None
        if version is not None and limits is not None and limits.sends_per_hour is not None:
            asking[version.journey_id, limits.sends_per_hour].append(each.here.enrollment_id)
    found: dict[int, datetime] = {}
    for (journey_id, per_hour), enrollments in sorted(asking.items()):
        leaving = moments(session, journey_id, per_hour, len(enrollments), now)
        found |= dict(zip(enrollments, leaving, strict=True))
    return found


def _act(session: Session, batch: Batch, settled: Sequence[Settled], now: datetime) -> None:
    moves: list[Moving] = []
    added: list[tuple[int, str]] = []
    removed: list[tuple[int, str]] = []
    handed: list[Handed] = []
    noted: list[Noted] = []
    joining: list[tuple[Standing, Join, str]] = []
    stuck: list[Settled] = []
    for each in settled:
        here, decision = each.here, each.decision
        match decision.act:
            case None:
                if decision.tries == MOST_TRIES:
                    stuck.append(each)
            case Email() | Text() | Ask():
                pass
            case Move() as step:
                moves.append(_moving(here, step, batch.facts_of(here).basis))
            case Tag(add=add, remove=remove):
                added += [(here.member_id, tag) for tag in add]
                removed += [(here.member_id, tag) for tag in remove]
            case Set(fact=fact, value=value):
                noted.append(Noted(here.member_id, fact, value))
            case Join() as step:
                joining.append((here, step, batch.versions[here.version_id].script.slug))
            case HandOff() as step:
                handed.append(Handed(here, step))
            case _:
                assert_never(decision.act)
    _tell_of(session, move_many(session, moves, now), now)
    tasks = tasks_of(session, handed, batch.people, now)
    untag_many(session, removed)
    for member_id, tag in tag_many(session, added, now):
        signal(session, "tagged", member_id, now, tag=tag)
    for noted_of, fact, _ in note_facts(session, noted):
        signal(session, "fact", noted_of, now, fact=fact)
    if joining:
        come_in(session, joining, batch.doors, now)
        for here, step, _ in joining:
            if isinstance(step.joins, JoinChapter):
                signal(session, "chapter", here.member_id, now, chapter_id=batch.doors.chapters[step.joins.chapter])
    if stuck:
        people = load_people(session, {each.here.member_id for each in stuck})
        tasks += [_look(batch, each, people.get(each.here.member_id), now) for each in stuck]
    if tasks:
        session.execute(insert(_TASK), tasks)


def _moving(here: Standing, step: Move, basis: Basis | None) -> Moving:
    evidence, rests_on = (step.evidence, NO_ROW) if basis is None else (basis.quoted(step.evidence), basis.rests_on)
    return Moving(here.member_id, step.path, step.stage, evidence, here.enrollment_id, rests_on)


def _tell_of(session: Session, moved: Sequence[Moving], now: datetime) -> None:
    """Journeys hear of these moves where one listens for them or has an audience."""
    if moved and listens(session, "stage_moved"):
        for each in moved:
            signal(session, "stage_moved", each.member_id, now, path=each.path, to=each.to_stage)


def _look(batch: Batch, stuck: Settled, person: Person | None, now: datetime) -> dict[str, Any]:
    version = batch.versions.get(stuck.here.version_id)
    steps = version.script.steps if version else ()
    step = steps[stuck.here.step].id if stuck.here.step < len(steps) else f"number {stuck.here.step + 1}"
    title = version.script.title if version else "a journey"
    return {
        "id": new_id(),
        "created_at": now,
        "title": f"{title}: a step goes wrong for one person"[:200],
        "script": (
            f"The step {step} went wrong {MOST_TRIES} times ({stuck.decision.why}). Nothing was sent and nothing is "
            "lost: it is tried again once a day. See what is missing, publish it, and write to the person "
            "yourself if it should not wait."
        ),
        "member_id": stuck.here.member_id if person else None,
        "chapter_id": person.chapter_id if person else None,
        "assignee_id": person.organizer_id if person else None,
        "enrollment_id": stuck.here.enrollment_id,
        "due_at": now + LOOK_WITHIN,
        "outcome": "",
        "detail": {"step": step},
        "step": step[:60],
        "choice": None,
        "hand_on_at": None,
        "withdrawn": "",
    }


def _end(session: Session, settled: Sequence[Settled], now: datetime) -> None:
    ended = [
        {"e": each.here.enrollment_id, "why": each.decision.reason} for each in settled if each.decision.at is None
    ]
    if ended:
        session.execute(
            update(_ENROLLMENT)
            .where(_ENROLLMENT.c.id == bindparam("e"))
            .values(ended_at=now, end_reason=bindparam("why")),
            ended,
        )
