"""The shapes of single values: words, names, lengths of time, hours, steps; and lists of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from typing import TypeAlias, TypeVar

from journeys import nodes
from journeys.durations import PATTERN as DURATION_PATTERN
from journeys.durations import read_duration, write_duration
from journeys.findings import quoted
from journeys.nodes import Listing, Node, Scalar
from journeys.shapes import REFUSED, Json, Names, Next, Reader, Refused, Shape, TextShape, name_of, one_of, suggestion

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


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
CONTRIBUTION = Word("a kind of contribution in small letters", "[a-z][a-z0-9_-]*", "cooking")
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
class Day(TextShape[date]):
    """A day of the calendar."""

    what = "a day"
    example = "2026-03-01"
    pattern = "[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"

    def parse(self, node: Scalar, key: str, reader: Reader) -> date | Refused:
        if not re.fullmatch(self.pattern, node.value):
            return self._refuse_value(node, key, reader)
        try:
            return date.fromisoformat(node.value)
        except ValueError:
            says = f"There is no {quoted(node.value)} in the calendar."
            return reader.refuse(node, key, "wrong_value", says, "Look up how many days that month has.")

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "pattern": f"^{self.pattern}$"}

    def pack(self, value: date) -> Json:
        return value.isoformat()

    def unpack(self, stored: Json) -> date:
        return date.fromisoformat(stored)


def _number_of(node: Node) -> int | float | None:
    """The number written here; None where none is."""
    value = nodes.plain_value(node) if isinstance(node, Scalar) and node.kind == "number" else None
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class Whole(Shape[int]):
    """A whole number from `least` to `most`."""

    least: int
    most: int

    def read(self, node: Node, key: str, reader: Reader) -> int | Refused:
        number = _number_of(node)
        if number is not None and number == int(number) and self.least <= number <= self.most:
            return int(number)
        says = f"Here should be a whole number from {self.least} to {self.most}, and this is {name_of(node)}."
        return reader.refuse(node, key, "wrong_value", says, f"Write one, such as `{self.least}`, without quotes.")

    def schema(self) -> dict[str, Json]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def pack(self, value: int) -> Json:
        return value

    def unpack(self, stored: Json) -> int:
        return int(stored)


@dataclass(frozen=True)
class Amount(Shape[int | float]):
    """Any number."""

    def read(self, node: Node, key: str, reader: Reader) -> int | float | Refused:
        number = _number_of(node)
        if number is not None and abs(number) < 10**15:
            return number
        says = f"Here should be a number, and this is {name_of(node)}."
        return reader.refuse(node, key, "wrong_value", says, "Write one, such as `2` or `2.5`, without quotes.")

    def schema(self) -> dict[str, Json]:
        return {"type": "number", "exclusiveMinimum": -(10**15), "exclusiveMaximum": 10**15}

    def pack(self, value: int | float) -> Json:
        return value

    def unpack(self, stored: Json) -> int | float:
        number: int | float = stored
        return number


#: What a fact about a member may be.
Value: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class Literal(Shape[Value]):
    """Words, a number, or true or false, as it is written; a date is words like `2026-05-01`."""

    longest: int = 300

    def read(self, node: Node, key: str, reader: Reader) -> Value | Refused:
        match node:
            case Scalar(kind="text", value=value) if value.strip() and len(value) <= self.longest:
                return value.strip()
            case Scalar(kind="truth", value=value):
                return value in nodes.TRUE
            case Scalar() if (number := _number_of(node)) is not None and abs(number) < 10**15:
                return number
            case _:
                says = f"Here should be a few words, a number, or true or false, and this is {name_of(node)}."
                return reader.refuse(node, key, "wrong_value", says, f"At most {self.longest} characters.")

    def schema(self) -> dict[str, Json]:
        return {
            "anyOf": [
                {"type": "string", "pattern": r"\S", "maxLength": self.longest},
                {"type": "number", "exclusiveMinimum": -(10**15), "exclusiveMaximum": 10**15},
                {"type": "boolean"},
            ]
        }

    def pack(self, value: Value) -> Json:
        return value

    def unpack(self, stored: Json) -> Value:
        if not isinstance(stored, str | int | float | bool):
            raise ValueError(f"A stored fact is {stored!r}, which is neither words, a number nor true or false.")
        return stored


#: What to write where no journey stands around a condition.
_ELSEWHERE = "Name the journey too, with `answered_in` or `reached_in`."


@dataclass(frozen=True)
class StepName(TextShape[Next]):
    """Another step, written by its id and kept by its place in the list."""

    what = "the id of a step"
    example = ""

    def parse(self, node: Scalar, key: str, reader: Reader) -> Next | Refused:
        if node.value in reader.steps:
            return reader.steps[node.value]
        ids = [name for name in reader.steps if " " not in name]
        known = f"Use one of the ids: {one_of(ids[:12])}." if ids else _ELSEWHERE
        fix = suggestion(node.value, ids, known)
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
