"""A journey in words, for people who decide about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from journeys.durations import say_duration
from journeys.model import Journey
from journeys.steps import Step
from journeys.steps.kind import to
from journeys.vocabulary import AfterPause, WhenFull


def describe(journey: Journey) -> tuple[str, ...]:
    """The journey in words: what it is for, when it begins, then one line for each step."""
    ids = journey.ids
    head = (f"{journey.title}: {journey.purpose}", " ".join([*_entry(journey), *_ends(journey), *_rules(journey)]))
    return (*head, *(describe_step(step, place, ids) for place, step in enumerate(journey.steps)))


def _ends(journey: Journey) -> Iterator[str]:
    """When it ends before its last step."""
    if journey.goal:
        yield f"It ends as soon as its goal is reached: {journey.goal.describe()}."
    yield from (f"It ends too when {each.when.describe()}: {each.says}" for each in journey.exits)


def _entry(journey: Journey) -> Iterator[str]:
    """For whom it begins and how often, what lifts people further, and how many it takes."""
    only = f", if {journey.only_if.describe()}" if journey.only_if else ""
    when = [f"when {trigger.describe()}{only}" for trigger in journey.triggers]
    if journey.audience is not None:
        when.append(f"for everybody of whom it is so that {journey.audience.describe()}")
    yield f"Begins {' or '.join(when)}; for the same person {journey.re_entry.describe()}."
    for rung in journey.rungs:
        on = " or ".join(trigger.describe() for trigger in rung.on)
        yield f"When {on} who is on it and not yet there, goes to {to(rung.to, journey.ids)} at once."
    if journey.limits is not None:
        yield f"It takes {journey.limits.describe()}; others wait their turn."


def _rules(journey: Journey) -> Iterator[str]:
    """What it does beyond what every journey does: hours, a full week, a pause."""
    if journey.quiet_hours is not None:
        yield f"It is quiet {journey.quiet_hours.describe()}."
    if journey.when_full is WhenFull.SKIP:
        yield "Whoever had as many messages as we send is passed over, and does not get it later."
    match journey.after_pause:
        case AfterPause.NEWEST:
            yield "After a pause, of what it kept back the newest message alone goes out."
        case AfterPause.ASK:
            yield "After a pause, a person says what becomes of what it kept back."
    if journey.spread is not None:
        yield f"An hour that many wait for is shared out over {say_duration(journey.spread)}."


def describe_step(step: Step, place: int, ids: Sequence[str]) -> str:
    """One step in one line, numbered from 1."""
    following = place + 1 if place + 1 < len(ids) else None
    ways = step.ways()
    jump = ""
    # Steps with several ways name them; a step with one says where it leads only when it jumps.
    if len(ways) == 1 and ways[0].to != following and ways[0].to is not None:
        jump = f", then goes to {ids[ways[0].to]}"
    return f"{place + 1}. {step.id}: {step.describe(ids)}{jump}."
