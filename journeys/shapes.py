"""The shapes of values: each reads and writes YAML, packs to JSON and back, and knows its JSON Schema.

One table of fields made of these shapes serves the reader, the stored form and the published schema, so that
the three cannot drift apart.
"""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import Enum, StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from journeys import nodes
from journeys.durations import PATTERN as DURATION_PATTERN
from journeys.durations import read_duration, write_duration
from journeys.findings import Finding, Level, quoted
from journeys.nodes import Listing, Node, Scalar

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

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


@dataclass(frozen=True)
class Text(TextShape[str]):
    """Words that people read; spaces around them are dropped."""

    longest: int = 300
    what = "words"
    example = ""

    def parse(self, node: Scalar, key: str, reader: Reader) -> str | Refused:
        if not node.value.strip():
            return reader.refuse(node, key, "empty", "Nothing is written here.", "Write a few words.")
        if len(node.value) > self.longest:
            says = f"This is {len(node.value)} characters long; {self.longest} is the most."
            return reader.refuse(node, key, "too_long", says, "Say it in fewer words.")
        return node.value.strip()

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "pattern": r"\S", "maxLength": self.longest}

    def pack(self, value: str) -> Json:
        return value

    def unpack(self, stored: Json) -> str:
        return str(stored)


@dataclass(frozen=True)
class Word(TextShape[str]):
    """A name of a fixed form, such as a slug, a tag or a language; `pattern` is anchored at both ends."""

    what: str
    pattern: str
    example: str
    longest: int = 60

    def parse(self, node: Scalar, key: str, reader: Reader) -> str | Refused:
        fits = len(node.value) <= self.longest and re.fullmatch(self.pattern, node.value)
        return node.value if fits else self._refuse_value(node, key, reader)

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}

    def pack(self, value: str) -> Json:
        return value

    def unpack(self, stored: Json) -> str:
        return str(stored)


SLUG = Word("a short name in small letters, digits and dashes", "[a-z][a-z0-9-]*", "welcome")
STEP_ID = Word("a step's name in small letters, digits and underscores", "[a-z][a-z0-9_]*", "hello_call")
ANSWER_NAME = Word("an answer's name in small letters, digits and underscores", "[a-z][a-z0-9_]*", "neighbors")
TAG = Word("a tag in small letters, digits, dashes and underscores", "[a-z][a-z0-9_-]*", "gardener")
TEMPLATE = Word("a template's name", "[a-z][a-z0-9_-]*(?:/[a-z][a-z0-9_-]*)*", "porch/hello", longest=120)
LANGUAGE = Word("a language code", "[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", "en", longest=20)
PATH = Word("a path", "belonging|outlook:[a-z][a-z0-9-]*", "belonging")
ZONE = Word("a time zone's name", "[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*", "America/New_York")
EMAIL = Word("an email address", r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+", "maya@nfp.example", longest=254)


@dataclass(frozen=True)
class Closed(TextShape[E]):
    """One word of a closed list."""

    words: type[E]
    example = ""

    @property
    def what(self) -> str:  # type: ignore[override]
        return one_of(self.words)

    def parse(self, node: Scalar, key: str, reader: Reader) -> E | Refused:
        try:
            return self.words(node.value)
        except ValueError:
            says = f"{quoted(node.value)} is not known here."
            fix = suggestion(node.value, self.words, f"Write {self.what}.")
            return reader.refuse(node, key, "wrong_value", says, fix)

    def schema(self) -> dict[str, Json]:
        return {"enum": [str(word) for word in self.words]}

    def pack(self, value: E) -> Json:
        return str(value)

    def unpack(self, stored: Json) -> E:
        return self.words(stored)


@dataclass(frozen=True)
class Span(TextShape[timedelta]):
    """A length of time, in whole minutes; stored as seconds."""

    what = "a length of time"
    example = "P2D (two days) or PT12H (twelve hours)"

    def parse(self, node: Scalar, key: str, reader: Reader) -> timedelta | Refused:
        length = read_duration(node.value)
        if length is not None:
            return length
        says = f"{quoted(node.value)} is not a length of time."
        fix = "Write `P2D` for two days, `PT12H` for twelve hours, `P2W` for two weeks."
        return reader.refuse(node, key, "wrong_value", says, fix)

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "pattern": DURATION_PATTERN, "examples": ["P2D", "PT12H", "P2W"]}

    def plain(self, value: timedelta, names: Names) -> Json:
        return write_duration(value)

    def pack(self, value: timedelta) -> Json:
        return int(value.total_seconds())

    def unpack(self, stored: Json) -> timedelta:
        return timedelta(seconds=stored)


