"""What is wrong with the ways into a journey: an audience that nobody can be in, a rung that lifts nobody."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.catalog import Catalog
from journeys.conditions import Answered, EnrolledBefore, Reached, RepliedSinceEnrolled, TalkedSinceEnrolled
from journeys.everywhere import conditions
from journeys.findings import Level, quoted
from journeys.model import Journey
from journeys.remark import Check, Remark

#: What is only known of somebody who is on the journey.
_ON_IT = (Answered, EnrolledBefore, Reached, RepliedSinceEnrolled, TalkedSinceEnrolled)


def entries_that_nobody_meets(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Before a journey begins for somebody, nothing has happened to them on it."""
    for key, part in conditions(journey):
        if key in ("audience.when", "only_if") and isinstance(part, _ON_IT):
            says = f"It is never so before the journey has begun that {part.describe()}."
            fix = "Ask what can be so of anybody: `replied_within`, `answered_in`, `reached_in`."
            yield Remark(key, "never_so", Level.ERROR, says, fix)


def rungs_that_lift_nobody(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A rung lies above the journey's first step: nobody stands below that one."""
    for number, rung in enumerate(journey.rungs, start=1):
        if rung.to == 0:
            says = f"{quoted(journey.steps[0].id)} is the first step: nobody can be lifted there."
            yield Remark(f"rungs.{number}.to", "rung_too_low", Level.ERROR, says, "Name a later step.")


WAYS_IN: tuple[Check, ...] = (entries_that_nobody_meets, rungs_that_lift_nobody)
