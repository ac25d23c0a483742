"""A move on a path, with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.conditions import CONDITION, STAGE_FIELDS, Condition
from journeys.records import Field, Record
from journeys.scalars import Text
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind


@dataclass(frozen=True, slots=True)
class Move:
    """The member is at the stage from here on, if the condition holds; the journey goes on in either case."""

    takes_time: ClassVar[bool] = False

    id: str
    path: str
    stage: str
    evidence: str
    when: Condition | None
    go: Next

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        condition = f", if {self.when.describe()}" if self.when else ""
        stage = self.stage.replace("_", " ")
        return f'moves them to {stage} on the path {self.path}{condition}; evidence: "{self.evidence.rstrip(".")}"'


KIND = kind(
    "move",
    "Moves the member on a path, with the evidence kept.",
    Record(
        Move,
        (
            *STAGE_FIELDS,
            Field("evidence", Text(300), "Why this move is right, in one sentence that the member may read."),
            Field("when", CONDITION, "What must be so; without it, always.", None),
            GO,
        ),
    ),
)
