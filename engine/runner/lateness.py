"""Lateness: whether what a step says comes too late, and what is carried on to the next one. Pure.

What a talk or a pause put off is judged when it ends, and a pile is never fired: what is late stays late until the
journey rests again (law 7). After a pause the journey's own rule counts too.
"""

from datetime import datetime, timedelta
from enum import Enum

from engine.enrollments.enrollment import Standing
from engine.enrollments.pause import LATE, OWED
from journeys.model import Journey
from journeys.steps import Ask, Email, Step, Text
from journeys.vocabulary import AfterPause

#: `Standing.heard` of a step that follows from the member's own words.
WORDS = "words"
#: After a pause the newest message went out: what follows before the journey rests does not.
SENT = "sent"


class Late(Enum):
    """Whether a step's words still go out."""

    NO = "in time, or owed all the same"
    STALE = "they do not"
    UNDECIDED = "a person says so first"


def late(here: Standing, journey: Journey, step: Step, now: datetime, stale_after: timedelta) -> Late:
    """Whether the step's words come too late.

    What follows from the member's words was meant to wait for the talk, and what went wrong is still owed.
    """
    if here.wanted_at is None or here.tries or here.heard in (WORDS, f"{LATE}{OWED}"):
        return Late.NO
    rule = here.heard.removeprefix(LATE) if here.heard.startswith(LATE) else ""
    if rule == AfterPause.ASK:
        return Late.UNDECIDED
    if _speaks(here, step):
        if rule == SENT:
            return Late.STALE
        if rule == AfterPause.NEWEST:
            return Late.STALE if _newer_follows(journey, step) else Late.NO
    return Late.STALE if now - here.wanted_at > stale_after else Late.NO


def carried(heard: str, *, spoke: bool) -> str:
    """What the next step hears, of a step that went on with `heard` and said something or not; empty: nothing."""
    rule = heard.removeprefix(LATE)
    if not heard.startswith(LATE) or rule == OWED:
        return ""
    return f"{LATE}{SENT}" if spoke and rule == AfterPause.NEWEST else heard


def _speaks(here: Standing, step: Step) -> bool:
    return here.phase == 0 and isinstance(step, Ask | Email | Text)


def _newer_follows(journey: Journey, step: Step) -> bool:
    """Whether another message comes after this one before the journey rests; past a fork nobody knows yet."""
    seen = {step.id}
    while len(ways := step.ways()) == 1 or isinstance(step, Ask):
        if isinstance(step, Ask) or ways[0].to is None:
            return False
        step = journey.steps[ways[0].to]
        if step.id in seen:
            return False
        seen.add(step.id)
        if isinstance(step, Ask | Email | Text):
            return True
        if step.takes_time:
            return False
    return False
