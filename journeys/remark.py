"""Remark: what a check says of a key, before it is known where that key was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from journeys.catalog import Catalog
from journeys.findings import Level
from journeys.model import Journey
from journeys.steps import Step


class Remark(NamedTuple):
    """A finding before it is known where its key was written."""

    key: str
    rule: str
    level: Level
    says: str
    fix: str


Check: TypeAlias = Callable[[Journey, Catalog], Iterator[Remark]]


def error(step: Step, rule: str, says: str, fix: str, key: str = "") -> Remark:
    """What keeps the journey from being published, said of a step or of one of its keys."""
    return Remark(f"steps.{step.id}" + (f".{key}" if key else ""), rule, Level.ERROR, says, fix)


def warning(step: Step, rule: str, says: str, fix: str, key: str = "") -> Remark:
    """What is worth a second look, said of a step or of one of its keys."""
    return error(step, rule, says, fix, key)._replace(level=Level.WARNING)
