"""The shapes of groups of keys: records of fields, one of several keys, named and translated entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from journeys import nodes
from journeys.findings import quoted
from journeys.nodes import Node, Scalar
from journeys.shapes import (
    LANGUAGE,
    REFUSED,
    Json,
    Names,
    Reader,
    Refused,
    Shape,
    Word,
    name_of,
    nearest,
    one_of,
    suggestion,
)

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


@dataclass(frozen=True)
class OneKey(Shape[T], Generic[T]):
    """A group with exactly one key, which says what it is."""

    what: str
    options: tuple[Option, ...]

    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        found = entries_of(node, key, reader)
        if found is REFUSED:
            return REFUSED
        known = [option.key for option in self.options]
        if refuse_unknown(node, found, known, key, reader):
            return REFUSED
        if len(found) != 1:
            says = f"Here should be exactly one key that says {self.what}, and there are {len(found)}."
            return reader.refuse(node, key, "one_of", says, f"Write one of {one_of(known)}.")
        ((name, value),) = found.items()
        option = next(option for option in self.options if option.key == name)
        read: T | Refused = option.shape.read(value, f"{key}.{name}", reader)
        return read

    def schema(self) -> dict[str, Json]:
        return {
            "type": "object",
            "properties": {
                option.key: {**option.shape.schema(), "description": option.says} for option in self.options
            },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }

    def plain(self, value: T, names: Names) -> Json:
        option = self._option(value)
        return {option.key: option.shape.plain(value, names)}

    def pack(self, value: T) -> Json:
        option = self._option(value)
        return {option.key: option.shape.pack(value)}

    def unpack(self, stored: Json) -> T:
        ((name, value),) = stored.items()
        option = next(option for option in self.options if option.key == name)
        unpacked: T = option.shape.unpack(value)
        return unpacked

    def _option(self, value: T) -> Option:
        return Fork("", self.options).option(value)


@dataclass(frozen=True)
class ByKind(Shape[T], Generic[T]):
    """A record whose key `tag` says which of several records it is."""

    tag: str
    what: str
    kinds: Mapping[str, Record[Any]]
    kind_of: Callable[[T], str]

    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        found = entries_of(node, key, reader)
        if found is REFUSED:
            return REFUSED
        path = f"{key}.{self.tag}"
        if self.tag not in found:
            likely = next((name for name in found if name in self.kinds), None)
            fix = f"Write `{self.tag}: {likely}`." if likely else f"Write one of {one_of(self.kinds)}."
            return reader.refuse(node, path, "missing_key", f"`{self.tag}` is missing: it says {self.what}.", fix)
        tag = found[self.tag]
        if not isinstance(tag, Scalar) or tag.value not in self.kinds:
            known = f"Write one of {one_of(self.kinds)}."
            fix = suggestion(tag.value, self.kinds, known) if isinstance(tag, Scalar) else known
            return reader.refuse(tag, path, "unknown_kind", f"{name_of(tag)} is not {self.what}.", fix)
        read: T | Refused = self.kinds[tag.value].read_with(node, key, reader, {}, (self.tag,))
        return read

    def schema(self) -> dict[str, Json]:
        return {
            "type": "object",
            "required": [self.tag],
            "properties": {self.tag: {"enum": list(self.kinds), "description": f"This says {self.what}."}},
            "allOf": [
                {
                    "if": {"properties": {self.tag: {"const": name}}, "required": [self.tag]},
                    "then": record.schema_with({self.tag: {"const": name}}),
                }
                for name, record in self.kinds.items()
            ],
        }

    def plain(self, value: T, names: Names) -> Json:
        kind = self.kind_of(value)
        written = self.kinds[kind].plain(value, names)
        name = {"id": written.pop("id")} if "id" in written else {}
        return {**name, self.tag: kind, **written}

    def pack(self, value: T) -> Json:
        kind = self.kind_of(value)
        return {self.tag: kind, **self.kinds[kind].pack(value)}

    def unpack(self, stored: Json) -> T:
        unpacked: T = self.kinds[stored[self.tag]].unpack(stored)
        return unpacked


@dataclass(frozen=True)
class Wrapped(Shape[T], Generic[T]):
    """A value inside a small class of its own with one attribute."""

    builds: Callable[..., T]
    attr: str
    inner: Shape[Any]

    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        value = self.inner.read(node, key, reader)
        return REFUSED if value is REFUSED else self.builds(**{self.attr: value})

    def schema(self) -> dict[str, Json]:
        return self.inner.schema()

    def plain(self, value: T, names: Names) -> Json:
        return self.inner.plain(getattr(value, self.attr), names)

    def pack(self, value: T) -> Json:
        return self.inner.pack(getattr(value, self.attr))

    def unpack(self, stored: Json) -> T:
        return self.builds(**{self.attr: self.inner.unpack(stored)})


@dataclass(frozen=True)
class WordOr(Shape[T], Generic[T]):
    """One of a few words that stand for a value, or something else said in full."""

    words: Mapping[str, T]
    other: Shape[Any]

    def read(self, node: Node, key: str, reader: Reader) -> T | Refused:
        if isinstance(node, Scalar) and node.kind == "text":
            if node.value in self.words:
                return self.words[node.value]
            if isinstance(self.other, OneKey):
                says = f"{quoted(node.value)} is not known here."
                known = f"Write {one_of([*self.words, *(f'{o.key}: …' for o in self.other.options)])}."
                return reader.refuse(node, key, "wrong_value", says, suggestion(node.value, self.words, known))
        read: T | Refused = self.other.read(node, key, reader)
        return read

    def schema(self) -> dict[str, Json]:
        return {"anyOf": [{"enum": list(self.words)}, self.other.schema()]}

    def plain(self, value: T, names: Names) -> Json:
        word = self._word(value)
        return word if word is not None else self.other.plain(value, names)

    def pack(self, value: T) -> Json:
        word = self._word(value)
        return word if word is not None else self.other.pack(value)

    def unpack(self, stored: Json) -> T:
        if isinstance(stored, str) and stored in self.words:
            return self.words[stored]
        unpacked: T = self.other.unpack(stored)
        return unpacked

    def _word(self, value: T) -> str | None:
        return next((word for word, held in self.words.items() if held == value), None)


@dataclass(frozen=True)
class PerLanguage(Shape[tuple[tuple[str, T], ...]], Generic[T]):
    """One value for each language (`{en: …, es: …}`), or one value alone in the journey's own language."""

    inner: Shape[T]

    def read(self, node: Node, key: str, reader: Reader) -> tuple[tuple[str, T], ...] | Refused:
        if not isinstance(node, nodes.Mapping):
            alone = self.inner.read(node, key, reader)
            return REFUSED if alone is REFUSED else ((reader.language, alone),)
        found = entries_of(node, key, reader)
        if found is REFUSED:
            return REFUSED
        if not found:
            return reader.refuse(node, key, "empty", "Nothing is written here.", "Write `en: …`.")
        pairs: list[tuple[str, T]] = []
        for name, value in found.items():
            if not re.fullmatch(LANGUAGE.pattern, name) or len(name) > LANGUAGE.longest:
                says = f"{quoted(name)} is not a language code."
                reader.refuse(value, f"{key}.{name}", "unknown_key", says, "Write `en`, `es` and so on.")
                continue
            read = self.inner.read(value, f"{key}.{name}", reader)
            if read is not REFUSED:
                pairs.append((name, read))
        return tuple(pairs) if len(pairs) == len(found) else REFUSED

    def schema(self) -> dict[str, Json]:
        group = {
            "type": "object",
            "propertyNames": LANGUAGE.schema(),
            "additionalProperties": self.inner.schema(),
            "minProperties": 1,
        }
        return {"anyOf": [group, self.inner.schema()]}

    def plain(self, value: tuple[tuple[str, T], ...], names: Names) -> Json:
        return {language: self.inner.plain(held, names) for language, held in value}

    def pack(self, value: tuple[tuple[str, T], ...]) -> Json:
        # Pairs, because a database's JSON type may not keep the author's order of keys.
        return [[language, self.inner.pack(held)] for language, held in value]

    def unpack(self, stored: Json) -> tuple[tuple[str, T], ...]:
        return tuple((language, self.inner.unpack(held)) for language, held in stored)


