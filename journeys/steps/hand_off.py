"""A task for a person, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from journeys.durations import say_duration
from journeys.groups import Named, OneKey, PerLanguage, WordOr, Wrapped
from journeys.records import Default, Field, Option, Record
from journeys.scalars import ANSWER_NAME, EMAIL, Closed, Span, StepName, Text
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind, to
from journeys.vocabulary import HandTo

#: How long after its due time a task without a rule of its own is waited for.
PATIENCE = timedelta(days=7)


class DoingRole(StrEnum):
    """The roles whose holders see tasks: the first two in the member's chapter, the others everywhere."""

    ORGANIZER = "organizer"
    STEWARD = "steward"
    REGIONAL = "regional"
    STAFF = "staff"


class Note(StrEnum):
    """Whether whoever did the task must write a line about it."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class ToPerson:
    """One person, known by an email address."""

    address: str

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class ToRole:
    """Whoever of those with this role has the fewest open tasks."""

    role: DoingRole

    def __str__(self) -> str:
        where = " of their chapter" if self.role in (DoingRole.ORGANIZER, DoingRole.STEWARD) else ""
        return f"{'an' if self.role is DoingRole.ORGANIZER else 'a'} {self.role}{where}"


Doer: TypeAlias = HandTo | ToPerson | ToRole


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way the task can turn out: how it is offered, and where it leads."""

    name: str
    label: tuple[tuple[str, str], ...]
    note: Note
    go: Next

    def label_in(self, language: str) -> str:
        """The label in the language, else in the first one written."""
        by_language = dict(self.label)
        return by_language.get(language) or by_language.get(language.partition("-")[0]) or self.label[0][1]


@dataclass(frozen=True, slots=True)
class Overdue:
    """What happens to a task that nobody does. Every span counts from its due time.

    `after` and `go` say when and where a journey that waits for the outcome goes on without one.
    """

    steward: timedelta | None = None
    desk: timedelta | None = None
    after: timedelta = PATIENCE
    go: Next = None


@dataclass(frozen=True, slots=True)
class HandOff:
    """A person is asked to do something for the member by a time.

    With outcomes the journey waits for the one that they choose, and for no longer than `patience`. Without, it goes
    on at once.
    """

    id: str
    to: Doer
    title: str
    script: str
    due: timedelta
    go: Next
    outcomes: tuple[Outcome, ...] = ()
    overdue: Overdue | None = None

    @property
    def takes_time(self) -> bool:
        """Whether days may pass here."""
        return bool(self.outcomes)

    @property
    def patience(self) -> timedelta:
        """How long after it was given the journey waits for the outcome."""
        return self.due + (self.overdue.after if self.overdue else PATIENCE)

    @property
    def unheard(self) -> Next:
        """The step when nobody chose an outcome in time."""
        return self.overdue.go if self.overdue else self.go

    def outcome(self, name: str) -> Outcome | None:
        """The outcome of that name."""
        return next((outcome for outcome in self.outcomes if outcome.name == name), None)

    def ways(self) -> tuple[Way, ...]:
        if not self.outcomes:
            return (Way("then", self.go),)
        found = tuple(Way(f"outcome {outcome.name}", outcome.go) for outcome in self.outcomes)
        return (*found, Way("nobody did it", self.unheard))

    def describe(self, ids: Sequence[str]) -> str:
        said = [f'asks {_who(self.to)} to do "{self.title}" within {say_duration(self.due)}']
        for outcome in self.outcomes:
            note = ", with a note" if outcome.note is Note.REQUIRED else ""
            said.append(f'"{outcome.label_in("")}"{note}: {to(outcome.go, ids)}')
        if self.overdue and self.overdue.steward is not None:
            said.append(f"{say_duration(self.overdue.steward)} overdue: a steward of their chapter has it")
        if self.overdue and self.overdue.desk is not None:
            said.append(f"{say_duration(self.overdue.desk)} overdue: the team's desk has it")
        if self.outcomes:
            after = self.patience - self.due
            said.append(f"without an outcome, {say_duration(after)} after it was due: {to(self.unheard, ids)}")
        return "; ".join(said)


def _who(doer: Doer) -> str:
    words = {
        HandTo.ORGANIZER: "the member's organizer",
        HandTo.STEWARD: "a steward of their chapter",
        HandTo.DESK: "the team's desk",
    }
    return words[doer] if isinstance(doer, HandTo) else str(doer)


DOER: WordOr[Doer] = WordOr(
    {str(word): word for word in HandTo},
    OneKey(
        "who does it",
        (
            Option("person", Wrapped(ToPerson, "address", EMAIL), "One person, by their email address.", ToPerson),
            Option("role", Wrapped(ToRole, "role", Closed(DoingRole)), "Somebody with this role.", ToRole),
        ),
    ),
)
OUTCOME = Record(
    Outcome,
    (
        Field("label", PerLanguage(Text(120)), "How the outcome is offered, in words people would say."),
        Field("note", Closed(Note), "Whether a line about it is `required`.", Note.OPTIONAL),
        Field("go", StepName(), "The step after this outcome; without it, the next in the list.", Default.NEXT),
    ),
)
OVERDUE = Record(
    Overdue,
    (
        Field("steward", Span(), "This long after it was due, a steward of their chapter has it.", None),
        Field("desk", Span(), "This long after it was due, the team's desk has it.", None),
        Field("after", Span(), "This long after it was due, a journey that waits for the outcome goes on.", PATIENCE),
        Field("go", StepName(), "The step it goes on to; without it, the next in the list.", Default.NEXT),
    ),
)

KIND = kind(
    "hand_off",
    "Gives a person a task with a script and a time, and goes by how it turned out.",
    Record(
        HandOff,
        (
            Field(
                "to",
                DOER,
                "Who does it: `organizer` (the member's own), `steward`, `desk`, a `person` by address, or a `role`.",
            ),
            Field("title", Text(120), "The task in a few words."),
            Field("script", Text(4000), "What to do and how to begin, in words a person would say."),
            Field("due", Span(), "How long they have."),
            GO,
            Field(
                "outcomes",
                Named(ANSWER_NAME, OUTCOME, 2, 9),
                "How it can turn out, by name; whoever did it chooses one, and the journey waits for that.",
                (),
            ),
            Field("overdue", OVERDUE, "What happens when nobody does it in time.", None),
        ),
    ),
)
