"""Local time: the next such hour on a member's own clock (law 10).

An hour that a clock skips (a gap) becomes the first valid minute after it; one that comes twice (a fold) is the first.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: Days looked at: a week, and one for a day that a zone leaves out (Samoa's 30 December 2011).
_DAYS = 9


@lru_cache(maxsize=1000)
def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone, or None where the name means none."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def first_known(names: Iterable[str | None]) -> ZoneInfo:
    """The first name that is a zone: the member's, else their chapter's, else the organization's; else UTC."""
    return next((zone for name in names if (zone := zone_named(name)) is not None), ZoneInfo("UTC"))


def next_local(now: datetime, zone: ZoneInfo, hour: time, weekdays: Sequence[int] = ()) -> datetime:
    """The first such moment after `now` (aware UTC); weekdays count from Monday as 0, none of them means any day."""
    today = now.astimezone(zone).date()
    for ahead in range(_DAYS):
        day = today + timedelta(days=ahead)
        if weekdays and day.weekday() not in weekdays:
            continue
        moment = instant(datetime.combine(day, hour), zone)
        if moment > now:
            return moment
    raise ValueError(f"no {hour} on weekdays {weekdays} within {_DAYS} days of {now} in {zone}")


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """When a clock of the zone first shows `local` (naive), or the first minute after a gap that skips it."""
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    # In a gap: with the offset before it we land after the change, with the one after it before the change.
    after, before = moment, local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    exact = after.replace(microsecond=0)
    return exact if exact.astimezone(zone).utcoffset() == offset else exact + timedelta(seconds=1)
