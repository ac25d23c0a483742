"""Conditions on what the member has done, and on their ties: read from the signals that were written of it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from engine.audience.scope import Holds, Scope
from engine.enrollments.signal import Signal
from engine.people.member import Member


def happened(scope: Scope, kind: str, key: str, name: str | None, within: timedelta | None) -> Holds:
    """There is a signal of this kind, about this (None: any), and no older."""
    return scope.has(Signal.member_id, *_about(scope, kind, key, name, within))


def tied(scope: Scope, kind: str | None, at_least: int) -> Holds:
    """They are tied to at least so many others, each counted once."""
    so = _about(scope, "tied", "tie", kind, None)
    if at_least == 1:
        return scope.has(Signal.member_id, *so)
    others = select(func.count(func.distinct(Signal.detail["with_id"].as_string()))).where(
        Signal.member_id == Member.id, *so
    )
    return others.correlate(Member).scalar_subquery() >= at_least


def _about(scope: Scope, kind: str, key: str, name: str | None, within: timedelta | None) -> list[Any]:
    so: list[Any] = [Signal.kind == kind, Signal.created_at <= scope.now]
    if name is not None:
        so.append(Signal.detail[key].as_string() == name)
    if within is not None:
        so.append(Signal.created_at >= scope.now - within)
    return so
