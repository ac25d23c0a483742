"""A pause: for a length of time, until a local weekday and hour or a date of theirs, for a reply or for a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import ClassVar, TypeAlias, assert_never

from journeys.conditions import CONDITION, Condition
from journeys.conditions.member import FACT
from journeys.durations import say_duration
from journeys.groups import Wrapped
from journeys.records import Default, Field, Fork, Option, Record
from journeys.scalars import Closed, Hour, ListOf, Span, StepName, Whole
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


@dataclass(frozen=True, slots=True)
class WaitUntilDate:
    """So many days after (below zero: before) a date that is a fact on the member, at an hour on their own clock.

    Without such a date, or when the day is over already, the journey goes on at once, by a way of its own.
    """

    fact: str
    days: int
    hour: time
    missing: Next
    past: Next


@dataclass(frozen=True, slots=True)
class WaitForFact:
    """Until the condition holds (at once if it does), or `timeout` in vain."""

    when: Condition
    timeout: timedelta
    met: Next
    timed_out: Next


Pause: TypeAlias = WaitFor | WaitUntil | WaitUntilDate | WaitForReply | WaitForFact

#: The fact that stands for the day on which somebody joined.
JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Wait:
    """The journey rests here. With a wait for a reply or a fact, `go` is not used: these have ways of their own."""

    takes_time: ClassVar[bool] = True

    id: str
    pause: Pause
    go: Next

    def ways(self) -> tuple[Way, ...]:
        match self.pause:
            case WaitForReply(replied=replied, silent=silent):
                return (Way("replied", replied), Way("silent", silent))
            case WaitForFact(met=met, timed_out=timed_out):
                return (Way("met", met), Way("timed out", timed_out))
            case WaitUntilDate(missing=missing, past=past):
                return (Way("then", self.go), Way("no date", missing), Way("past", past))
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
            case WaitUntilDate(fact=fact, days=days, hour=hour, missing=missing, past=past):
                name = "the day they joined" if fact == JOINED else f"their {fact.replace('_', ' ')}"
                return (
                    f"waits until {_away(days)}{name} at {hour:%H:%M} where the member lives, "
                    f"then {to(self.go, ids)}; without such a date: {to(missing, ids)}; "
                    f"when the day is over: {to(past, ids)}"
                )
            case WaitForFact(when=when, timeout=timeout, met=met, timed_out=timed_out):
                return (
                    f"waits up to {say_duration(timeout)} until {when.describe()}; then: {to(met, ids)}; "
                    f"in vain: {to(timed_out, ids)}"
                )
            case WaitForReply(timeout=timeout, replied=replied, silent=silent):
                return (
                    f"waits up to {say_duration(timeout)} for a reply; with one: {to(replied, ids)}; "
                    f"without: {to(silent, ids)}"
                )
            case _:
                assert_never(self.pause)


def _away(days: int) -> str:
    if not days:
        return ""
    count = "1 day" if abs(days) == 1 else f"{abs(days)} days"
    return f"{count} {'after' if days > 0 else 'before'} "


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

UNTIL_DATE = Record(
    WaitUntilDate,
    (
        Field("fact", FACT, "The fact that holds the date (`2026-05-01`); `joined` is the day they joined."),
        Field("days", Whole(-3650, 3650), "So many days after it; before it, with a minus.", 0),
        Field("hour", Hour(), "The hour on the member's own clock, such as 10:00."),
        Field(
            "missing",
            StepName(),
            "The step when there is no such date; without it, the next in the list.",
            Default.NEXT,
        ),
        Field("past", StepName(), "The step when the day is over; without it, the next in the list.", Default.NEXT),
    ),
)
FOR_FACT = Record(
    WaitForFact,
    (
        Field("when", CONDITION, "What must become so; if it is so already, nobody waits."),
        Field("timeout", Span(), "How long to wait for it."),
        Field("met", StepName(), "The step once it is so; without it, the next in the list.", Default.NEXT),
        Field(
            "timed_out",
            StepName(),
            "The step when it did not become so in time; without it, the next in the list.",
            Default.NEXT,
        ),
    ),
)

KIND = kind(
    "wait",
    "Rests for a time, until a local weekday and hour or a date of theirs, for a reply or for a fact.",
    Record(
        Wait,
        (GO,),
        Fork(
            "pause",
            (
                Option("for", Wrapped(WaitFor, "span", Span()), "How long to wait.", WaitFor),
                Option("until", UNTIL, "Until when, on the member's own clock.", WaitUntil),
                Option("until_date", UNTIL_DATE, "Until a date that is a fact on the member.", WaitUntilDate),
                Option("for_reply", FOR_REPLY, "Until they write, or long enough.", WaitForReply, refuses=("go",)),
                Option("for_fact", FOR_FACT, "Until something is so, or long enough.", WaitForFact, refuses=("go",)),
            ),
        ),
    ),
)
