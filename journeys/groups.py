"""The shapes of groups of keys that are no plain record: one of several keys, one of several kinds, named entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from journeys import nodes
from journeys.findings import quoted
from journeys.nodes import Node, Scalar
from journeys.records import Fork, Option, Record, entries_of, refuse_unknown
from journeys.scalars import LANGUAGE, Word
from journeys.shapes import REFUSED, Json, Names, Reader, Refused, Shape, name_of, one_of, suggestion

T = TypeVar("T")


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
