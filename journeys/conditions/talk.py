"""What the member and we have said to each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from journeys.durations import say_duration
from journeys.groups import Wrapped
from journeys.records import Field, Option, Record
from journeys.scalars import Closed, Fact, ListOf, Span, Text
from journeys.vocabulary import Means


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
class OpenConversation:
    """A conversation between the member and a person is open."""

    def describe(self) -> str:
        return "a conversation with them is open"


@dataclass(frozen=True, slots=True)
class TalkedWithin:
    """Within this time the member wrote to us and a person here wrote back."""

    span: timedelta

    def describe(self) -> str:
        return f"they and a person here have written to each other in the last {say_duration(self.span)}"


@dataclass(frozen=True, slots=True)
class Wrote:
    """The member wrote one of these words or sayings: whole words, without regard to accents and capitals."""

    words: tuple[str, ...]
    within: timedelta | None
    by: Means | None

    def describe(self) -> str:
        said = " or ".join(f'"{word}"' for word in self.words)
        how = f" by {self.by}" if self.by else ""
        return f"they wrote {said}{how}" + (f" in the last {say_duration(self.within)}" if self.within else "")


#: Words and sayings to listen for.
WORDS = ListOf(Text(60), alone=True)
WROTE_FIELDS = (
    Field("words", WORDS, "The word, or several, in any language; each may be a saying of several words."),
    Field("within", Span(), "How long ago at most; without it, ever.", None),
    Field("by", Closed(Means), "By mail or by text; without it, either.", None),
)

OPTIONS = (
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
    Option("wrote", Record(Wrote, WROTE_FIELDS), "They wrote one of these words.", Wrote),
    Option(
        "talked_since_enrolled",
        Fact(TalkedSinceEnrolled()),
        "They wrote to us and a person here wrote back, since this journey began.",
        TalkedSinceEnrolled,
    ),
    Option(
        "talked_within",
        Wrapped(TalkedWithin, "span", Span()),
        "They wrote to us and a person here wrote back, within this time.",
        TalkedWithin,
    ),
    Option("open_conversation", Fact(OpenConversation()), "A conversation with them is open.", OpenConversation),
)
