"""Signals: facts that the doors and the router wrote wake journeys, begin them, or end them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from engine.base.db import table_of
from engine.base.errors import Unavailable
from engine.base.log import logger
from engine.base.services import Services
from engine.enrollments.enrollment import (
    Standing,
    bring_forward,
    end,
    live_enrollments,
    standing,
)
from engine.enrollments.journey import load_version
from engine.enrollments.signal import Signal
from engine.outbox.classes import CLASSES
from engine.people.preference import latest, lets_come
from engine.people.texting import untextable
from engine.runner.begin import BEGAN, BEGINNINGS, begin
from engine.runner.decide import waits_for_words
from engine.runner.decision import DONE, RUNG, UNHEARD
from engine.runner.listening import leave, listeners
from engine.runner.rungs import Lifts
from journeys.steps import Ask, HandOff, Wait, WaitForFact, WaitUntilDate

#: Facts handled in one transaction.
LIMIT = 500
#: How long a fact waits for a member whose place is being moved just now.
PATIENCE = timedelta(hours=1)
#: The end reason of an enrollment whose member can be reached no more.
OPTED_OUT = "opted_out"

log = logger(__name__)

_SIGNAL = table_of(Signal)


def handle_signals(services: Services, *, limit: int = LIMIT) -> int:
    """A batch of facts has been acted on; how many there were. Raises Unavailable when the database is gone."""
    now = services.clock.now()
    pending = select(Signal).where(Signal.handled_at.is_(None)).order_by(Signal.id).limit(limit)
    try:
        with services.db.write() as session:
            return _handle(session, list(session.scalars(pending.with_for_update(skip_locked=True))), now)
    except Unavailable:
        raise
    except Exception:
        log.exception("a batch of facts could not be acted on; they are taken one by one")
    with services.db.read() as session:
        ids = [fact.id for fact in session.scalars(pending)]
    return sum(_handle_one(services, id_, now) for id_ in ids)


def _handle_one(services: Services, signal_id: int, now: datetime) -> int:
    """One fact by itself, so that one that goes wrong stops nobody else's: it stays, and is tried again."""
    only = select(Signal).where(Signal.id == signal_id, Signal.handled_at.is_(None)).with_for_update(skip_locked=True)
    try:
        with services.db.write() as session:
            return _handle(session, list(session.scalars(only)), now)
    except Unavailable:
        raise
    except Exception as error:
        log.warning("a fact could not be acted on; it waits", signal_id=signal_id, error=type(error).__name__)
        return 0


def _handle(session: Session, pending: Sequence[Signal], now: datetime) -> int:
    if not pending:
        return 0
    beginnings = {fact.id for fact in pending if fact.kind in BEGINNINGS}
    moved, later = _move_on(session, pending, beginnings, now)
    # What is looked at again begins nothing yet: a fact begins a journey once.
    effects = begin(session, [fact for fact in pending if fact.id not in later], now)
    for fact_id, did in moved.items():
        effects[fact_id] = f"{did}; began" if effects.get(fact_id) == BEGAN else did
    done = [
        {"s": fact.id, "did": effects.get(fact.id, "nothing waited for it")[:60]}
        for fact in pending
        if fact.id not in later
    ]
    if done:
        session.execute(
            update(_SIGNAL).where(_SIGNAL.c.id == bindparam("s")).values(handled_at=now, effect=bindparam("did")),
            done,
        )
    return len(done)


