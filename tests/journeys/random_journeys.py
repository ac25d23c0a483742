"""Journeys made at random out of the same tables that the reader reads by, so that a new kind of step is in them."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from hypothesis import strategies as st

from journeys.conditions import CONDITIONS, Tree
from journeys.groups import ByKind, Named, OneKey, PerLanguage, WordOr, Wrapped
from journeys.model import JOURNEY, ByHand, Journey, Steps
from journeys.records import Default, Field, Record
from journeys.scalars import Amount, Closed, Day, Fact, Hour, ListOf, Literal, Span, StepId, StepName, Text, Whole, Word
from journeys.shapes import Shape
from journeys.steps import STEP, STEP_KINDS

LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"), include_characters="\n")
WRITTEN = st.text(LETTERS, min_size=1, max_size=40).map(str.strip).filter(bool)
LANGUAGES = st.sampled_from(["en", "es", "no", "pt-BR", "zh-Hant"])


@st.composite
def journeys(draw: st.DrawFn) -> Journey:
    """Any journey that can be written."""
    count = draw(st.integers(1, 6))
    ids = tuple(f"step_{number}" for number in range(count))
    steps = tuple(draw(_step(ids, place)) for place in range(count))
    given = _given(draw, ids)
    return JOURNEY.builds(**given, steps=steps)


def _given(draw: st.DrawFn, ids: tuple[str, ...]) -> dict[str, Any]:
    """Everything but the steps; something begins it."""
    given = {field.name: draw(_field(field, ids, 0)) for field in JOURNEY.fields if not isinstance(field.shape, Steps)}
    if not any(given[name] for name in JOURNEY.any_of):
        given["triggers"] = (ByHand(),)
    return given


def one_of_each(draw: st.DrawFn) -> Journey:
    """A journey with one step of every kind there is, in the order of the table, and an end."""
    ids = tuple(f"{kind.name}_here" for kind in STEP_KINDS.values())
    steps = tuple(
        draw(_record(kind.record, ids, place, {"id": ids[place]})) for place, kind in enumerate(STEP_KINDS.values())
    )
    given = _given(draw, ids)
    return JOURNEY.builds(**given, steps=steps)


journeys_of_every_kind = st.composite(one_of_each)


def _step(ids: tuple[str, ...], place: int) -> st.SearchStrategy[Any]:
    records = [kind.record for kind in STEP_KINDS.values()]
    return st.sampled_from(records).flatmap(lambda record: _record(record, ids, place, {"id": ids[place]}))


@st.composite
def _record(draw: st.DrawFn, record: Record[Any], ids: tuple[str, ...], place: int, given: dict[str, Any]) -> Any:
    values = dict(given)
    fork = draw(st.sampled_from(record.fork.options)) if record.fork else None
    for field in record.fields:
        if field.name in values:
            continue
        following = place + 1 if place + 1 < len(ids) else None
        barred = fork is not None and field.key in fork.refuses
        values[field.name] = following if barred else draw(_field(field, ids, place))
    if record.fork and fork:
        values[record.fork.attr] = draw(_value(fork.shape, ids, place))
    if record.any_of and not any(values[name] for name in record.any_of):
        field = next(field for field in record.fields if field.key == record.any_of[0])
        values[field.name] = draw(_value(field.shape, ids, place))
    return record.builds(**values)


def _field(field: Field, ids: tuple[str, ...], place: int) -> st.SearchStrategy[Any]:
    value = _value(field.shape, ids, place)
    if field.default is Default.REQUIRED:
        return value
    following = place + 1 if place + 1 < len(ids) else None
    return st.just(following if field.default is Default.NEXT else field.default) | value


def _value(shape: Shape[Any], ids: tuple[str, ...], place: int) -> st.SearchStrategy[Any]:
    def inside(inner: Shape[Any]) -> st.SearchStrategy[Any]:
        return _value(inner, ids, place)

    match shape:
        case Tree():
            leaves = [option for option in CONDITIONS.options if option.key not in ("all", "any", "not")]
            leaf = st.sampled_from(leaves).flatmap(lambda option: inside(option.shape))
            all_of, any_of, not_ = (option.builds for option in CONDITIONS.options[:3])
            return st.recursive(
                leaf,
                lambda part: (
                    st.lists(part, min_size=1, max_size=3).map(lambda parts: all_of(tuple(parts)))
                    | st.lists(part, min_size=1, max_size=3).map(lambda parts: any_of(tuple(parts)))
                    | part.map(not_)
                ),
                max_leaves=5,
            )
        case Text(longest=longest):
            return WRITTEN.filter(lambda text: len(text) <= longest)
        case Word(pattern=pattern, longest=longest):
            return st.from_regex(pattern, fullmatch=True).filter(lambda word: len(word) <= longest and word != "any")
        case Closed():
            return st.sampled_from(shape.schema()["enum"]).map(shape.unpack)
        case Span():
            return st.integers(1, 9999 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
        case Hour():
            return st.builds(time, st.integers(0, 23), st.integers(0, 59))
        case Day():
            return st.dates(date(1900, 1, 1), date(2999, 12, 31))
        case Whole(least=least, most=most):
            return st.integers(least, most)
        case Amount():
            return st.integers(-(10**9), 10**9) | st.sampled_from([0.5, -2.25, 1234.5])
        case StepName():
            return st.integers(0, len(ids) - 1)
        case StepId():
            return st.sampled_from(ids)
        case Literal():
            return WRITTEN | st.booleans() | st.integers(-9999, 9999) | st.integers(-99, 99).map(lambda n: n / 4)
        case Fact(value=value):
            return st.just(value)
        case ListOf(inner=inner, least=least, most=most):
            return st.lists(inside(inner), min_size=least, max_size=min(most, 3)).map(tuple)
        case ByKind(kinds=kinds) if shape is not STEP:
            return st.sampled_from(list(kinds.values())).flatmap(inside)
        case Record():
            return _record(shape, ids, place, {})
        case OneKey(options=options):
            return st.sampled_from(options).flatmap(lambda option: inside(option.shape))
        case Wrapped(builds=builds, attr=attr, inner=inner):
            return inside(inner).map(lambda value: builds(**{attr: value}))
        case WordOr(words=words, other=other):
            return st.sampled_from(list(words.values())) | inside(other)
        case PerLanguage(inner=inner):
            return st.dictionaries(LANGUAGES, inside(inner), min_size=1, max_size=3).map(lambda d: tuple(d.items()))
        case Named(record=record, least=least, most=most, exactly=exactly):
            names = (
                st.permutations(exactly)
                if exactly
                else st.lists(
                    st.sampled_from(["no", "yes", "a", "b_2", "true", "null"]),
                    min_size=least,
                    max_size=min(most, 4),
                    unique=True,
                )
            )
            return names.flatmap(
                lambda chosen: st.tuples(*(_record(record, ids, place, {"name": name}) for name in chosen))
            )
        case _:
            raise NotImplementedError(f"No random values are known for {shape}.")
