"""The tree of conditions: all, any, not, and the table of every word there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from journeys.conditions import belonging, calendar, happened, history, member, talk
from journeys.conditions.belonging import AtStage, HasRole, HasTies, InChapter
from journeys.conditions.calendar import OnDates, OnWeekday
from journeys.conditions.happened import Attended, Did, FilledForm, Rsvped
from journeys.conditions.history import (
    Answered,
    AnsweredIn,
    Ended,
    EnrolledBefore,
    EnrolledIn,
    Finished,
    Reached,
    ReachedIn,
)
from journeys.conditions.member import (
    Consents,
    HasAddress,
    JoinedAfter,
    JoinedBefore,
    JoinedSince,
    Language,
    MemberFact,
    Place,
    Stopped,
    Tagged,
    Zone,
)
from journeys.conditions.talk import (
    OpenConversation,
    RepliedSinceEnrolled,
    RepliedWithin,
    TalkedSinceEnrolled,
    TalkedWithin,
    Wrote,
)
from journeys.groups import OneKey, Wrapped
from journeys.nodes import Node
from journeys.records import Option
from journeys.scalars import ListOf
from journeys.shapes import Json, Names, Reader, Refused, Shape


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def describe(self) -> str:
        return "(" + " and ".join(part.describe() for part in self.parts) + ")"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def describe(self) -> str:
        return "(" + " or ".join(part.describe() for part in self.parts) + ")"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; a fact that is unknown does not hold."""

    part: Condition

    def describe(self) -> str:
        return f"it is not so that {self.part.describe()}"


Leaf: TypeAlias = (
    Language
    | Zone
    | Place
    | HasAddress
    | Tagged
    | MemberFact
    | Consents
    | Stopped
    | JoinedBefore
    | JoinedAfter
    | JoinedSince
    | AtStage
    | InChapter
    | HasRole
    | HasTies
    | RepliedWithin
    | RepliedSinceEnrolled
    | Wrote
    | TalkedSinceEnrolled
    | TalkedWithin
    | OpenConversation
    | Answered
    | AnsweredIn
    | Reached
    | ReachedIn
    | EnrolledIn
    | Finished
    | Ended
    | EnrolledBefore
    | Rsvped
    | Attended
    | FilledForm
    | Did
    | OnWeekday
    | OnDates
)
Condition: TypeAlias = AllOf | AnyOf | Not | Leaf


def parts_of(condition: Condition) -> Iterator[Condition]:
    """The condition and everything inside it."""
    yield condition
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from parts_of(part)
        case Not(part=part):
            yield from parts_of(part)
        case _:
            pass


class Tree(Shape[Condition]):
    """Any condition; in the schema a reference, since conditions stand inside conditions."""

    def read(self, node: Node, key: str, reader: Reader) -> Condition | Refused:
        return CONDITIONS.read(node, key, reader)

    def schema(self) -> dict[str, Json]:
        return {"$ref": "#/$defs/condition"}

    def plain(self, value: Condition, names: Names) -> Json:
        return CONDITIONS.plain(value, names)

    def pack(self, value: Condition) -> Json:
        return CONDITIONS.pack(value)

    def unpack(self, stored: Json) -> Condition:
        return CONDITIONS.unpack(stored)


CONDITION = Tree()

#: Every word of the vocabulary and what it means. A new one is a class and a line in the OPTIONS of its subject.
CONDITIONS: OneKey[Condition] = OneKey(
    "what must be so",
    (
        Option("all", Wrapped(AllOf, "parts", ListOf(CONDITION)), "All of these hold.", AllOf),
        Option("any", Wrapped(AnyOf, "parts", ListOf(CONDITION)), "At least one of these holds.", AnyOf),
        Option("not", Wrapped(Not, "part", CONDITION), "This does not hold.", Not),
        *member.OPTIONS,
        *belonging.OPTIONS,
        *talk.OPTIONS,
        *history.OPTIONS,
        *happened.OPTIONS,
        *calendar.OPTIONS,
    ),
)
