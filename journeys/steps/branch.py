"""A parting of ways by what is true of the member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.conditions import CONDITION, Condition
from journeys.records import Default, Field, Record
from journeys.scalars import ListOf, StepName
from journeys.shapes import Next
from journeys.steps.kind import Way, kind, to


@dataclass(frozen=True, slots=True)
class Turn:
    """Where to go when the condition holds."""

    when: Condition
    go: Next


@dataclass(frozen=True, slots=True)
class Branch:
    """The first turn whose condition holds is taken, else `otherwise`."""

    takes_time: ClassVar[bool] = False

    id: str
    turns: tuple[Turn, ...]
    otherwise: Next

    def ways(self) -> tuple[Way, ...]:
        return (*(Way("when", turn.go) for turn in self.turns), Way("else", self.otherwise))

    def describe(self, ids: Sequence[str]) -> str:
        turns = [f"when {turn.when.describe()}, goes to {to(turn.go, ids)}" for turn in self.turns]
        return "; ".join([*turns, f"else {to(self.otherwise, ids)}"])


TURN = Record(
    Turn,
    (
        Field("when", CONDITION, "What must be so."),
        Field("go", StepName(), "The step to go to then."),
    ),
)

KIND = kind(
    "branch",
    "Goes one of several ways, by what is true of the member.",
    Record(
        Branch,
        (
            Field("turns", ListOf(TURN, most=20), "The first whose condition holds is taken."),
            Field(
                "else",
                StepName(),
                "The step when none holds; without it, the next in the list.",
                Default.NEXT,
                attr="otherwise",
            ),
        ),
    ),
)
