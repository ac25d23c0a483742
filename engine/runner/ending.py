"""Ending: who has reached their journey's goal, or meets one of its exits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from engine.audience.compiler import enrollments_matching
from engine.enrollments.enrollment import Standing
from engine.enrollments.journey import Published
from engine.runner.decision import Ending
from journeys.steps import Wait, WaitForFact, WaitUntilDate

#: The end reason of whoever reached the journey's goal.
GOAL = "goal"
REACHED = "The goal of this journey is reached."


def may_end(version: Published) -> bool:
    """Whether the journey has a goal or an exit, so that somebody may leave it before its last step."""
    return version.script.goal is not None or bool(version.script.exits)


def hears_any_fact(version: Published) -> bool:
    """Whether anything told of a member may move them on, or end this journey for them."""
    return may_end(version) or any(
        isinstance(step, Wait) and isinstance(step.pause, WaitForFact | WaitUntilDate) for step in version.script.steps
    )


def endings(
    session: Session, rows: Iterable[Standing], versions: Mapping[int, Published], now: datetime
) -> dict[int, Ending]:
    """Whose journey is over, by enrollment: the goal first, then the exits in their order. No rows: no query."""
    by_version: dict[int, list[int]] = defaultdict(list)
    for here in rows:
        by_version[here.version_id].append(here.enrollment_id)
    found: dict[int, Ending] = {}
    for version_id, ids in by_version.items():
        script = versions[version_id].script
        ways = [(script.goal, Ending(GOAL, REACHED))] if script.goal is not None else []
        ways += [
            (each.when, Ending(f"exit:{each.name or number}", each.says))
            for number, each in enumerate(script.exits, start=1)
        ]
        for condition, ending in ways:
            left = [enrollment_id for enrollment_id in ids if enrollment_id not in found]
            found.update(dict.fromkeys(enrollments_matching(session, condition, left, now), ending))
    return found
