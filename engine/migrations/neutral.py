"""Neutral: a table's rows said alike by SQLite and by PostgreSQL, so that they can be carried across and compared.

Times are microseconds since 1970 UTC, JSON is text with its keys in order, everything else is what Python has for it.
Columns are worked on page by page: that is several times as fast as value by value.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from engine.base.stored_time import from_microseconds, to_microseconds

#: A page ends at so many rows, or when its long values have so many bytes together.
PAGE_ROWS: Final = 500
PAGE_BYTES: Final = 2_000_000
#: What PostgreSQL calls a column's type -> what its values are in a binary COPY, and what the driver of SQLite gives.
_KINDS: Final[dict[str, tuple[str, set[type]]]] = {
    "BIGINT": ("int8", {int}),
    "SMALLINT": ("int2", {int}),
    "FLOAT": ("float8", {int, float}),
    "BOOLEAN": ("bool", {int}),
    "DATE": ("date", {str}),
    "TIMESTAMP WITH TIME ZONE": ("timestamptz", {int}),
    "VARCHAR": ("text", {str}),
    "TEXT": ("text", {str}),
    "JSONB": ("jsonb", {str, int, float}),  # SQLite keeps a bare number as one
    "BYTEA": ("bytea", {bytes}),
}
#: The least and the most that can be kept of a kind.
_BOUNDS: Final = {
    "int2": (-(2**15), 2**15 - 1),
    "bool": (0, 1),
    "timestamptz": (
        to_microseconds(datetime.min.replace(tzinfo=UTC)),
        to_microseconds(datetime.max.replace(tzinfo=UTC)),
    ),
}
#: A character that PostgreSQL keeps in no text, as JSON may write it; whole pairs of surrogates are looked at closer.
_MAY_BE_UNFIT: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNFIT: Final = re.compile("[\0\ud800-\udfff]")
_MENDED: Final = "\N{REPLACEMENT CHARACTER}"


class Unfit(Exception):
    """One value of a page that PostgreSQL cannot keep: its place in the page, why, and what mends it."""

    def __init__(self, place: int, why: str, mend: str = "") -> None:
        super().__init__(why)
        #: `mend` is a statement for SQLite, where one is known that loses as little as can be.
        self.place, self.why, self.mend = place, why, mend


class Lane:
    """One column on its way across."""

    def __init__(self, column: Column[Any]) -> None:
        spelled = str(column.type.compile(postgresql.dialect()))  # type: ignore[no-untyped-call]
        self.name, self._table = column.name, column.table.name
        self.kind, given = _KINDS[spelled.partition("(")[0]]
        self._types = {*given, type(None)}
        self.length: int | None = getattr(column.type, "length", None) if self.kind == "text" else None
        #: Whether one value of it may be long.
        self.is_wide = self.kind in ("bytea", "jsonb") or (self.kind == "text" and self.length is None)
        #: How many values had a character that PostgreSQL keeps in no text; it is a replacement character now.
        self.mended = 0

    @property
    def asked(self) -> str:
        """What PostgreSQL is asked for to read the column back."""
        return f'"{self.name}"::text' if self.kind == "jsonb" else f'"{self.name}"'

    def taken(self, values: Sequence[Any]) -> Sequence[Any]:
        """A page's values as SQLite's driver gave them, neutral. Raises Unfit."""
        if not self._types.issuperset(map(type, values)):
            place = next(place for place, value in enumerate(values) if type(value) not in self._types)
            raise Unfit(place, f"it is a value of another kind ({type(values[place]).__name__})")
        if self.kind in _BOUNDS:
            low, high = _BOUNDS[self.kind]
            for place, value in enumerate(values):
                if value is not None and not low <= value <= high:
                    raise Unfit(place, f"it must be from {low} to {high}")
        match self.kind:
            case "text":
                return self._text(values)
            case "jsonb":
                return [None if value is None else self._json(place, value) for place, value in enumerate(values)]
            case "bool":
                return [None if value is None else bool(value) for value in values]
            case "float8":
                return [None if value is None else float(value) for value in values]
            case "date":
                return [None if value is None else self._date(place, value) for place, value in enumerate(values)]
            case _:
                return values

    def handed(self, values: Sequence[Any]) -> Sequence[Any]:
        """A page's neutral values as PostgreSQL's driver takes them."""
        match self.kind:
            case "timestamptz":
                return [None if value is None else from_microseconds(value) for value in values]
            case "jsonb":
                return [None if value is None else Jsonb(value, dumps=str) for value in values]
            case _:
                return values

    def found(self, values: Sequence[Any]) -> Sequence[Any]:
        """A page's values as PostgreSQL's driver gave them, neutral."""
        match self.kind:
            case "timestamptz":
                return [None if value is None else to_microseconds(value) for value in values]
            case "jsonb":
                return [None if value is None else _in_order(_read(value)) for value in values]
            case _:
                return values

    def _text(self, values: Sequence[Any]) -> Sequence[Any]:
        longest = self.length
        if longest is not None and max(map(len, filter(None, values)), default=0) > longest:
            place = next(place for place, value in enumerate(values) if value and len(value) > longest)
            mend = f"UPDATE {self._table} SET {self.name} = substr({self.name}, 1, {longest})"  # noqa: S608
            raise Unfit(
                place, f"it is longer than {longest} characters", f"{mend} WHERE length({self.name}) > {longest}"
            )
        if "\0" not in "".join(filter(None, values)):
            return values
        self.mended += sum("\0" in value for value in values if value)
        return [value and value.replace("\0", _MENDED) for value in values]

    def _json(self, place: int, value: Any) -> str:
        written = value if isinstance(value, str) else json.dumps(value)
        try:
            read = _read(written)
            if "\0" in written or _MAY_BE_UNFIT.search(written):
                mended = _fit(read)
                self.mended += mended != read
                read = mended
            return _in_order(read)
        except ValueError as trouble:
            raise Unfit(place, f"it is not JSON ({trouble})") from trouble

    def _date(self, place: int, value: str) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError as trouble:
            raise Unfit(place, "it is not a date") from trouble


class Digest:
    """What all rows of a table come to, in whatever order they are met."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._bytes = [place for place, lane in enumerate(lanes) if lane.kind == "bytea"]
        self._sum = 0
        self.rows = 0

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """The rows of one page, given as neutral columns, are counted in."""
        short = list(columns)
        for place in self._bytes:  # else a mail would be spelled out at four characters a byte
            short[place] = [value and blake2b(value).digest() for value in columns[place]]
        for row in zip(*short, strict=True):
            self._sum += int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest())
            self.rows += 1

    def __str__(self) -> str:
        """128 bits in hex."""
        return f"{self._sum % 2**128:032x}"


