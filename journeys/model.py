"""A journey: what it is for, when it begins for somebody, and its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from journeys import entry
from journeys.conditions import CONDITION, Condition
from journeys.entry import AfterExit, AfterSpan, AtMost, Audience, Limits, Never, ReEntry, Rung
from journeys.nodes import Listing, Node, Scalar
from journeys.nodes import Mapping as Group
from journeys.quiet import QUIET_HOURS, QuietHours
from journeys.records import Field, Record
from journeys.scalars import ANSWER_NAME, LANGUAGE, PATH, SLUG, Closed, ListOf, Span, Text
from journeys.shapes import REFUSED, Json, Names, Reader, Refused, Shape, name_of
from journeys.steps import STEP, Step
from journeys.triggers import ByHand, Joined, TagAdded, Trigger
from journeys.vocabulary import AfterPause, WhenFull

__all__ = [
    "JOURNEY",
    "AfterExit",
    "AfterSpan",
    "AtMost",
    "Audience",
    "ByHand",
    "Joined",
    "Journey",
    "Limits",
    "Never",
    "ReEntry",
    "Rung",
    "Steps",
    "TagAdded",
    "Trigger",
    "step_names",
]

MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Exit:
    """The journey ends for somebody as soon as the condition holds."""

    when: Condition
    says: str
    #: By which the end is known in histories; without one, its place in the list is.
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """A staged sequence. Steps refer to each other by their place in `steps`; None is the end."""

    slug: str
    title: str
    purpose: str
    path: str
    language: str
    triggers: tuple[Trigger, ...]
    re_entry: ReEntry
    steps: tuple[Step, ...]
    after_pause: AfterPause = AfterPause.SKIP
    when_full: WhenFull = WhenFull.WAIT
    quiet_hours: QuietHours | None = None
    #: Over how long an hour that many wait for is spread; None: as the settings say.
    spread: timedelta | None = None
    #: What this journey is to bring about: who is there already has no more to walk.
    goal: Condition | None = None
    exits: tuple[Exit, ...] = ()
    audience: Audience | None = None
    #: What must be so, too, of whoever a trigger would begin it for.
    only_if: Condition | None = None
    rungs: tuple[Rung, ...] = ()
    limits: Limits | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The steps' names, in order."""
        return tuple(step.id for step in self.steps)

    def step(self, name: str) -> Step:
        """The step of that name; KeyError when there is none."""
        return self.by_id()[name]

    def by_id(self) -> Mapping[str, Step]:
        """The steps by name."""
        return {step.id: step for step in self.steps}


def step_names(node: Node) -> list[str | None]:
    """The id of each step in the list as written; None where there is none yet or it was used before."""
    names: list[str | None] = []
    for item in node.items if isinstance(node, Listing) else []:
        written = {key.value: value for key, value in item.entries} if isinstance(item, Group) else {}
        name = written.get("id")
        fresh = isinstance(name, Scalar) and name.value not in names
        names.append(name.value if fresh and isinstance(name, Scalar) else None)
    return names


class Steps(Shape[tuple[Step, ...]]):
    """The list of steps; each knows its place, and no two share an id."""

    listed = ListOf(STEP, most=MOST_STEPS)

    def read(self, node: Node, key: str, reader: Reader) -> tuple[Step, ...] | Refused:
        if not isinstance(node, Listing):
            says = f"Here should be a list of steps, and this is {name_of(node)}."
            return reader.refuse(node, key, "wrong_type", says, "Begin each step with `- id:`.")
        if not 1 <= len(node.items) <= MOST_STEPS:
            says = f"A journey has 1 to {MOST_STEPS} steps, and this one has {len(node.items)}."
            return reader.refuse(node, key, "wrong_count", says, "Add a step, or make two journeys of it.")
        read: list[Step] = []
        for place, (item, name) in enumerate(zip(node.items, step_names(node), strict=True)):
            reader.here = place
            # A step is known by its id; one without an id (or with one used before) by its number.
            path = f"{key}.{name or place + 1}"
            reader.note(path, item)
            step = STEP.read(item, path, reader)
            if step is REFUSED:
                continue
            if name is None:
                says = f'The id "{step.id}" is already used by an earlier step.'
                reader.refuse(item, f"{path}.id", "doubled_id", says, "Give this step an id of its own.")
                continue
            read.append(step)
        return tuple(read) if len(read) == len(node.items) else REFUSED

    def schema(self) -> dict[str, Json]:
        return {**self.listed.schema(), "items": {"$ref": "#/$defs/step"}}

    def plain(self, value: tuple[Step, ...], names: Names) -> Json:
        return [STEP.plain(step, Names(names.ids, place)) for place, step in enumerate(value)]

    def pack(self, value: tuple[Step, ...]) -> Json:
        return self.listed.pack(value)

    def unpack(self, stored: Json) -> tuple[Step, ...]:
        return self.listed.unpack(stored)


EXIT = Record(
    Exit,
    (
        Field("when", CONDITION, "What must be so."),
        Field("says", Text(300), "Why the journey ends then, in one sentence that the member may read."),
        Field("name", ANSWER_NAME, "A word for it in histories; without one, its number.", None),
    ),
)

JOURNEY = Record(
    Journey,
    (
        Field("slug", SLUG, "The journey's short name, by which programs know it."),
        Field("title", Text(120), "The journey's name, as people say it."),
        Field("purpose", Text(600), "What it is for, in words that members may read."),
        Field("path", PATH, "The path it walks along: belonging, or outlook: and a theme.", "belonging"),
        Field("language", LANGUAGE, "The language to speak when a member's own is not offered.", "en"),
        *entry.FIELDS,
        Field(
            "after_pause",
            Closed(AfterPause),
            "What a pause kept back: `skip` what grew stale, send the `newest` alone, or `ask` a person.",
            AfterPause.SKIP,
        ),
        Field(
            "when_full",
            Closed(WhenFull),
            "A message to somebody who had as many as we send: let it `wait`, or `skip` it.",
            WhenFull.WAIT,
        ),
        Field("quiet_hours", QUIET_HOURS, "Hours in which nothing of this journey arrives.", None),
        Field(
            "spread",
            Span(),
            "Over how long an hour that many people wait for is spread; without it, by how many they are.",
            None,
        ),
        Field("goal", CONDITION, "What it is to bring about; it ends for somebody as soon as this is so.", None),
        Field("exit", ListOf(EXIT, most=20), "When else it ends for somebody, before its last step.", (), "exits"),
        Field("steps", Steps(), "The steps, in order; each goes to the next unless it says otherwise."),
    ),
    any_of=("triggers", "audience"),
    says="A journey: how we walk beside a person.",
)
