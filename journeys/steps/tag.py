"""Tags put on a member or taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.records import Field, Record
from journeys.scalars import TAG, ListOf
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind


@dataclass(frozen=True, slots=True)
class Tag:
    """The member has the tags of `add` and none of `remove`."""

    takes_time: ClassVar[bool] = False

    id: str
    add: tuple[str, ...]
    remove: tuple[str, ...]
    go: Next

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        added = [f'adds the tag "{tag}"' for tag in self.add]
        return " and ".join([*added, *(f'removes the tag "{tag}"' for tag in self.remove)])


KIND = kind(
    "tag",
    "Puts tags on the member or takes them off.",
    Record(
        Tag,
        (
            Field("add", ListOf(TAG, most=20, alone=True), "The tag to put on, or several.", ()),
            Field("remove", ListOf(TAG, most=20, alone=True), "The tag to take off, or several.", ()),
            GO,
        ),
        any_of=("add", "remove"),
    ),
)