def lanes_of(table: Table) -> list[Lane]:
    """The table's columns, in its order."""
    return [Lane(column) for column in table.columns]


def pages(rows: Iterable[tuple[Any, ...]], lanes: Sequence[Lane]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows in pages that memory holds easily, whatever stands in them."""
    wide = [place for place, lane in enumerate(lanes) if lane.is_wide]
    page: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        page.append(row)
        for place in wide:
            value = row[place]
            if isinstance(value, (str, bytes)):
                size += len(value)
        if len(page) == PAGE_ROWS or size > PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page


def _number(spelled: str) -> float | int:
    """A JSON number with a point or an exponent. PostgreSQL keeps no exponent: 1e22 comes back in whole digits."""
    number = float(spelled)
    if number != number or number in (float("inf"), float("-inf")):
        return number
    return int(Decimal(repr(number))) if number.is_integer() else number


#: Made once: the module's own functions make one for every value.
_read: Final = json.JSONDecoder(parse_float=_number).decode
_in_order: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode


def _fit(value: Any) -> Any:
    match value:
        case str():
            return _UNFIT.sub(_MENDED, value)
        case list():
            return [_fit(each) for each in value]
        case dict():
            return {_fit(name): _fit(each) for name, each in value.items()}
        case _:
            return value
