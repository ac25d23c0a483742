"""A task for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from journeys.durations import say_duration
from journeys.records import Field, Record
from journeys.scalars import Closed, Span, Text
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind
from journeys.vocabulary import HandTo


@dataclass(frozen=True, slots=True)
class HandOff:
    """A person is asked to do something for the member by a time; the journey goes on at once."""

    takes_time: ClassVar[bool] = False

    id: str
    to: HandTo
    title: str
    script: str
    due: timedelta
    go: Next

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        who = {
            HandTo.ORGANIZER: "the member's organizer",
            HandTo.STEWARD: "a steward of their chapter",
            HandTo.DESK: "the team's desk",
        }[self.to]
        return f'asks {who} to do "{self.title}" within {say_duration(self.due)}'


KIND = kind(
    "hand_off",
    "Gives a person a task with a script and a time, and goes on.",
    Record(
        HandOff,
        (
            Field("to", Closed(HandTo), "Who does it."),
            Field("title", Text(120), "The task in a few words."),
            Field("script", Text(4000), "What to do and how to begin, in words a person would say."),
            Field("due", Span(), "How long they have."),
            GO,
        ),
    ),
)