@dataclass(frozen=True)
class Named(Shape[tuple[T, ...]], Generic[T]):
    """Records by name (`name: {…}`); the name becomes their attribute `name`, and their order is kept."""

    names: Word
    record: Record[T]
    least: int
    most: int
    #: When set, exactly these names must be written.
    exactly: tuple[str, ...] = ()

    def read(self, node: Node, key: str, reader: Reader) -> tuple[T, ...] | Refused:
        found = entries_of(node, key, reader)
        if found is REFUSED:
            return REFUSED
        if self.exactly:
            if refuse_unknown(node, found, self.exactly, key, reader):
                return REFUSED
            for name in self.exactly:
                if name not in found:
                    return reader.refuse(node, f"{key}.{name}", "missing_key", f"`{name}` is missing here.", "Add it.")
        elif not self.least <= len(found) <= self.most:
            says = f"Here should be {self.least} to {self.most} entries, and there are {len(found)}."
            return reader.refuse(node, key, "wrong_count", says, "Add or remove entries.")
        values: list[T] = []
        for name, value in found.items():
            if not re.fullmatch(self.names.pattern, name) or len(name) > self.names.longest:
                says = f"{quoted(name)} is not {self.names.what}."
                fix = f"Write one such as `{self.names.example}`."
                reader.refuse(value, f"{key}.{name}", "wrong_value", says, fix)
                continue
            read = self.record.read_with(value, f"{key}.{name}", reader, {"name": name})
            if read is not REFUSED:
                values.append(read)
        return tuple(values) if len(values) == len(found) else REFUSED

    def schema(self) -> dict[str, Json]:
        record = self.record.schema()
        if self.exactly:
            return {
                "type": "object",
                "properties": dict.fromkeys(self.exactly, record),
                "required": list(self.exactly),
                "additionalProperties": False,
            }
        return {
            "type": "object",
            "propertyNames": self.names.schema(),
            "additionalProperties": record,
            "minProperties": self.least,
            "maxProperties": self.most,
        }

    def plain(self, value: tuple[T, ...], names: Names) -> Json:
        return {getattr(item, "name"): self.record.plain(item, names) for item in value}  # noqa: B009

    def pack(self, value: tuple[T, ...]) -> Json:
        return [{"name": getattr(item, "name"), **self.record.pack(item)} for item in value]  # noqa: B009

    def unpack(self, stored: Json) -> tuple[T, ...]:
        return tuple(self.record.unpack_with(item, {"name": item["name"]}) for item in stored)
