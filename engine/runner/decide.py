"""Decide: what happens to one person at one step. Pure; the database is read before and written after.

A step is settled by a visit. Between two visits lies a due time, and those of one enrollment only grow, because a
visit's due time is the key of what it sends.
"""

from datetime import datetime, timedelta
from typing import assert_never

from engine.base.errors import Astray
from engine.enrollments.enrollment import FINISHED, TICK, Standing
from engine.runner.decision import (
    DONE,
    GONE,
    JUMPED,
    LIFTED,
    LOOK_AGAIN,
    NOT_FURTHER,
    RUNG,
    UNHEARD,
    Decision,
    Facts,
    go_on,
    over,
    put_off,
    rest,
    skip,
)
from engine.runner.lateness import WORDS, Late, carried, late
from engine.runner.waiting import wait
from journeys.model import Journey
from journeys.steps import (
    Ask,
    Branch,
    Email,
    End,
    HandOff,
    Join,
    Jump,
    Move,
    Set,
    Split,
    Step,
    Tag,
    Text,
    Wait,
    WaitForReply,
)  # fmt: skip
from journeys.vocabulary import Means


def decide(here: Standing, journey: Journey, facts: Facts, now: datetime, stale_after: timedelta) -> Decision:
    """What happens to this person now.

    Raises IndexError for a step that the journey does not have, and Astray for one that this person cannot take.
    """
    if facts.over is not None:
        return over(here, facts.over)
    kind, _, place = here.heard.partition(":")
    if kind == RUNG:
        # Whatever this step would have done or waited for: they are further already.
        return go_on(here, LIFTED, min(int(place), len(journey.steps) - 1), now, why="What they did took them further.")
    step = journey.steps[here.step]
    if facts.gone:
        return Decision(GONE, here.step, here.phase, None, why="They are with us no more.", reason=GONE)
    if here.phase and here.heard and (told := _hear(here, step, now)) is not None:
        return told
    if facts.paused:
        return put_off(here, "paused", "This journey is paused.", now + LOOK_AGAIN)
    if facts.held_until is not None and facts.held_until > now:
        until = min(facts.held_until, now + LOOK_AGAIN) if facts.held_until.year > 9000 else facts.held_until
        return put_off(here, "held", "They are talking with a person here, and journeys wait meanwhile.", until)
    if facts.wished_until is not None:
        why = f"They asked us to pause until {facts.wished_until:%d %B %Y}, and journeys wait meanwhile."
        return put_off(here, "held", why, facts.wished_until)
    if facts.trouble:
        raise Astray(facts.trouble)
    lateness = late(here, journey, step, now, stale_after)
    if lateness is Late.UNDECIDED:
        return put_off(here, "paused", "What the pause kept back waits until somebody decides.", now + LOOK_AGAIN)
    decision = _settled(here, journey, facts, now, stale_after, late=lateness is Late.STALE)
    if decision.at is None or decision.step == here.step:
        return decision
    mark = carried(here.heard, spoke=decision.template is not None)
    return decision._replace(wanted_at=here.wanted_at, heard=decision.heard or mark) if mark else decision


def _settled(
    here: Standing, journey: Journey, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool
) -> Decision:
    step = journey.steps[here.step]
    match step:
        case Email():
            return skip(here, step.go, now) if late else go_on(here, "sent", step.go, now, act=step)
        case Text():
            return _text(here, step, facts, now, late=late)
        case Ask():
            return _ask(here, step, facts, now, late=late)
        case Wait():
            return wait(here, step, facts, now, stale_after, late=late)
        case Branch():
            turn = next((place for place in range(len(step.turns)) if place in facts.true), None)
            go = step.otherwise if turn is None else step.turns[turn].go
            return go_on(here, "branched", go, now, why=_turns(len(step.turns), facts.true), late=late)
        case HandOff():
            return _hand_off(here, step, facts, now, late=late)
        case Move():
            return _move(here, step, facts, now, late=late)
        case Tag():
            return go_on(here, "tagged", step.go, now, act=step, late=late)
        case Split():
            drawn = step.drawn(journey.slug, here.member_id)
            why = f"Way {drawn + 1} of {len(step.ways_out)}."
            return go_on(here, "split", step.ways_out[drawn].go, now, why=why, late=late)
        case Jump():
            if facts.jumped >= step.at_most:
                why = f"It was taken {facts.jumped} times before, which is the most."
                return go_on(here, "not_jumped", step.otherwise, now, why=why, late=late)
            return go_on(here, JUMPED, step.to, now, why=f"Time {facts.jumped + 1} of {step.at_most}.", late=late)
        case Set():
            return go_on(here, "set", step.go, now, act=step, late=late)
        case Join():
            if facts.shut:
                return put_off(here, "paused", facts.shut, now + LOOK_AGAIN)
            act = None if facts.kept_out else step
            return go_on(
                here, "joined" if act else "not_joined", step.go, now, act=act, why=facts.kept_out, late=late
            )  # fmt: skip
        case End():
            return go_on(here, FINISHED, None, now)
        case _:
            assert_never(step)


