"""One vocabulary of conditions on a member: a typed tree, written in YAML and said in words.

The union `Condition` is closed, so that whoever compiles it to SQL can `match` and `assert_never`. Spans of
time count back from the moment at which the condition is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from journeys.durations import say_duration
from journeys.groups import OneKey, WordOr, Wrapped
from journeys.nodes import Node
from journeys.records import Field, Option, Record
from journeys.scalars import (
    ANSWER_NAME,
    LANGUAGE,
    PATH,
    SLUG,
    TAG,
    ZONE,
    Closed,
    Fact,
    ListOf,
    Span,
    StepId,
    Text,
    Word,
)
from journeys.shapes import Json, Names, Reader, Refused, Shape
from journeys.vocabulary import STAGES, AddressKind, Role


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
class AtStage:
    """The member is at this stage of this path now."""

    path: str
    stage: str

    def describe(self) -> str:
        return f"they are at {self.stage.replace('_', ' ')} on the path {self.path}"


@dataclass(frozen=True, slots=True)
class InChapter:
    """The member belongs to this chapter, or (None) to any."""

    chapter: str | None

    def describe(self) -> str:
        return "they belong to a chapter" if self.chapter is None else f"they belong to {self.chapter}"


@dataclass(frozen=True, slots=True)
class HasRole:
    """The member has this role in at least one chapter, or for the whole organization."""

    role: Role

    def describe(self) -> str:
        return f"they are {'an' if str(self.role)[0] in 'ao' else 'a'} {self.role} somewhere"


@dataclass(frozen=True, slots=True)
class RepliedWithin:
    """The member wrote to us within this time, on any channel; machine mail does not count."""

    span: timedelta

    def describe(self) -> str:
        return f"they wrote to us in the last {say_duration(self.span)}"


@dataclass(frozen=True, slots=True)
class RepliedSinceEnrolled:
    """The member wrote to us since this journey began for them."""

    def describe(self) -> str:
        return "they wrote to us since this journey began"


@dataclass(frozen=True, slots=True)
class TalkedSinceEnrolled:
    """Since this journey began the member wrote to us and a person here wrote back."""

    def describe(self) -> str:
        return "they and a person here have written to each other since this journey began"


@dataclass(frozen=True, slots=True)
class Answered:
    """The latest answer to the question of this step (by its id in this journey) is the named one."""

    step: str
    answer: str

    def describe(self) -> str:
        return f'they answered "{self.answer}" at {self.step}'


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A conversation between the member and a person is open."""

    def describe(self) -> str:
        return "a conversation with them is open"


@dataclass(frozen=True, slots=True)
class EnrolledIn:
    """The member is on the journey with this slug now."""

    journey: str

    def describe(self) -> str:
        return f"they are on the journey {self.journey}"


@dataclass(frozen=True, slots=True)
class Finished:
    """The member came to the end of the journey with this slug at least once."""

    journey: str

    def describe(self) -> str:
        return f"they finished the journey {self.journey}"


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


Leaf: TypeAlias = (
    Language
    | Zone
    | Place
    | HasAddress
    | Tagged
    | AtStage
    | InChapter
    | HasRole
    | RepliedWithin
    | RepliedSinceEnrolled
    | TalkedSinceEnrolled
    | Answered
    | OpenConversation
    | EnrolledIn
    | Finished
    | JoinedBefore
    | JoinedAfter
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

STAGE = Word("a stage", "|".join(sorted({s for stages in STAGES.values() for s in stages})), "connected")
STAGE_FIELDS = (
    Field("path", PATH, "The path: belonging, or outlook: and a theme."),
    Field("stage", STAGE, "The stage of that path."),
)
ANSWERED_FIELDS = (
    Field("step", StepId(), "The id of the step that asked."),
    Field("answer", ANSWER_NAME, "The name of the answer."),
)


def _some(shape: Shape[str]) -> ListOf[str]:
    return ListOf(shape, alone=True)


#: Every word of the vocabulary and what it means. A new one is a class above and a line here.
CONDITIONS: OneKey[Condition] = OneKey(
    "what must be so",
    (
        Option("all", Wrapped(AllOf, "parts", ListOf(CONDITION)), "All of these hold.", AllOf),
        Option("any", Wrapped(AnyOf, "parts", ListOf(CONDITION)), "At least one of these holds.", AnyOf),
        Option("not", Wrapped(Not, "part", CONDITION), "This does not hold.", Not),
        Option(
            "language",
            Wrapped(Language, "languages", _some(LANGUAGE)),
            "Their language, or several.",
            Language,
        ),
        Option("zone", Wrapped(Zone, "zones", _some(ZONE)), "Their time zone, or several.", Zone),
        Option("place", Wrapped(Place, "places", _some(Text(120))), "Where they live, or several.", Place),
        Option("has", Wrapped(HasAddress, "kind", Closed(AddressKind)), "A way to reach them.", HasAddress),
        Option("tag", Wrapped(Tagged, "tag", TAG), "They have this tag.", Tagged),
        Option("stage", Record(AtStage, STAGE_FIELDS), "They are at this stage now.", AtStage),
        Option(
            "in_chapter",
            WordOr({"any": InChapter(None)}, Wrapped(InChapter, "chapter", SLUG)),
            "They belong to this chapter, or to `any`.",
            InChapter,
        ),
        Option("role", Wrapped(HasRole, "role", Closed(Role)), "They have this role somewhere.", HasRole),
        Option(
            "replied_within",
            Wrapped(RepliedWithin, "span", Span()),
            "They wrote to us within this time.",
            RepliedWithin,
        ),
        Option(
            "replied_since_enrolled",
            Fact(RepliedSinceEnrolled()),
            "They wrote to us since this journey began.",
            RepliedSinceEnrolled,
        ),
        Option(
            "talked_since_enrolled",
            Fact(TalkedSinceEnrolled()),
            "They wrote to us and a person here wrote back, since this journey began.",
            TalkedSinceEnrolled,
        ),
        Option("answered", Record(Answered, ANSWERED_FIELDS), "Their answer to a question here.", Answered),
        Option(
            "open_conversation",
            Fact(OpenConversation()),
            "A conversation with them is open.",
            OpenConversation,
        ),
        Option("enrolled_in", Wrapped(EnrolledIn, "journey", SLUG), "They are on this journey.", EnrolledIn),
        Option("finished", Wrapped(Finished, "journey", SLUG), "They finished this journey.", Finished),
        Option(
            "joined_before",
            Wrapped(JoinedBefore, "span", Span()),
            "They joined longer ago than this.",
            JoinedBefore,
        ),
        Option(
            "joined_after",
            Wrapped(JoinedAfter, "span", Span()),
            "They joined less long ago than this.",
            JoinedAfter,
        ),
    ),
)


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)