def _move_on(
    session: Session, facts: Sequence[Signal], beginnings: Collection[int], now: datetime
) -> tuple[dict[int, str], set[int]]:
    """Enrollments that waited for these facts are due now, or ended.

    Of the facts that may begin a journey (`beginnings`, by their ids) only those enrollments hear that any fact may
    move on: there are many of them. What each fact did, by its id; and the facts to look at again, because a tick
    moved their member at this moment.
    """
    hearing = (
        live_enrollments(session, {fact.member_id for fact in facts if fact.id not in beginnings}),
        listeners(session, {fact.member_id for fact in facts if fact.id in beginnings}),
    )
    by_member: tuple[dict[int, list[int]], dict[int, list[int]]] = (defaultdict(list), defaultdict(list))
    for found, live in zip(by_member, hearing, strict=True):
        for enrollment_id, member_id in live:
            found[member_id].append(enrollment_id)
    places = standing(session, {enrollment_id for live in hearing for enrollment_id, _ in live}, lock=True)
    unreachable = _unreachable(session, {fact.member_id for fact in facts if fact.kind == "opted_out"})
    lifts = Lifts(session, facts)
    effects: dict[int, str] = {}
    later: set[int] = set()
    heard: dict[Standing, str] = {}
    ended: dict[int, Standing] = {}
    for fact in facts:
        begins = fact.id in beginnings
        for enrollment_id in by_member[begins][fact.member_id]:
            here = places.get(enrollment_id)
            if enrollment_id in ended:
                continue
            if here is None:
                # What may begin a journey is not heard twice: whoever waits for it is looked at again anyway.
                if not begins and fact.created_at > now - PATIENCE:
                    later.add(fact.id)
                continue
            if fact.kind == "opted_out":
                if fact.member_id in unreachable:
                    ended[enrollment_id] = here
                    heard.pop(here, None)
                    effects[fact.id] = "ended"
                else:
                    effects[fact.id] = "still reached another way"
            elif (rung := lifts.word(fact, here, heard.get(here, here.heard))) is not None:
                heard[here] = rung
                effects[fact.id] = lifts.effect(rung, here)
            elif (word := _word(session, fact, here)) is not None:
                # A recognized answer says more than the plain fact that they wrote, and either more than a hold's end.
                heard[here] = max(word, heard.get(here, here.heard), key=_weight)
                effects[fact.id] = "woke it"
    for here in leave(session, [here for here in places.values() if here.enrollment_id not in ended], now):
        heard.pop(here, None)
    bring_forward(session, heard, now)
    end(session, list(ended.values()), OPTED_OUT, now)
    return effects, later


def _weight(word: str) -> int:
    if word.startswith(RUNG):
        return 3
    return 2 if word.startswith(("answered", DONE)) else int(word == "replied")


def _word(session: Session, fact: Signal, here: Standing) -> str | None:
    """What the row at `here` hears of this fact; None when it does not wait for it."""
    if fact.kind == "hold_ended":
        # Only what was put off: anything else is due at its own time.
        return here.heard if here.wanted_at is not None else None
    steps = load_version(session, here.version_id).script.steps
    step = steps[here.step] if here.step < len(steps) else None
    if here.phase and isinstance(step, Wait) and isinstance(step.pause, WaitForFact):
        # Whatever was heard of them may have made it so: it is looked at again, unless something puts it off just now.
        return here.heard if here.wanted_at is None else None
    if here.phase and isinstance(step, Wait) and isinstance(step.pause, WaitUntilDate):
        moved = fact.kind == "fact" and fact.detail.get("fact") in (step.pause.fact, "zone")
        return here.heard if moved else None
    if fact.kind == "task_done":
        awaited = isinstance(step, HandOff) and here.phase and fact.detail.get("step") == step.id
        about_this = fact.enrollment_id == here.enrollment_id
        return f"{DONE}:{fact.detail.get('outcome', '')}" if awaited and about_this else None
    if step is None or not waits_for_words(step):
        return None
    if here.phase == 0:
        # A question by text that waits its turn: another one may just have been answered.
        turn = isinstance(step, Ask) and step.numbered and fact.kind in ("answered", "replied", "unheard")
        return here.heard if turn else None
    about_this = fact.enrollment_id == here.enrollment_id
    match fact.kind:
        case "answered":
            asked_here = isinstance(step, Ask) and fact.detail.get("step") in (step.id, here.step)
            return f"answered:{fact.detail.get('answer', '')}" if about_this and asked_here else None
        case "unheard":
            return UNHEARD if about_this and isinstance(step, Ask) and fact.detail.get("step") == step.id else None
        case "replied":
            # Words about another journey's letter do not answer this one's question; they are words all the same.
            elsewhere = isinstance(step, Ask) and fact.enrollment_id is not None and not about_this
            return None if elsewhere else "replied"
        case _:
            return None


def _unreachable(session: Session, member_ids: set[int]) -> set[int]:
    """Those whom no journey may write to, neither by mail nor by text."""
    scope = CLASSES["journey"].scope
    stopped = {member_id for member_id in member_ids if not lets_come(scope, latest(session, member_id, "email"))}
    return stopped & untextable(session, stopped, scope, enabled=True).keys()
