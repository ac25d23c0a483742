"""Explain: every condition with its value now, and that of its parts."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy.orm import Session

from engine.audience.compiler import enrollments_matching, members_matching
from engine.enrollments.enrollment import Enrollment
from journeys.conditions import AllOf, AnyOf, Condition, Leaf, Not

_CONDITIONS = (AllOf, AnyOf, Not, *get_args(Leaf))


@dataclass(frozen=True, slots=True)
class Judged:
    """A condition in words, whether it holds now, and the same of its parts."""

    says: str
    holds: bool
    parts: tuple["Judged", ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of a step and where it stands there: `turns 1`, `when`."""

    place: str
    judged: Judged


def conditions_of(step: object, place: str = "") -> list[tuple[str, Condition]]:
    """Every condition a step holds, whatever its kind, each with where it stands in it."""
    return list(_conditions(step, place))


def _conditions(value: object, place: str) -> Iterator[tuple[str, Condition]]:
    if isinstance(value, _CONDITIONS):
        yield place, value
    elif isinstance(value, tuple):
        for number, each in enumerate(value, start=1):
            yield from _conditions(each, f"{place} {number}".strip())
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _conditions(getattr(value, field.name), f"{place} {field.name}".strip())


def judged(session: Session, condition: Condition, row: Enrollment | int, now: datetime) -> Judged:
    """The condition with its value now, and that of its parts: of an enrollment, or of a member by their id."""
    if isinstance(row, Enrollment):
        holds = bool(enrollments_matching(session, condition, [row.id], now))
    else:
        holds = bool(members_matching(session, condition, [row], now))
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            inner = tuple(judged(session, part, row, now) for part in parts)
        case Not(part=part):
            inner = (judged(session, part, row, now),)
        case _:
            inner = ()
    return Judged(condition.describe(), holds, inner)
