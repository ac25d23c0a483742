"""Triggers: the moments at which a journey begins for somebody, or lifts them to a later step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from journeys.conditions import STAGE, WORDS
from journeys.groups import OneKey, PerLanguage, WordOr, Wrapped
from journeys.records import Field, Option, Record
from journeys.scalars import PATH, SLUG, TAG, Closed, Whole
from journeys.vocabulary import Means


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody joins, or is added by hand or by a file."""

    def describe(self) -> str:
        return "somebody joins"


@dataclass(frozen=True, slots=True)
class TagAdded:
    """This tag is put on somebody."""

    tag: str

    def describe(self) -> str:
        return f'the tag "{self.tag}" is put on somebody'


@dataclass(frozen=True, slots=True)
class ByHand:
    """A person puts somebody on it."""

    def describe(self) -> str:
        return "a person puts somebody on it"


@dataclass(frozen=True, slots=True)
class FormFilled:
    """Somebody fills this form, or (None) any."""

    form: str | None

    def describe(self) -> str:
        return f"somebody fills {f'the form {self.form}' if self.form else 'a form'}"


@dataclass(frozen=True, slots=True)
class RsvpGiven:
    """Somebody says that they will come to this event, or (None) to any."""

    event: str | None

    def describe(self) -> str:
        return f"somebody says they will come to {self.event or 'an event'}"


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody came to this event, or (None) to any."""

    event: str | None

    def describe(self) -> str:
        return f"somebody came to {self.event or 'an event'}"


@dataclass(frozen=True, slots=True)
class WroteIn:
    """Somebody writes, with one of these words (in whatever language they write; none: any words)."""

    words: tuple[tuple[str, tuple[str, ...]], ...]
    by: Means | None

    @property
    def every_word(self) -> tuple[str, ...]:
        """The words of all languages: people answer in their own."""
        return tuple(word for _, words in self.words for word in words)

    def describe(self) -> str:
        said = " or ".join(f'"{word}"' for word in self.every_word)
        verb = {None: "writes", Means.EMAIL: "writes by mail", Means.TEXT: "texts us"}[self.by]
        return f"somebody {verb}" + (f" with {said}" if said else "")


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody comes to this stage of this path, or (None) moves on it at all."""

    path: str
    to: str | None

    def describe(self) -> str:
        stage = f" to {self.to.replace('_', ' ')}" if self.to else ""
        return f"somebody moves{stage} on the path {self.path}"


@dataclass(frozen=True, slots=True)
class Assessed:
    """A person notes how far somebody is engaged, at this level or a higher one."""

    at_least: int

    def describe(self) -> str:
        return f"somebody is noted at level {self.at_least} of engagement or higher"


@dataclass(frozen=True, slots=True)
class Acted:
    """Somebody does this, or (None) anything that is noted as an action."""

    action: str | None

    def describe(self) -> str:
        return f"somebody does {self.action or 'something that is noted'}"


Trigger: TypeAlias = Joined | TagAdded | ByHand | FormFilled | RsvpGiven | Came | WroteIn | Moved | Assessed | Acted

WROTE_FIELDS = (
    Field("words", PerLanguage(WORDS), "The words to listen for: whole words, without regard to accents and capitals."),
    Field("by", Closed(Means), "By mail or by text; without it, either.", None),
)
MOVED_FIELDS = (
    Field("path", PATH, "The path: belonging, or outlook: and a theme.", "belonging"),
    Field("to", STAGE, "The stage they come to; without it, any.", None),
)

TRIGGER: WordOr[Trigger] = WordOr(
    {"joined": Joined(), "by_hand": ByHand(), "wrote": WroteIn((), None), "texted": WroteIn((), Means.TEXT)},
    OneKey(
        "when the journey begins",
        (
            Option("tag_added", Wrapped(TagAdded, "tag", TAG), "This tag is put on somebody.", TagAdded),
            Option(
                "form",
                WordOr({"any": FormFilled(None)}, Wrapped(FormFilled, "form", SLUG)),
                "They fill this form, or `any`.",
                FormFilled,
            ),
            Option(
                "rsvp",
                WordOr({"any": RsvpGiven(None)}, Wrapped(RsvpGiven, "event", SLUG)),
                "They say that they will come to this event, or to `any`.",
                RsvpGiven,
            ),
            Option(
                "attended",
                WordOr({"any": Came(None)}, Wrapped(Came, "event", SLUG)),
                "They came to this event, or to `any`.",
                Came,
            ),
            Option("wrote", Record(WroteIn, WROTE_FIELDS), "They write one of these words.", WroteIn),
            Option("moved", Record(Moved, MOVED_FIELDS), "They come to this stage of a path.", Moved),
            Option(
                "assessed",
                Wrapped(Assessed, "at_least", Whole(1, 5)),
                "A person notes them at this level of engagement, or a higher one.",
                Assessed,
            ),
            Option(
                "did",
                WordOr({"any": Acted(None)}, Wrapped(Acted, "action", SLUG)),
                "They do this, or `any` thing that is noted.",
                Acted,
            ),
        ),
    ),
)
