"""Records: keys with values that build one object, with a table of what each key means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from journeys import nodes
from journeys.findings import quoted
from journeys.nodes import Node
from journeys.shapes import REFUSED, Json, Names, Reader, Refused, Shape, name_of, nearest, one_of

T = TypeVar("T")


class Default(Enum):
    """What stands in for a key that was not written."""

    REQUIRED = "nothing can"
    NEXT = "the next step in the list"


@dataclass(frozen=True)
class Field:
    """One key of a record, the attribute it fills, and what it means."""

    key: str
    shape: Shape[Any]
    says: str
    default: Any = Default.REQUIRED
    attr: str = ""

    @property
    def name(self) -> str:
        """The attribute it fills."""
        return self.attr or self.key


@dataclass(frozen=True)
class Option:
    """One of several keys that exclude each other; its shape builds values of one class of their own."""

    key: str
    shape: Shape[Any]
    says: str
    builds: type
    #: Other keys of the record that make no sense beside this one.
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fork:
    """Exactly one of several keys fills this attribute."""

    attr: str
    options: tuple[Option, ...]

    def option(self, value: object) -> Option:
        """The option that writes this value."""
        return next(option for option in self.options if type(value) is option.builds)


def entries_of(node: Node, key: str, reader: Reader) -> dict[str, Node] | Refused:
    """The keys of the group with their values; a doubled key is a finding."""
    if not isinstance(node, nodes.Mapping):
        says = f"Here should be keys with values, and this is {name_of(node)}."
        return reader.refuse(node, key, "wrong_type", says, "Write `key: value` on lines of their own.")
    found: dict[str, Node] = {}
    doubled = False
    for name, value in node.entries:
        path = f"{key}.{name.value}" if key else name.value
        if name.value in found:
            doubled = True
            says = f"{quoted(name.value)} is written twice here."
            reader.refuse(name, path, "doubled_key", says, "Keep one of the two.")
        else:
            found[name.value] = value
            reader.note(path, name)
    return REFUSED if doubled else found


def refuse_unknown(
    node: Node, found: Mapping[str, Node], known: Sequence[str], key: str, reader: Reader
) -> dict[str, str | None]:
    """The keys that nobody knows, each with the key it was meant to be (if one is near); each is a finding."""
    # A key that is there already was not meant a second time.
    free = [name for name in known if name not in found]
    unknown = {name: nearest(name, free) for name in found if name not in known}
    if isinstance(node, nodes.Mapping):
        for name, _ in node.entries:
            if name.value in unknown:
                path = f"{key}.{name.value}" if key else name.value
                near = unknown[name.value]
                fix = f"Did you mean `{near}`?" if near else f"Known here: {one_of(known)}."
                says = f"{quoted(name.value)} means nothing here."
                reader.refuse(name, path, "unknown_key", says, fix)
    return unknown


@dataclass(frozen=True)
class Record(Shape[T], Generic[T]):
    """Keys with values that build one object."""

    builds: Callable[..., T]
    fields: tuple[Field, ...]
    fork: Fork | None = None
    #: At least one of these keys must be written.
    any_of: tuple[str, ...] = ()
    says: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that may be written."""
        forked = tuple(option.key for option in self.fork.options) if self.fork else ()
        return tuple(field.key for field in self.fields) + forked

    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        return self.read_with(node, key, reader, {})

    def read_with(
        self, node: Node, key: str, reader: Reader, given: Mapping[str, Any], beside: tuple[str, ...] = ()
    ) -> T | Refused:
        """As `read`, with attributes already known (`given`) and keys that the caller read (`beside`)."""
        found = entries_of(node, key, reader)
        if found is REFUSED:
            return REFUSED
        unknown = refuse_unknown(node, found, (*beside, *self.keys), key, reader)
        meant = set(unknown.values())
        values: dict[str, Any] = dict(given)
        for field in self.fields:
            path = f"{key}.{field.key}" if key else field.key
            if field.key in found:
                values[field.name] = field.shape.read(found[field.key], path, reader)
            elif field.default is Default.REQUIRED and field.key in meant:
                values[field.name] = REFUSED  # told already, as a misspelling
            elif field.default is Default.REQUIRED:
                values[field.name] = reader.refuse(
                    node, path, "missing_key", f"`{field.key}` is missing here.", f"Add it: {field.says}"
                )
            else:
                values[field.name] = reader.following() if field.default is Default.NEXT else field.default
        if self.fork and not meant.intersection(option.key for option in self.fork.options):
            values[self.fork.attr] = self._read_fork(self.fork, node, found, key, reader)
        if self.any_of and not any(name in found for name in self.any_of) and not meant.intersection(self.any_of):
            says = f"One of {one_of(self.any_of)} is missing here."
            return reader.refuse(node, key, "missing_key", says, "Add at least one of them.")
        if unknown or REFUSED in values.values():
            return REFUSED
        return self.builds(**values)

    def _read_fork(self, fork: Fork, node: Node, found: Mapping[str, Node], key: str, reader: Reader) -> Any:
        written = [option for option in fork.options if option.key in found]
        known = one_of([option.key for option in fork.options])
        if not written:
            return reader.refuse(node, key, "missing_key", f"One of {known} is missing here.", "Write one of them.")
        for extra in written[1:]:
            says = f"`{written[0].key}` and `{extra.key}` exclude each other."
            return reader.refuse(found[extra.key], f"{key}.{extra.key}", "one_of", says, "Keep one of them.")
        option = written[0]
        for name in option.refuses:
            if name in found:
                says = f"`{name}` has no meaning beside `{option.key}`."
                return reader.refuse(found[name], f"{key}.{name}", "one_of", says, f"Remove `{name}`.")
        return option.shape.read(found[option.key], f"{key}.{option.key}" if key else option.key, reader)

    def schema(self) -> dict[str, Json]:
        return self.schema_with({})

    def schema_with(self, beside: Mapping[str, Json]) -> dict[str, Json]:
        """The schema, with the keys that the caller reads."""
        properties = dict(beside)
        for field in self.fields:
            properties[field.key] = {**field.shape.schema(), "description": field.says}
        required = [*beside, *(field.key for field in self.fields if field.default is Default.REQUIRED)]
        schema: dict[str, Json] = {"type": "object", "properties": properties, "required": required}
        if self.fork:
            ways: list[Json] = []
            for option in self.fork.options:
                properties[option.key] = {**option.shape.schema(), "description": option.says}
                others = [other.key for other in self.fork.options if other is not option]
                barred = [{"required": [name]} for name in (*others, *option.refuses)]
                ways.append({"required": [option.key], **({"not": {"anyOf": barred}} if barred else {})})
            schema["oneOf"] = ways
        if self.any_of:
            schema["anyOf"] = [{"required": [name]} for name in self.any_of]
        if self.says:
            schema["description"] = self.says
        schema["additionalProperties"] = False
        return schema

    def plain(self, value: T, names: Names) -> Json:
        written: dict[str, Json] = {}
        for field in self.fields:
            held = getattr(value, field.name)
            default = names.following() if field.default is Default.NEXT else field.default
            if held is not None and held != default:
                written[field.key] = field.shape.plain(held, names)
        if self.fork:
            held = getattr(value, self.fork.attr)
            option = self.fork.option(held)
            written[option.key] = option.shape.plain(held, names)
        return written

    def pack(self, value: T) -> Json:
        packed: dict[str, Json] = {}
        for field in self.fields:
            held = getattr(value, field.name)
            packed[field.key] = None if held is None else field.shape.pack(held)
        if self.fork:
            held = getattr(value, self.fork.attr)
            option = self.fork.option(held)
            packed[option.key] = option.shape.pack(held)
        return packed

    def unpack(self, stored: Json) -> T:
        return self.unpack_with(stored, {})

    def unpack_with(self, stored: Json, given: Mapping[str, Any]) -> T:
        """As `unpack`, with attributes already known. A key newer than the row takes its default."""
        values: dict[str, Any] = dict(given)
        for field in self.fields:
            if field.key not in stored and isinstance(field.default, Default):
                raise ValueError(f"A stored journey lacks {field.key!r}, for which nothing can stand in.")
            held = stored.get(field.key, field.default)
            from_row = field.key in stored and held is not None
            values[field.name] = field.shape.unpack(held) if from_row else held
        if self.fork:
            option = next(option for option in self.fork.options if option.key in stored)
            values[self.fork.attr] = option.shape.unpack(stored[option.key])
        return self.builds(**values)
