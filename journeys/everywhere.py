"""Every value that a journey holds, with the key that it was written under, whatever kind of step holds it.

Read off the same tables that the reader reads by, so that a check that looks everywhere sees a new kind of step, a
new trigger and a new key without being told of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from journeys.conditions import Condition, Tree, parts_of
from journeys.groups import ByKind, Named, OneKey, PerLanguage, WordOr, Wrapped
from journeys.model import JOURNEY, Journey, Steps
from journeys.records import Record
from journeys.scalars import ListOf
from journeys.shapes import Shape
from journeys.steps import STEP


class Held(NamedTuple):
    """One value, the shape it was read by, and the dotted key where it stands; steps by their id."""

    key: str
    shape: Shape[Any]
    value: Any


def everything(journey: Journey) -> Iterator[Held]:
    """Every single value of the journey and of its steps, from the top of the tables down."""
    return _inside(JOURNEY, journey, "")


def conditions(journey: Journey) -> Iterator[tuple[str, Condition]]:
    """Every condition, and everything inside it, with the key under which the whole condition stands."""
    for key, shape, value in everything(journey):
        if isinstance(shape, Tree):
            yield from ((key, part) for part in parts_of(value))


def _inside(shape: Shape[Any], value: Any, key: str) -> Iterator[Held]:
    match shape:
        case Record(fields=fields, fork=fork):
            for field in fields:
                held = getattr(value, field.name)
                if held is not None:
                    yield from _inside(field.shape, held, _under(key, field.key))
            if fork is not None:
                held = getattr(value, fork.attr)
                option = fork.option(held)
                yield from _inside(option.shape, held, _under(key, option.key))
        case Steps():
            for step in value:
                yield from _inside(STEP, step, _under(key, step.id))
        case ListOf(inner=inner):
            for place, item in enumerate(value, start=1):
                yield from _inside(inner, item, _under(key, str(place)))
        case Named(record=record):
            for item in value:
                yield from _inside(record, item, _under(key, item.name))
        case PerLanguage(inner=inner):
            for language, item in value:
                yield from _inside(inner, item, _under(key, language))
        case ByKind(kinds=kinds, kind_of=kind_of):
            yield from _inside(kinds[kind_of(value)], value, key)
        case Wrapped(attr=attr, inner=inner):
            yield from _inside(inner, getattr(value, attr), key)
        case WordOr(words=words, other=other):
            if value not in words.values():
                yield from _inside(other, value, key)
        case OneKey(options=options) if not isinstance(shape, Tree):
            option = next(option for option in options if type(value) is option.builds)
            yield from _inside(option.shape, value, _under(key, option.key))
        case _:
            yield Held(key, shape, value)


def _under(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
