"""The reference of journey files, in Markdown: made from the schema, so that it says what the reader reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journeys.schema import schema

#: Keys that every step has, said once.
_EVERY_STEP = ("id",)
#: No file nests keys deeper than this, but for conditions, which have a chapter of their own.
_DEEPEST = 6


def reference() -> str:
    """Every key of a journey, of each kind of step and of conditions: what it is for and which words it takes."""
    whole: dict[str, Any] = schema()
    steps, conditions = whole["$defs"]["step"], whole["$defs"]["condition"]
    parts = ["### A journey\n", *_keys(whole), "\n### Steps\n"]
    parts.append("Every step has an `id`, unique in its journey, and says by `do` what it does.\n")
    for each in (case["then"] for case in steps["allOf"]):
        parts += [f"\n#### `do: {each['properties']['do']['const']}`\n\n{each['description']}\n\n"]
        parts += list(_keys(each, but=_EVERY_STEP)) or ["It has no keys of its own.\n"]
    parts += ["\n### Conditions\n\n", *_keys(conditions)]
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


def _keys(shape: dict[str, Any], depth: int = 0, but: tuple[str, ...] = ()) -> Iterator[str]:
    required = shape.get("required", ())
    for key, value in shape.get("properties", {}).items():
        if key in but or "const" in value:  # a kind's own name; the kinds' keys stand together
            continue
        says = [value.get("description", "")]
        if key in required and len(shape["properties"]) > 1:
            says.append("Needed.")
        if words := _words(value):
            says.append(f"Words for it: {words}.")
        yield f"{'  ' * depth}- `{key}`: {' '.join(filter(None, says))}".rstrip(": ")
        if depth < _DEEPEST:
            yield from dict.fromkeys(line for inner in _inner(value) for line in _keys(inner, depth + 1))


def _inner(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The groups of keys that may stand behind a key, whether alone, in a list or under names of one's own."""
    if "properties" in value:
        yield value
    for name in ("items", "additionalProperties"):
        if isinstance(value.get(name), dict):
            yield from _inner(value[name])
    for choice in _choices(value):
        yield from _inner(choice)


def _choices(value: dict[str, Any]) -> list[dict[str, Any]]:
    by_kind = [case["then"] for case in value.get("allOf", ()) if "then" in case]
    return [*value.get("anyOf", ()), *value.get("oneOf", ()), *by_kind]


def _words(value: dict[str, Any]) -> str:
    """The words that may stand there, if it is one of a few."""
    words = list(dict.fromkeys(_listed(value)))
    return ", ".join(f"`{word}`" for word in words) if 1 < len(words) <= 12 else ""


def _listed(value: dict[str, Any]) -> Iterator[str]:
    yield from value.get("enum", ())
    for choice in value.get("anyOf", ()):
        yield from _listed(choice)
    if isinstance(value.get("items"), dict):
        yield from _listed(value["items"])
