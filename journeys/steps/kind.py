"""What every kind of step has: a name, a sentence, its keys; and what every step can say of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from journeys.records import Default, Field, Record
from journeys.scalars import STEP_ID, StepName
from journeys.shapes import Next


class Way(NamedTuple):
    """One way out of a step: when it is taken, and where it leads (None: the journey is finished)."""

    when: str
    to: Next


class Walkable(Protocol):
    """What every step can say of itself, whatever its kind."""

    @property
    def takes_time(self) -> bool:
        """Whether days may pass here before the journey goes on."""
        ...

    @property
    def id(self) -> str: ...

    def ways(self) -> tuple[Way, ...]:
        """Every way out."""
        ...

    def describe(self, ids: Sequence[str]) -> str:
        """The step in words, without its name; `ids` are the journey's step ids."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of step: the word after `do:`, what it does, and its keys."""

    name: str
    says: str
    record: Record[Any]


def kind(name: str, says: str, record: Record[Any]) -> Kind:
    """The kind, with the key `id` that every step has."""
    fields = (Field("id", STEP_ID, "The step's own name, unique in this journey."), *record.fields)
    return Kind(name, says, Record(record.builds, fields, record.fork, record.any_of, says))


GO = Field("go", StepName(), "The step after this one; without it, the next in the list.", Default.NEXT)


def to(step: Next, ids: Sequence[str]) -> str:
    """Where a way leads, in words."""
    return "the end" if step is None else ids[step]
