"""The end of a journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.records import Record
from journeys.steps.kind import Way, kind


@dataclass(frozen=True, slots=True)
class End:
    """The journey is finished here."""

    takes_time: ClassVar[bool] = False

    id: str

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", None),)

    def describe(self, ids: Sequence[str]) -> str:
        return "finishes the journey"


KIND = kind("end", "Finishes the journey.", Record(End, ()))
