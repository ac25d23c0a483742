"""Pausing: a journey rests, and goes on without firing what its pause kept back."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.base.db import Database
from engine.base.errors import Invalid, NotFound
from engine.base.ids import new_id
from engine.conversations.task import give_task
from engine.enrollments.enrollment import BATCH, TICK, Enrollment, Standing, relocate, standing
from engine.enrollments.journey import Journey, load_version
from engine.enrollments.pause import LATE, OWED, JourneyPause, latest_pause
from journeys.vocabulary import AfterPause

#: How long somebody has to say what becomes of the steps that a pause kept back.
DECIDE_WITHIN = timedelta(days=2)
#: How often a batch is looked through again for people whom a tick moved at that very moment.
_MOST_PASSES = 20


def pause(session: Session, slug: str, why: str, now: datetime, by_id: int | None = None) -> bool:
    """Nobody moves on the journey and nobody new comes onto it; False when that was so before.

    Raises NotFound.
    """
    journey = _locked(session, slug)
    last = latest_pause(session, journey.id)
    if journey.paused_at is not None and (last is None or last.resumed_at is None):
        return False
    if last is not None and last.resumed_at is not None and last.judged_at is None:
        last.judged_at = now  # whom the pause before had kept back, this one keeps
    journey.paused_at, journey.paused_by_id = now, by_id
    session.add(JourneyPause(id=new_id(), created_at=now, journey_id=journey.id, by_id=by_id, why=why.strip()[:300]))
    session.flush()
    record(session, by_id, "paused", "journey", journey.id, now)
    return True


def resume(
    session: Session, slug: str, now: datetime, by_id: int | None = None, rule: AfterPause | None = None
) -> JourneyPause:
    """The journey goes on; `judge` then deals with whom the pause had kept back. The journey's own rule, unless told.

    On a journey that waits for somebody to decide (`ask`), the rule is that decision. Raises NotFound, and Invalid
    when there is nothing to resume or to decide.
    """
    journey = _locked(session, slug)
    last = latest_pause(session, journey.id)
    if journey.paused_at is None:
        return _decide(session, slug, last, now, by_id, rule)
    if last is None or last.judged_at is not None:
        # Whoever paused it left no word: it counts as paused since then.
        last = JourneyPause(
            id=new_id(), created_at=journey.paused_at, journey_id=journey.id, by_id=journey.paused_by_id, why=""
        )
        session.add(last)
    if last.resumed_at is None:
        if rule is None and journey.current_version_id is not None:
            rule = load_version(session, journey.current_version_id).script.after_pause
        last.resumed_at, last.resumed_by_id, last.rule = now, by_id, str(rule or AfterPause.SKIP)
        record(session, by_id, "resumed", "journey", journey.id, now, rule=last.rule)
    session.flush()
    wake_on_commit(session, "runner.resume")
    return last


def judge(db: Database, pause_id: int, now: datetime) -> int:
    """Whoever the pause kept back is judged, once; how many these were. Done again after a crash, it goes on."""
    judged = 0
    for _ in range(_MOST_PASSES):
        after, missed = 0, False
        while True:
            with db.write() as session:
                after, some, left = _judge_some(session, pause_id, after, now)
            judged += some
            missed = missed or left
            if not after:
                break
        if not missed:
            break
    with db.write() as session:
        _over(session, pause_id, judged, now)
    return judged


def _judge_some(session: Session, pause_id: int, after: int, now: datetime) -> tuple[int, int, bool]:
    """(the last enrollment looked at or 0, how many were kept back, whether one was on the move)."""
    row = session.get_one(JourneyPause, pause_id)
    if row.resumed_at is None or row.judged_at is not None:
        return 0, 0, False
    ids = list(
        session.scalars(
            select(Enrollment.id)
            .where(Enrollment.journey_id == row.journey_id, Enrollment.ended_at.is_(None), Enrollment.id > after)
            .order_by(Enrollment.id)
            .limit(BATCH)
        )
    )
    places = standing(session, ids, lock=True)
    moves = {here: _judged(here, row.rule, now) for here in places.values() if _kept_back(here, row, now)}
    relocate(session, moves)
    return (ids[-1] if len(ids) == BATCH else 0), len(moves), len(places) < len(ids)


def _kept_back(here: Standing, row: JourneyPause, now: datetime) -> bool:
    """Whether the row still has to be judged; one that was, and is due, is not judged twice."""
    if row.decided_at is not None:
        return here.heard == f"{LATE}{AfterPause.ASK}"
    if row.resumed_at is None or (here.wanted_at or here.due_at) > row.resumed_at:
        return False
    return here.due_at > now or here.heard not in (f"{LATE}{row.rule}", f"{LATE}{OWED}")


def _judged(here: Standing, rule: str, now: datetime) -> Standing:
    """The row, due now, with what the runner goes by."""
    owed = here.tries or here.heard in (OWED, f"{LATE}{OWED}")
    at = now if here.prev_at is None else max(now, here.prev_at + TICK)
    return here._replace(due_at=at, heard=f"{LATE}{OWED if owed else rule}", wanted_at=here.wanted_at or here.due_at)


def _over(session: Session, pause_id: int, judged: int, now: datetime) -> None:
    row = session.get_one(JourneyPause, pause_id, with_for_update=True)
    if row.judged_at is not None:
        return
    row.judged_at = now
    journey = session.get_one(Journey, row.journey_id, with_for_update=True)
    if row.decided_at is None:
        row.overdue += judged
        journey.paused_at = journey.paused_by_id = None
        if row.rule == AfterPause.ASK and row.overdue:
            row.task_id = _ask(session, journey, row, now)
    session.flush()
    wake_on_commit(session, "runner.tick")


def _ask(session: Session, journey: Journey, row: JourneyPause, now: datetime) -> int:
    people = "one person" if row.overdue == 1 else f"{row.overdue} people"
    return give_task(
        session,
        f"{journey.title}: say what becomes of what the pause kept back",
        now + DECIDE_WITHIN,
        now,
        script=(
            f"The journey goes on, and for {people} a step became due while it was paused. Nothing of it was sent. "
            f"`hearthline journeys resume {journey.slug} --overdue skip` passes over what is stale; "
            f"`--overdue newest` sends each of them the newest message alone. Until you say so they wait."
        ),
        assignee_id=row.resumed_by_id,
        detail={"why": "after_pause", "journey_id": journey.id},
    ).id


def _decide(
    session: Session,
    slug: str,
    last: JourneyPause | None,
    now: datetime,
    by_id: int | None,
    rule: AfterPause | None,
) -> JourneyPause:
    if last is not None and last.decided_at is not None:
        raise Invalid(f"The journey {slug} is not paused, and what its last pause kept back is decided.")
    if last is None or last.rule != AfterPause.ASK or last.judged_at is None:
        raise Invalid(f"The journey {slug} is not paused.")
    if rule is None or rule is AfterPause.ASK:
        raise Invalid("Say what becomes of the steps that the pause kept back: skip, or newest.")
    last.decided_at, last.decided_by_id, last.rule, last.judged_at = now, by_id, str(rule), None
    session.flush()
    record(session, by_id, "resumed", "journey", last.journey_id, now, rule=last.rule)
    wake_on_commit(session, "runner.resume")
    return last


def _locked(session: Session, slug: str) -> Journey:
    journey = session.scalar(select(Journey).where(Journey.slug == slug).with_for_update())
    if journey is None:
        raise NotFound(f"No journey {slug!r} is published here.")
    return journey
