"""Local days: what day it is where, so that a condition on today needs no zones in SQL."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import and_, or_, true

from engine.audience.scope import Holds
from engine.people.member import Member


def local_days(now: datetime) -> Mapping[date, list[str]]:
    """Each day that it is somewhere now, with the zones where it is."""
    days: dict[date, list[str]] = defaultdict(list)
    for zone in _zones():
        days[now.astimezone(zone).date()].append(zone.key)
    return days


def today(now: datetime, holds: Callable[[date], Holds | bool]) -> Holds:
    """`holds` is so of the day that it is where the member lives.

    Who lives nobody knows where counts only when it is so of every day that it is somewhere (law 10).
    """
    told = {day: (zones, holds(day)) for day, zones in local_days(now).items()}
    if all(answer is True for _, answer in told.values()):
        return true()
    there = [
        and_(Member.zone.is_not(None), Member.zone.in_(sorted(zones)), true() if answer is True else answer)
        for zones, answer in told.values()
        if answer is not False
    ]
    everywhere = [true() if answer is True else answer for _, answer in told.values() if answer is not False]
    if len(everywhere) == len(told):
        there.append(and_(*everywhere))
    return or_(*there) if there else ~true()


@cache
def _zones() -> tuple[ZoneInfo, ...]:
    return tuple(ZoneInfo(name) for name in sorted(available_timezones()))