def waits_for_words(step: Step) -> bool:
    """Whether a reply wakes the journey while it rests at this step."""
    return isinstance(step, Ask) or (isinstance(step, Wait) and isinstance(step.pause, WaitForReply))


def _text(here: Standing, step: Text, facts: Facts, now: datetime, *, late: bool) -> Decision:
    if late:
        return skip(here, step.go, now)
    if not facts.untextable:
        return go_on(here, "sent", step.go, now, act=step)._replace(channel="sms")
    act = step if step.or_email else None
    return go_on(here, "sent" if act else "skipped", step.go, now, act=act, why=facts.untextable)


def _move(here: Standing, step: Move, facts: Facts, now: datetime, *, late: bool) -> Decision:
    why = ""
    if step.when is not None and 0 not in facts.true:
        why = "Its condition did not hold."
    elif facts.unwilling:
        why = NOT_FURTHER
    elif step.rests_on is not None and facts.basis is None:
        why = f"Nobody said it at {step.rests_on.step}."
    if why:
        return go_on(here, "not_moved", step.go, now, why=why, late=late)
    return go_on(here, "moved", step.go, now, act=step, late=late)


def _hand_off(here: Standing, step: HandOff, facts: Facts, now: datetime, *, late: bool) -> Decision:
    if here.phase == 0 and facts.unwilling:
        return go_on(here, "skipped", step.unheard if step.outcomes else step.go, now, why=NOT_FURTHER, late=late)
    if not step.outcomes:
        return go_on(here, "handed_off", step.go, now, act=step, late=late)
    if here.phase == 0:
        return rest(here, "handed_off", now + step.patience, now, act=step)
    return go_on(here, "unheard", step.unheard, now, why="Nobody said in time how the task turned out.", late=late)


def _ask(here: Standing, step: Ask, facts: Facts, now: datetime, *, late: bool) -> Decision:
    if here.phase == 0:
        if facts.unwilling:
            return go_on(here, "skipped", step.silent, now, why=NOT_FURTHER, late=late)
        if late:
            return skip(here, step.question.otherwise, now)
        if step.by is Means.TEXT:
            return _ask_by_text(here, step, facts, now)
        return rest(here, "asked", now + step.timeout, now, act=step)
    if facts.open_until is not None and facts.open_until > now:
        return rest(here, "waits", facts.open_until, now, why="The letter left later than planned.")
    return go_on(here, "silent", step.silent, now, late=late)


def _ask_by_text(here: Standing, step: Ask, facts: Facts, now: datetime) -> Decision:
    if facts.untextable:
        if step.or_email is None:
            # Nobody was asked, so there is nobody to wait for.
            return go_on(here, "skipped", step.silent, now, why=facts.untextable)
        return rest(here, "asked", now + step.timeout, now, act=step, why=facts.untextable)
    if step.numbered and facts.asked_until is not None and facts.asked_until > now:
        # It waits its turn, however long, so it does not grow stale: a digit must mean one question only.
        why = "Another question of ours by text waits for their answer."
        until = max(min(facts.asked_until, now + LOOK_AGAIN), here.due_at + TICK)
        return Decision("waits", here.step, 0, until, why=why, wanted_at=here.wanted_at, heard=here.heard)
    return rest(here, "asked", now + step.timeout, now, act=step)._replace(channel="sms")


def _hear(here: Standing, step: Step, now: datetime) -> Decision | None:
    """The way their words lead, taken at once even while a talk holds the rest; None where nothing listens for them."""
    kind, _, name = here.heard.partition(":")
    if kind == UNHEARD and isinstance(step, Ask):
        return go_on(here, "silent", step.silent, now, why="The question never reached them.")
    if kind == DONE and isinstance(step, HandOff):
        outcome = step.outcome(name)
        # What follows from a person's talk with them waits for a talk that is open, like what follows from their words.
        return go_on(here, here.heard, outcome.go if outcome else step.unheard, now, heard=WORDS)
    if kind not in ("replied", "answered"):
        return None
    if isinstance(step, Ask):
        answer = step.question.answer(name) if name else None
        return go_on(here, here.heard, answer.go if answer else step.question.otherwise, now, heard=WORDS)
    if isinstance(step, Wait) and isinstance(step.pause, WaitForReply):
        return go_on(here, "replied", step.pause.replied, now, heard=WORDS)
    return None


def _turns(count: int, true: frozenset[int]) -> str:
    said = ", ".join(f"{place + 1} {'holds' if place in true else 'does not'}" for place in range(count))
    return f"Turns: {said}."[:300]
