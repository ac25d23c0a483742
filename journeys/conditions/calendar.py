"""What day it is where the member lives; who lives nobody knows where counts only when it is so everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from journeys.groups import Wrapped
from journeys.records import Field, Option, Record
from journeys.scalars import Closed, Day, ListOf
from journeys.vocabulary import Weekday


@dataclass(frozen=True, slots=True)
class OnWeekday:
    """Today is one of these days of the week."""

    days: tuple[Weekday, ...]

    def describe(self) -> str:
        return "today is " + " or ".join(str(day).capitalize() for day in self.days)


@dataclass(frozen=True, slots=True)
class OnDates:
    """Today lies between these days, both included; None: open on that side."""

    since: date | None
    until: date | None

    def describe(self) -> str:
        if self.since and self.until:
            return f"today is between {self.since} and {self.until}"
        return f"today is {self.since} or later" if self.since else f"today is {self.until} or earlier"


DATES_FIELDS = (
    Field("since", Day(), "The first day.", None),
    Field("until", Day(), "The last day.", None),
)

OPTIONS = (
    Option(
        "weekday",
        Wrapped(OnWeekday, "days", ListOf(Closed(Weekday), most=7, alone=True)),
        "Today's day of the week, where they live.",
        OnWeekday,
    ),
    Option(
        "dates",
        Record(OnDates, DATES_FIELDS, any_of=("since", "until")),
        "Today lies between these days, where they live.",
        OnDates,
    ),
)
