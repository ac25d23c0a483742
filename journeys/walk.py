"""The ways through a journey: what can be reached from where, and through what."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from journeys.model import Journey
from journeys.shapes import Next
from journeys.steps import Step, Wait, WaitFor, WaitUntil


def nexts(step: Step) -> tuple[Next, ...]:
    """Where the step may lead; None is the end."""
    return tuple(dict.fromkeys(way.to for way in step.ways()))


def reached(journey: Journey, start: Iterable[Next], passes: Callable[[Step], bool]) -> dict[Next, None]:
    """Every place that can be reached from the start (itself included), walking on only where `passes`.

    Places come in the order in which they were reached; None among them means that the end can be reached.
    """
    found: dict[Next, None] = {}
    waiting = list(start)
    while waiting:
        place = waiting.pop(0)
        if place in found:
            continue
        found[place] = None
        if place is not None and passes(journey.steps[place]):
            waiting.extend(nexts(journey.steps[place]))
    return found


def reachable(journey: Journey) -> list[int]:
    """The places somebody on this journey may come to, in the order of the list."""
    starts = [0, *(rung.to for rung in journey.rungs)]
    return sorted(place for place in reached(journey, starts, lambda _: True) if place is not None)


def after(journey: Journey, place: int, passes: Callable[[Step], bool]) -> dict[Next, None]:
    """Every place that can be reached after this one, walking on only where `passes`."""
    return reached(journey, nexts(journey.steps[place]), passes)


def lifted(journey: Journey, places: Iterable[Next]) -> list[Next]:
    """Where rungs lead those who may be waiting at one of these places, before the rung's own step."""
    waiting = [place for place in places if place is not None and journey.steps[place].takes_time]
    return [rung.to for rung in journey.rungs if any(rung.to is not None and place < rung.to for place in waiting)]


def restless(journey: Journey) -> frozenset[int]:
    """The places on a circle in which nobody is sure to rest: every step of it may be passed at once."""

    def passes(step: Step) -> bool:
        return not (isinstance(step, Wait) and isinstance(step.pause, WaitFor | WaitUntil))

    return frozenset(
        place for place, step in enumerate(journey.steps) if passes(step) and place in after(journey, place, passes)
    )
