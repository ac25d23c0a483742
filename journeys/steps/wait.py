"""A pause: for a length of time, until a local weekday and hour, or for a reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import ClassVar, TypeAlias, assert_never

from journeys.durations import say_duration
from journeys.groups import Wrapped
from journeys.records import Default, Field, Fork, Option, Record
from journeys.scalars import Closed, Hour, ListOf, Span, StepName
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind, to
from journeys.vocabulary import Weekday


@dataclass(frozen=True, slots=True)
class WaitFor:
    """A length of time from the moment the step is reached."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """The first such hour on the member's own clock that is still to come; no weekday means any day."""

    hour: time
    weekdays: tuple[Weekday, ...]


@dataclass(frozen=True, slots=True)
class WaitForReply:
    """Any words from the member since the last message of this journey, or `timeout` without."""

    timeout: timedelta
    replied: Next
    silent: Next


Pause: TypeAlias = WaitFor | WaitUntil | WaitForReply


@dataclass(frozen=True, slots=True)
class Wait:
    """The journey rests here. With a wait for a reply, `go` is not used: the reply's own ways are."""

    takes_time: ClassVar[bool] = True

    id: str
    pause: Pause
    go: Next

    def ways(self) -> tuple[Way, ...]:
        match self.pause:
            case WaitForReply(replied=replied, silent=silent):
                return (Way("replied", replied), Way("silent", silent))
            case WaitFor() | WaitUntil():
                return (Way("then", self.go),)
            case _:
                assert_never(self.pause)

    def describe(self, ids: Sequence[str]) -> str:
        match self.pause:
            case WaitFor(span=span):
                return f"waits {say_duration(span)}"
            case WaitUntil(hour=hour, weekdays=weekdays):
                days = " or ".join(str(day).capitalize() for day in weekdays) or "the next day"
                return f"waits until {days} at {hour:%H:%M} where the member lives"
            case WaitForReply(timeout=timeout, replied=replied, silent=silent):
                return (
                    f"waits up to {say_duration(timeout)} for a reply; with one: {to(replied, ids)}; "
                    f"without: {to(silent, ids)}"
                )
            case _:
                assert_never(self.pause)


UNTIL = Record(
    WaitUntil,
    (
        Field("hour", Hour(), "The hour on the member's own clock, such as 10:00."),
        Field(
            "weekday",
            ListOf(Closed(Weekday), most=7, alone=True),
            "The weekday, or several; without it, any day.",
            (),
            attr="weekdays",
        ),
    ),
)
FOR_REPLY = Record(
    WaitForReply,
    (
        Field("timeout", Span(), "How long to wait for a reply."),
        Field("replied", StepName(), "The step after a reply; without it, the next in the list.", Default.NEXT),
        Field(
            "silent",
            StepName(),
            "The step when none came in time; without it, the next in the list.",
            Default.NEXT,
        ),
    ),
)

KIND = kind(
    "wait",
    "Rests for a time, until a local weekday and hour, or for a reply.",
    Record(
        Wait,
        (GO,),
        Fork(
            "pause",
            (
                Option("for", Wrapped(WaitFor, "span", Span()), "How long to wait.", WaitFor),
                Option("until", UNTIL, "Until when, on the member's own clock.", WaitUntil),
                Option("for_reply", FOR_REPLY, "Until they write, or long enough.", WaitForReply, refuses=("go",)),
            ),
        ),
    ),
)
