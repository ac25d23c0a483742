"""A way back to an earlier step, or on to a later one, taken a few times at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.records import Default, Field, Record
from journeys.scalars import StepName, Whole
from journeys.shapes import Next
from journeys.steps.kind import Way, kind, to


@dataclass(frozen=True, slots=True)
class Jump:
    """The journey goes on at another step, at most so many times for one person's time on it; then, `otherwise`."""

    takes_time: ClassVar[bool] = False

    id: str
    to: Next
    at_most: int
    otherwise: Next

    def ways(self) -> tuple[Way, ...]:
        return (Way("again", self.to), Way("enough", self.otherwise))

    def describe(self, ids: Sequence[str]) -> str:
        times = "once" if self.at_most == 1 else f"{self.at_most} times"
        return f"goes to {to(self.to, ids)}, {times} at most; after that, to {to(self.otherwise, ids)}"


KIND = kind(
    "jump",
    "Goes to an earlier or later step, at most so many times.",
    Record(
        Jump,
        (
            Field("to", StepName(), "The step to go to."),
            Field("at_most", Whole(1, 100), "How often one person may be sent there in one time on this journey."),
            Field(
                "otherwise",
                StepName(),
                "The step after that; without it, the next in the list.",
                Default.NEXT,
            ),
        ),
    ),
)
