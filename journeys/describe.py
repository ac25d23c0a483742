"""A journey in words, for people who decide about it."""

from __future__ import annotations

from collections.abc import Sequence

from journeys.model import Journey
from journeys.steps import Step


def describe(journey: Journey) -> tuple[str, ...]:
    """The journey in words: what it is for, when it begins, then one line for each step."""
    begins = " or when ".join(trigger.describe() for trigger in journey.triggers)
    ids = journey.ids
    head = (
        f"{journey.title}: {journey.purpose}",
        f"Begins when {begins}; for the same person {journey.re_entry.describe()}.{_ends(journey)}",
    )
    return (*head, *(describe_step(step, place, ids) for place, step in enumerate(journey.steps)))


def _ends(journey: Journey) -> str:
    """When it ends before its last step, with a blank before it; empty where nothing else ends it."""
    goal = [f" It ends as soon as its goal is reached: {journey.goal.describe()}."] if journey.goal else []
    exits = [f" It ends too when {each.when.describe()}: {each.says}" for each in journey.exits]
    return "".join([*goal, *exits])


def describe_step(step: Step, place: int, ids: Sequence[str]) -> str:
    """One step in one line, numbered from 1."""
    following = place + 1 if place + 1 < len(ids) else None
    ways = step.ways()
    jump = ""
    # Steps with several ways name them; a step with one says where it leads only when it jumps.
    if len(ways) == 1 and ways[0].to != following and ways[0].to is not None:
        jump = f", then goes to {ids[ways[0].to]}"
    return f"{place + 1}. {step.id}: {step.describe(ids)}{jump}."
