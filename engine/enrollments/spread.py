"""Spread: an hour that very many wait for is shared out, so that a million members at 9:00 are no spike.

Each member has one place in it for each journey, for ever: seeded, so that it can be told again, and never drawn.
"""

import hashlib
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.local_time import instant
from engine.enrollments.enrollment import Enrollment

#: Over how long an hour is spread at most, where a journey does not say so itself.
MOST = timedelta(minutes=20)
#: So many people on a journey take all of it; fewer take their part of it, in whole minutes.
MANY = 20_000


def spread_for(session: Session, journey_id: int) -> timedelta:
    """Over how long an hour of this journey is spread, by how many people are on it: none for a small group."""
    some = (
        select(Enrollment.id)
        .where(Enrollment.journey_id == journey_id, Enrollment.ended_at.is_(None))
        .limit(MANY)
        .subquery()
    )
    people = session.scalar(select(func.count()).select_from(some)) or 0
    return timedelta(minutes=int(MOST / timedelta(minutes=1) * people / MANY))


def place_in(span: timedelta, member_id: int, journey: str) -> timedelta:
    """The member's own place in a span of this journey, in whole seconds: at least nothing, and less than the span."""
    if span <= timedelta(0):
        return timedelta(0)
    digest = hashlib.blake2b(f"{journey}:{member_id}".encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "big") / 2**64
    return timedelta(seconds=int(span.total_seconds() * share))


class Spread(NamedTuple):
    """How an hour of one journey is shared out."""

    span: timedelta
    journey: str
    #: Hours of the member's own clock that nobody's place may reach: when texts may arrive no more, or it grows quiet.
    closes: tuple[time, ...] = ()

    def share(self, at: datetime, zone: ZoneInfo, member_id: int) -> datetime:
        """The member's own moment: `at` or later, on the same day of their clock, and in the same window."""
        local = at.astimezone(zone)
        ends = [instant(datetime.combine(local.date() + timedelta(days=1), time(0)), zone)]
        ends += [instant(datetime.combine(local.date(), each), zone) for each in self.closes if each > local.time()]
        return at + place_in(min(self.span, min(ends) - at), member_id, self.journey)
