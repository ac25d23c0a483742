"""Entry: whom a journey begins for, how often, how many at a time, and the rungs that lift people further."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from journeys.conditions import CONDITION, Condition
from journeys.durations import say_duration
from journeys.groups import OneKey, WordOr, Wrapped
from journeys.records import Field, Option, Record
from journeys.scalars import Closed, ListOf, Span, StepName, Whole
from journeys.shapes import Next
from journeys.triggers import TRIGGER, Trigger
from journeys.vocabulary import Entering


@dataclass(frozen=True, slots=True)
class Never:
    """Once in a life."""

    def describe(self) -> str:
        return "once only"


@dataclass(frozen=True, slots=True)
class AfterExit:
    """Again, once the last time is over."""

    def describe(self) -> str:
        return "again once the last time is over"


@dataclass(frozen=True, slots=True)
class AfterSpan:
    """Again, once this much time has passed since the last time was over."""

    span: timedelta

    def describe(self) -> str:
        return f"again {say_duration(self.span)} after the last time was over"


@dataclass(frozen=True, slots=True)
class AtMost:
    """Again, once the last time (and, with `after`, this much time since) is over; so many times in all."""

    times: int
    after: timedelta | None

    def describe(self) -> str:
        again = f"again {say_duration(self.after)} after" if self.after else "again once"
        return f"{again} the last time {'was' if self.after else 'is'} over, {self.times} times in all"


ReEntry: TypeAlias = Never | AfterExit | AfterSpan | AtMost


@dataclass(frozen=True, slots=True)
class Audience:
    """Whoever this is so of enters: those it is so of at publication, those it comes to be so of later, or both."""

    when: Condition
    entry: Entering

    def describe(self) -> str:
        match self.entry:
            case Entering.CURRENT_AND_FUTURE:
                return f"{self.when.describe()}, now or later"
            case Entering.ONLY_CURRENT:
                return f"{self.when.describe()} at publication"
            case Entering.ONLY_FUTURE:
                return f"{self.when.describe()} from some day after publication on"


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is on the journey before `to` is lifted there at once by one of these; nobody is ever taken down."""

    on: tuple[Trigger, ...]
    to: Next


@dataclass(frozen=True, slots=True)
class Limits:
    """How many the journey takes, and how much it sends; None: as many as come. Who does not fit waits."""

    entries: int | None
    entries_per_day: int | None
    sends_per_hour: int | None

    def describe(self) -> str:
        said = (
            self.entries and f"{self.entries} people in all",
            self.entries_per_day and f"{self.entries_per_day} new people a day",
            self.sends_per_hour and f"{self.sends_per_hour} messages an hour",
        )
        return "at most " + ", ".join(each for each in said if each)


RE_ENTRY: WordOr[ReEntry] = WordOr(
    {"never": Never(), "after_exit": AfterExit()},
    OneKey(
        "when it may begin again",
        (
            Option("after", Wrapped(AfterSpan, "span", Span()), "This long after the last time.", AfterSpan),
            Option(
                "at_most",
                Record(
                    AtMost,
                    (
                        Field("times", Whole(1, 1000), "How often in all, the first time included."),
                        Field("after", Span(), "How long after the last time; without it, at once.", None),
                    ),
                ),
                "So many times in all.",
                AtMost,
            ),
        ),
    ),
)
AUDIENCE = Record(
    Audience,
    (
        Field("when", CONDITION, "What must be so of a member."),
        Field(
            "entry",
            Closed(Entering),
            "`only_current`: who it is so of at publication; `only_future`: who it comes to be so of later; or both.",
            Entering.CURRENT_AND_FUTURE,
        ),
    ),
)
RUNG = Record(
    Rung,
    (
        Field("on", ListOf(TRIGGER, most=20, alone=True), "What lifts them: a trigger, or several."),
        Field("to", StepName(), "The step they are lifted to, and never taken down to."),
    ),
)
MANY = Whole(1, 10_000_000)
LIMITS = Record(
    Limits,
    (
        Field("entries", MANY, "How many people it takes in all.", None),
        Field("entries_per_day", MANY, "How many people it takes within 24 hours.", None),
        Field("sends_per_hour", MANY, "How many messages it sends within an hour.", None),
    ),
    any_of=("entries", "entries_per_day", "sends_per_hour"),
)
FIELDS = (
    Field("triggers", ListOf(TRIGGER, most=20, alone=True), "When it begins for somebody.", ()),
    Field("audience", AUDIENCE, "For whom it begins, without a trigger.", None),
    Field("only_if", CONDITION, "What must be so, too, of whoever a trigger would begin it for.", None),
    Field("re_entry", RE_ENTRY, "Whether it may begin again for the same person.", Never()),
    Field("rungs", ListOf(RUNG, most=20), "What lifts people who are on it to a later step.", ()),
    Field("limits", LIMITS, "How many it takes and how much it sends; who does not fit waits.", None),
)
