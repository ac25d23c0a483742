"""A member comes into a chapter or begins another journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, assert_never

from journeys.groups import Wrapped
from journeys.records import Fork, Option, Record
from journeys.scalars import SLUG
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind


@dataclass(frozen=True, slots=True)
class JoinChapter:
    """A chapter by its slug. Whoever left it comes back by their own word only."""

    chapter: str


@dataclass(frozen=True, slots=True)
class JoinJourney:
    """The newest version of another journey, if its own rule lets them begin."""

    journey: str


Joins: TypeAlias = JoinChapter | JoinJourney


@dataclass(frozen=True, slots=True)
class Join:
    """The member is in the chapter, or on the other journey as well; this journey goes on at once."""

    takes_time: ClassVar[bool] = False

    id: str
    joins: Joins
    go: Next

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        match self.joins:
            case JoinChapter(chapter=chapter):
                return f"brings them into the chapter {chapter}, unless they left it"
            case JoinJourney(journey=journey):
                return f"begins the journey {journey} for them, if it may begin (again)"
            case _:
                assert_never(self.joins)


KIND = kind(
    "join",
    "Brings the member into a chapter or onto another journey, and goes on.",
    Record(
        Join,
        (GO,),
        Fork(
            "joins",
            (
                Option("chapter", Wrapped(JoinChapter, "chapter", SLUG), "The chapter's short name.", JoinChapter),
                Option("journey", Wrapped(JoinJourney, "journey", SLUG), "The journey's short name.", JoinJourney),
            ),
        ),
    ),
)
