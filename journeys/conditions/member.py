"""What is known of the member: language, place, addresses, tags, facts, when they joined, what they said yes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias, assert_never

from journeys.durations import say_duration
from journeys.groups import Wrapped
from journeys.records import Field, Fork, Option, Record
from journeys.scalars import LANGUAGE, TAG, ZONE, Amount, Closed, Day, Fact, ListOf, Span, Text, Word
from journeys.vocabulary import AddressKind, Means

#: The name of a fact of a member's own, as files bring it and steps set it.
FACT = Word("the name of a fact: letters, digits, dashes and underscores", r"[A-Za-z][A-Za-z0-9_-]*", "ward", 40)


@dataclass(frozen=True, slots=True)
class Language:
    """The member's language is one of these."""

    languages: tuple[str, ...]

    def describe(self) -> str:
        return "their language is " + _or(self.languages)


@dataclass(frozen=True, slots=True)
class Zone:
    """The member lives in one of these time zones (IANA names)."""

    zones: tuple[str, ...]

    def describe(self) -> str:
        return "their time zone is " + _or(self.zones)


@dataclass(frozen=True, slots=True)
class Place:
    """The member's place is one of these, compared without regard to case."""

    places: tuple[str, ...]

    def describe(self) -> str:
        return "they live in " + _or(self.places)


@dataclass(frozen=True, slots=True)
class HasAddress:
    """There is an address of this kind that can be written to."""

    kind: AddressKind

    def describe(self) -> str:
        return "we know an email address" if self.kind is AddressKind.EMAIL else "we know a phone number"


@dataclass(frozen=True, slots=True)
class Tagged:
    """The member has the tag."""

    tag: str

    def describe(self) -> str:
        return f'they have the tag "{self.tag}"'


@dataclass(frozen=True, slots=True)
class JoinedBefore:
    """The member joined longer ago than this."""

    span: timedelta

    def describe(self) -> str:
        return f"they joined more than {say_duration(self.span)} ago"


@dataclass(frozen=True, slots=True)
class JoinedAfter:
    """The member joined less long ago than this."""

    span: timedelta

    def describe(self) -> str:
        return f"they joined in the last {say_duration(self.span)}"


@dataclass(frozen=True, slots=True)
class JoinedSince:
    """The member joined on this day or later (days of UTC, since a joining has no place)."""

    day: date

    def describe(self) -> str:
        return f"they joined on {self.day} or later"


@dataclass(frozen=True, slots=True)
class FactIs:
    """It is one of these words, compared without regard to case; `true` and `false` stand for a yes and a no."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactAtLeast:
    """It is a number, and this or more."""

    number: int | float


@dataclass(frozen=True, slots=True)
class FactAtMost:
    """It is a number, and this or less."""

    number: int | float


@dataclass(frozen=True, slots=True)
class FactBefore:
    """It is a date (2026-03-01, with or without an hour), and an earlier day than this."""

    day: date


@dataclass(frozen=True, slots=True)
class FactSince:
    """It is a date, and this day or later."""

    day: date


@dataclass(frozen=True, slots=True)
class FactWithin:
    """It is a date from today on (where they live), no further away than this."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class FactKnown:
    """There is something in it."""


FactTest: TypeAlias = FactIs | FactAtLeast | FactAtMost | FactBefore | FactSince | FactWithin | FactKnown


@dataclass(frozen=True, slots=True)
class MemberFact:
    """A fact of the member's own is known, and is so."""

    name: str
    test: FactTest

    def describe(self) -> str:
        return f"their {self.name.replace('_', ' ')} {_say_test(self.test)}"


@dataclass(frozen=True, slots=True)
class Consents:
    """By their latest words, letters (or texts) of journeys may come to them."""

    means: Means

    def describe(self) -> str:
        return f"they said yes to {_MEANS[self.means]}"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Their latest word on all letters (or texts) of ours was no."""

    means: Means

    def describe(self) -> str:
        return f"they asked for no {_MEANS[self.means]}"


_MEANS = {Means.EMAIL: "mail", Means.TEXT: "texts"}


def _say_test(test: FactTest) -> str:
    match test:
        case FactIs(values=values):
            return f"is {_or(values)}"
        case FactAtLeast(number=number):
            return f"is {number} or more"
        case FactAtMost(number=number):
            return f"is {number} or less"
        case FactBefore(day=day):
            return f"is a day before {day}"
        case FactSince(day=day):
            return f"is {day} or later"
        case FactWithin(span=span):
            return f"is within the coming {say_duration(span)}"
        case FactKnown():
            return "is known"
        case _:
            assert_never(test)


def _some(shape: Word | Text) -> ListOf[str]:
    return ListOf(shape, alone=True)


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)


FACT_FIELDS = (Field("name", FACT, "The fact's name, as the file or the step that brought it spells it."),)
FACT_TEST = Fork(
    "test",
    (
        Option("is", Wrapped(FactIs, "values", ListOf(Text(120), alone=True)), "One of these words.", FactIs),
        Option("at_least", Wrapped(FactAtLeast, "number", Amount()), "A number, this or more.", FactAtLeast),
        Option("at_most", Wrapped(FactAtMost, "number", Amount()), "A number, this or less.", FactAtMost),
        Option("before", Wrapped(FactBefore, "day", Day()), "A date before this day.", FactBefore),
        Option("since", Wrapped(FactSince, "day", Day()), "A date, this day or later.", FactSince),
        Option("within", Wrapped(FactWithin, "span", Span()), "A date from today to this far ahead.", FactWithin),
        Option("known", Fact(FactKnown()), "There is something in it.", FactKnown),
    ),
)

OPTIONS = (
    Option("language", Wrapped(Language, "languages", _some(LANGUAGE)), "Their language, or several.", Language),
    Option("zone", Wrapped(Zone, "zones", _some(ZONE)), "Their time zone, or several.", Zone),
    Option("place", Wrapped(Place, "places", _some(Text(120))), "Where they live, or several.", Place),
    Option("has", Wrapped(HasAddress, "kind", Closed(AddressKind)), "A way to reach them.", HasAddress),
    Option("tag", Wrapped(Tagged, "tag", TAG), "They have this tag.", Tagged),
    Option("fact", Record(MemberFact, FACT_FIELDS, FACT_TEST), "A fact of their own is so.", MemberFact),
    Option("consent", Wrapped(Consents, "means", Closed(Means)), "They said yes to mail or texts.", Consents),
    Option("stopped", Wrapped(Stopped, "means", Closed(Means)), "They asked for no mail or texts.", Stopped),
    Option("joined_before", Wrapped(JoinedBefore, "span", Span()), "They joined longer ago than this.", JoinedBefore),
    Option("joined_after", Wrapped(JoinedAfter, "span", Span()), "They joined less long ago than this.", JoinedAfter),
    Option("joined_since", Wrapped(JoinedSince, "day", Day()), "They joined on this day or later.", JoinedSince),
)
