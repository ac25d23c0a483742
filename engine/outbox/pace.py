"""Pace: how fast a number of ours may speak. Carriers drop what comes faster than a number's rate.

Moments are reserved in a row per number, inside the transaction that is committed before the provider is called, so all
couriers of all processes together keep the rate. A text that its courier begins too late for its moment gives it up: so
in no second more segments leave than the rate allows, whatever the machine's load.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.bulk import insert_new
from engine.base.clock import Clock
from engine.base.db import table_of
from engine.outbox.line import NumberPace

#: A moment is not before so long after it was reserved: the reservation must be committed first.
LEAD = timedelta(milliseconds=250)
#: How late a courier may begin, and how much later still the provider may hear it.
LATEST, ON_THE_WAY = timedelta(milliseconds=100), timedelta(milliseconds=100)
#: Moments are given this far ahead. Beyond it a text goes back to its queue, so that an answer overtakes broadcasts.
HORIZON = timedelta(seconds=2)
#: What a text says while it waits for its number.
WAITS = "Our number sends one text after the other; this one waits for its turn."
#: After a carrier found us too fast, a number keeps to this share of its rate for so long.
SLOWED_SHARE, SLOWED_FOR = 0.25, timedelta(hours=1)
#: The row that all our numbers share: what the carriers let our brand send in a minute.
BRAND = "brand"
#: A little room, for clocks and rounding.
_ROOM = 1.02

#: Seconds slept at a time, and at first, to see whether time goes on at all: in a sandbox it may stand.
_NAP, _FIRST_NAP = 0.2, 0.001

_PACE = table_of(NumberPace)


@dataclass(frozen=True, slots=True)
class Wish:
    """A text that wants to leave: by which number, how many segments, whether it may wait behind others."""

    key: int
    our_number: str
    segments: int
    may_wait: bool = False
    #: It was put off before to keep the pace.
    has_waited: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """When a text leaves: at a moment that is its own (`granted`), or else when to ask again."""

    at: datetime
    granted: bool


def reserve(
    session: Session, wishes: Sequence[Wish], per_second: float, now: datetime, per_minute: float = 0
) -> dict[int, Turn]:
    """A turn for each wish, by its key; granted moments are nobody else's once this transaction is committed.

    `per_minute`: segments that all numbers together may send within any minute; 0: as many as they can.
    """
    numbers = {wish.our_number for wish in wishes}
    paces = _locked(session, numbers | {BRAND} if per_minute and numbers else numbers, now)
    brand = paces.get(BRAND)
    of_brand = spacing(per_minute, 60.0) if per_minute else timedelta()
    turns: dict[int, Turn] = {}
    for wish in wishes:
        pace = paces[wish.our_number]
        slow = pace.slowed_until is not None and pace.slowed_until > now
        room = spacing(per_second * (SLOWED_SHARE if slow else 1.0)) * max(1, wish.segments)
        moment = max(pace.next_at, now + LEAD, brand.next_at if brand is not None else now)
        if moment <= now + HORIZON:
            turns[wish.key] = Turn(moment, granted=True)
            pace.next_at = moment + room
            if brand is not None:
                brand.next_at = moment + of_brand * max(1, wish.segments)
        elif wish.may_wait and not wish.has_waited:
            # They queue behind one another where it is narrowest.
            last, more = pace, room
            if brand is not None and of_brand * max(1, wish.segments) > room / max(1, len(numbers)):
                last, more = brand, of_brand * max(1, wish.segments)
            tail = max(last.tail_at or moment, moment)
            turns[wish.key] = Turn(tail, granted=False)
            last.tail_at = tail + more
        else:
            turns[wish.key] = Turn(moment, granted=False)
    session.flush()
    return turns


def spacing(many: float, seconds: float = 1.0) -> timedelta:
    """How far apart the moments of two segments lie, so that with late ones too no such time ever holds more."""
    late = (LATEST + ON_THE_WAY).total_seconds()
    return timedelta(seconds=(seconds + late) * _ROOM / many)


def wait_for(moment: datetime, clock: Clock) -> bool:
    """It is the moment now: True; False when it is past already. Where time stands still nobody waits for it."""
    nap = _FIRST_NAP
    while True:
        now = clock.now()
        if now >= moment:
            return now - moment <= LATEST
        time.sleep(min((moment - now).total_seconds(), nap))
        if clock.now() == now:
            return True
        nap = _NAP


def slow_down(session: Session, our_number: str, now: datetime) -> None:
    """The number keeps to a share of its rate for a while."""
    pace = _locked(session, {our_number}, now)[our_number]
    pace.slowed_until = now + SLOWED_FOR
    session.flush()


def slowed_numbers(session: Session, now: datetime) -> list[str]:
    """The numbers that keep to a share of their rate now."""
    return list(
        session.scalars(
            select(NumberPace.our_number).where(NumberPace.slowed_until > now).order_by(NumberPace.our_number)
        )
    )


def _locked(session: Session, numbers: Iterable[str], now: datetime) -> dict[str, NumberPace]:
    # In one order, so that two couriers never wait for one another.
    wanted = sorted(set(numbers))
    query = (
        select(NumberPace)
        .where(NumberPace.our_number.in_(wanted))
        .order_by(NumberPace.our_number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.our_number: row for row in session.scalars(query)}
    missing = [number for number in wanted if number not in found]
    if missing:
        insert_new(session, _PACE, [{"our_number": number, "next_at": now} for number in missing])
        found = {row.our_number: row for row in session.scalars(query)}
    return found
