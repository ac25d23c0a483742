"""The shapes of values: each reads and writes YAML, packs to JSON and back, and knows its JSON Schema.

One table of fields made of these shapes serves the reader, the stored form and the published schema, so that
the three cannot drift apart.
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

from journeys import nodes
from journeys.findings import Finding, Level, quoted
from journeys.nodes import Listing, Node, Scalar

T = TypeVar("T")

#: Plain JSON values: dict, list, str, int, float, bool or None.
Json: TypeAlias = Any
#: A step by its place in the journey's list; None is the end of the journey.
Next: TypeAlias = int | None

MOST_FINDINGS = 100


class Refused(Enum):
    """The value could not be read; a finding says why."""

    REFUSED = "refused"


REFUSED = Refused.REFUSED


@dataclass(slots=True)
class Reader:
    """What is known while one journey is read: its step ids, where we are, and what was found so far."""

    file: str
    steps: Mapping[str, int] = field(default_factory=dict)
    here: int = 0
    language: str = "en"
    findings: list[Finding] = field(default_factory=list)
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)

    def note(self, key: str, node: Node) -> None:
        """Where this key was written is remembered."""
        self.marks.setdefault(key, (node.mark.line, node.mark.column))

    def refuse(self, node: Node, key: str, rule: str, says: str, fix: str) -> Refused:
        """The finding is kept (up to a hundred); the value is refused."""
        if len(self.findings) < MOST_FINDINGS:
            mark = node.mark
            self.findings.append(Finding(self.file, mark.line, mark.column, key, rule, Level.ERROR, says, fix))
        return REFUSED

    def following(self) -> Next:
        """The step after the one being read."""
        return self.here + 1 if self.here + 1 < len(self.steps) else None


@dataclass(frozen=True, slots=True)
class Names:
    """The step ids of a journey that is being written, and the place of the step being written."""

    ids: Sequence[str]
    here: int = 0

    def following(self) -> Next:
        """The step after the one being written."""
        return self.here + 1 if self.here + 1 < len(self.ids) else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word whose spelling is nearest, if one is near."""
    near = difflib.get_close_matches(word[:60], list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def suggestion(word: str, known: Iterable[str], otherwise: str) -> str:
    """What to write instead: the nearest known spelling, else what may be written here."""
    near = nearest(word, known)
    return f"Did you mean `{near}`?" if near else otherwise


def one_of(words: Iterable[str]) -> str:
    """The words as they may be written: `a`, `b` or `c`."""
    listed = [f"`{word}`" for word in words]
    return " or ".join(filter(None, [", ".join(listed[:-1]), listed[-1]])) if listed else "nothing"


def name_of(node: Node) -> str:
    """What this is, for a sentence."""
    match node:
        case Scalar(kind="text", value=value):
            return quoted(value)
        case Scalar(kind="nothing"):
            return "nothing"
        case Scalar(kind="number", value=value):
            return f"the number {value[:40]}"
        case Scalar(value=value):
            return f"{value} (true or false)"
        case Listing():
            return "a list"
        case nodes.Mapping():
            return "a group of keys"


class Shape(ABC, Generic[T]):
    """One kind of value."""

    @abstractmethod
    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        """The value, or Refused with the reason among the reader's findings."""

    @abstractmethod
    def schema(self) -> dict[str, Json]:
        """Its JSON Schema (draft 2020-12)."""

    def plain(self, value: T, names: Names) -> Json:
        """The value as it is written in YAML."""
        return self.pack(value)

    @abstractmethod
    def pack(self, value: T) -> Json:
        """The value as stored: steps by index, lengths of time in seconds."""

    @abstractmethod
    def unpack(self, stored: Json) -> T:
        """The stored value again."""


class TextShape(Shape[T]):
    """A value written as one text; subclasses say which texts."""

    what: str
    example: str

    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        if isinstance(node, Scalar) and node.kind == "text":
            return self.parse(node, key, reader)
        fix = f"Write {self.what}, such as `{self.example}`." if self.example else f"Write {self.what}."
        if isinstance(node, Scalar) and node.kind in ("number", "truth"):
            fix = f'Put it in quotes if you mean the word: "{node.value[:40]}".'
        says = f"Here should be {self.what}, and this is {name_of(node)}."
        return reader.refuse(node, key, "wrong_type", says, fix)

    @abstractmethod
    def parse(self, node: Scalar, key: str, reader: Reader) -> T | Refused:
        """The value of this text."""

    def _refuse_value(self, node: Scalar, key: str, reader: Reader, known: Iterable[str] = ()) -> Refused:
        fix = suggestion(node.value, known, f"Write {self.what}, such as `{self.example}`.")
        return reader.refuse(node, key, "wrong_value", f"{quoted(node.value)} is not {self.what}.", fix)
