"""A fact written on a member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.conditions.member import FACT
from journeys.records import Field, Record
from journeys.scalars import Literal, Value
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind


@dataclass(frozen=True, slots=True)
class Set:
    """The fact stands on the member with this value. `language` and `zone` are the member's own; the rest is free."""

    takes_time: ClassVar[bool] = False

    id: str
    fact: str
    value: Value
    go: Next

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        value = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        return f'writes down that their {self.fact.replace("_", " ")} is "{value}"'


KIND = kind(
    "set",
    "Writes a fact on the member.",
    Record(
        Set,
        (
            Field("fact", FACT, "The fact's name; `language` and `zone` are the member's own."),
            Field("value", Literal(), "Words, a number, or true or false; a date as `2026-05-01`."),
            GO,
        ),
    ),
)
