"""Waiting: for a time, until a local hour or a date of theirs, for words, or for a fact. Pure.

A wait for a fact passes at once if it is so already. Otherwise it is looked at again whenever a signal tells something
of the member, and in any case after a hundredth of its time-out, which is never less than 15 minutes nor more than six
hours, and at the time-out itself. A look at which nothing is so leaves no visit.
"""

from datetime import datetime, timedelta
from typing import assert_never

from engine.base.local_time import first_known, instant, next_local
from engine.enrollments.enrollment import TICK, Standing
from engine.runner.decision import LOOKED, Decision, Facts, go_on, rest
from engine.runner.lateness import WORDS
from journeys.steps import (
    Wait,
    WaitFor,
    WaitForFact,
    WaitForReply,
    WaitUntil,
    WaitUntilDate,
)  # fmt: skip

#: The bounds of a hundredth of the time-out.
LOOK_SOONEST, LOOK_LATEST = timedelta(minutes=15), timedelta(hours=6)


def wait(here: Standing, step: Wait, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool) -> Decision:
    """What a wait decides: it rests, goes on, or takes the way of what came or did not come."""
    match step.pause:
        case WaitFor(span=span):
            if here.phase == 0:
                return rest(here, "waits", now + span, now)
            return go_on(here, "waited", step.go, now, late=late)
        case WaitUntil(hour=hour, weekdays=weekdays):
            if here.phase == 1 and not late:
                return go_on(here, "waited", step.go, now)
            again = "The hour went by while something else came first." if here.phase else ""
            days = [day.number for day in weekdays]
            zone = first_known(facts.zones)
            at = next_local(now, zone, hour, days)
            if facts.spread is not None:
                at = facts.spread.share(at, zone, here.member_id)
            return rest(here, "waits", at, now, why=again)
        case WaitForReply(timeout=timeout, replied=replied, silent=silent):
            if facts.replied:
                return go_on(here, "replied", replied, now, heard=WORDS)
            if here.phase == 0:
                return rest(here, "waits", now + timeout, now)
            return go_on(here, "silent", silent, now, late=late)
        case WaitUntilDate() as pause:
            return _until_date(here, step, pause, facts, now, stale_after, late=late)
        case WaitForFact() as pause:
            return _for_fact(here, pause, facts, now, stale_after, late=late)
        case _:
            assert_never(step.pause)


def _until_date(
    here: Standing, step: Wait, pause: WaitUntilDate, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool
) -> Decision:
    if facts.day is None:
        why = f"No date is known: {pause.fact}."
        return go_on(here, "no_date", pause.missing, now, why=why, late=late)
    zone = first_known(facts.zones)
    at = instant(datetime.combine(facts.day + timedelta(days=pause.days), pause.hour), zone)
    # A row may be settled a little before it is due.
    if at > max(now, here.due_at):
        if facts.spread is not None:
            at = facts.spread.share(at, zone, here.member_id)
        return rest(here, "waits", at, now, why="The date was moved." if here.phase else "")
    if here.phase == 0 or now - at > stale_after:
        return go_on(here, "past", pause.past, now, why="The day is over.", late=late and here.phase == 0)
    return go_on(here, "waited", step.go, now)


def _for_fact(
    here: Standing, pause: WaitForFact, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool
) -> Decision:
    if 0 in facts.true:
        # Judged again after a talk, it holds now: what follows is not late, unless nobody ever rested here.
        return go_on(here, "met", pause.met, now, late=late and here.phase == 0)
    look = now + min(max(pause.timeout / 100, LOOK_SOONEST), LOOK_LATEST)
    if here.phase == 0 or facts.since is None:
        return rest(here, "waits", min(now + pause.timeout, look), now)
    until = facts.since + pause.timeout
    if until > max(now, here.due_at):
        return Decision(LOOKED, here.step, 1, max(min(until, look), here.due_at + TICK))
    return go_on(here, "timed_out", pause.timed_out, now, late=now - until > stale_after)