@dataclass(frozen=True)
class Hour(TextShape[time]):
    """A time of day on the member's own clock, to the minute."""

    what = "a time of day"
    example = "10:00"
    pattern = "([01][0-9]|2[0-3]):[0-5][0-9]"

    def parse(self, node: Scalar, key: str, reader: Reader) -> time | Refused:
        if not re.fullmatch(self.pattern, node.value):
            return self._refuse_value(node, key, reader)
        return self.unpack(node.value)

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "pattern": f"^{self.pattern}$"}

    def pack(self, value: time) -> Json:
        return f"{value.hour:02}:{value.minute:02}"

    def unpack(self, stored: Json) -> time:
        return time(int(stored[:2]), int(stored[3:]))


@dataclass(frozen=True)
class StepName(TextShape[Next]):
    """Another step, written by its id and kept by its place in the list."""

    what = "the id of a step"
    example = ""

    def parse(self, node: Scalar, key: str, reader: Reader) -> Next | Refused:
        if node.value in reader.steps:
            return reader.steps[node.value]
        ids = [name for name in reader.steps if " " not in name]
        fix = suggestion(node.value, ids, f"Use one of the ids: {one_of(ids[:12])}.")
        return reader.refuse(node, key, "unknown_step", f"There is no step {quoted(node.value)}.", fix)

    def schema(self) -> dict[str, Json]:
        return STEP_ID.schema()

    def plain(self, value: Next, names: Names) -> Json:
        return None if value is None else names.ids[value]

    def pack(self, value: Next) -> Json:
        return value

    def unpack(self, stored: Json) -> Next:
        return None if stored is None else int(stored)


@dataclass(frozen=True)
class StepId(TextShape[str]):
    """Another step, written and kept by its id: what was said there is remembered under that name."""

    what = "the id of a step"
    example = ""

    def parse(self, node: Scalar, key: str, reader: Reader) -> str | Refused:
        known = STEP_NAME.parse(node, key, reader)
        return REFUSED if known is REFUSED else node.value

    def schema(self) -> dict[str, Json]:
        return STEP_ID.schema()

    def pack(self, value: str) -> Json:
        return value

    def unpack(self, stored: Json) -> str:
        return str(stored)


STEP_NAME = StepName()


@dataclass(frozen=True)
class Fact(Shape[T]):
    """The word `true`, for a fact that needs no more said about it."""

    value: T

    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        if isinstance(node, Scalar) and node.plain and node.value in nodes.TRUE:
            return self.value
        says = f"Here only `true` can stand, and this is {name_of(node)}."
        fix = f"For the opposite write `not: {{{key.rpartition('.')[2]}: true}}`."
        return reader.refuse(node, key, "wrong_value", says, fix)

    def schema(self) -> dict[str, Json]:
        return {"const": True}

    def pack(self, value: T) -> Json:
        return True

    def unpack(self, stored: Json) -> T:
        return self.value


@dataclass(frozen=True)
class ListOf(Shape[tuple[T, ...]]):
    """A list; with `alone`, a single value may stand without its dash."""

    inner: Shape[T]
    least: int = 1
    most: int = 50
    alone: bool = False

    def read(self, node: Node, key: str, reader: Reader) -> tuple[T, ...] | Refused:
        if self.alone and not isinstance(node, Listing):
            value = self.inner.read(node, key, reader)
            return REFUSED if value is REFUSED else (value,)
        if not isinstance(node, Listing):
            says = f"Here should be a list, and this is {name_of(node)}."
            return reader.refuse(node, key, "wrong_type", says, "Begin each entry on a line of its own with a dash.")
        if not self.least <= len(node.items) <= self.most:
            says = f"Here should be {self.least} to {self.most} entries, and there are {len(node.items)}."
            return reader.refuse(node, key, "wrong_count", says, "Add or remove entries.")
        values = [self.inner.read(item, f"{key}.{place}", reader) for place, item in enumerate(node.items, start=1)]
        return REFUSED if REFUSED in values else tuple(v for v in values if v is not REFUSED)

    def schema(self) -> dict[str, Json]:
        listed = {
            "type": "array",
            "items": self.inner.schema(),
            "minItems": self.least,
            "maxItems": self.most,
        }
        return {"anyOf": [self.inner.schema(), listed]} if self.alone else listed

    def plain(self, value: tuple[T, ...], names: Names) -> Json:
        listed = [self.inner.plain(item, names) for item in value]
        return listed[0] if self.alone and len(listed) == 1 else listed

    def pack(self, value: tuple[T, ...]) -> Json:
        return [self.inner.pack(item) for item in value]

    def unpack(self, stored: Json) -> tuple[T, ...]:
        return tuple(self.inner.unpack(item) for item in stored)
