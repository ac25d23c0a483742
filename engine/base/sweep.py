"""Sweeps: what finds all due work again, whatever the queue forgot."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

#: The ids of due rows, or [None] when a job looks for its rows itself.
Due = Callable[[Session, datetime], list[int | None]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every `every` (wall time), job `name` is woken for each row that `due` finds."""

    name: str
    due: Due
    every: timedelta
    #: It asks somebody outside for news, and so is never done: nothing is due by it that could be waited for.
    asks_outside: bool = False
