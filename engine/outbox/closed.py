"""Closed: queues from which nothing is taken just now, and why. What stands in them stays where it is.

A queue is closed as a whole, so that a million letters that wait cost nothing while they do. What is put off one by one
says why in its own row (engine.outbox.gate); what stands in a closed queue says what is said here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.settings import Settings
from engine.outbox import sending_pause, text_day, warm_up
from engine.outbox.classes import ranks_of, ranks_paused, ranks_to_many
from engine.outbox.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Closed:
    """Ranks that nothing is taken of: why, and when they open again (None: when a person says so)."""

    ranks: frozenset[int]
    reason: str
    until: datetime | None = None


def open_days(session: Session, settings: Settings, channel: str, now: datetime) -> None:
    """What is counted by the day has a row for today."""
    if channel == "sms":
        text_day.today(session, settings.sms, now)
    else:
        warm_up.today(session, settings, now)


def closed(session: Session, channel: str, now: datetime) -> tuple[Closed, ...]:
    """Everything that is closed of a channel's queues."""
    found: list[Closed] = []
    pause = sending_pause.open_pause(session)
    if pause is not None:
        found.append(Closed(ranks_paused(channel), sending_pause.said(pause)))
    if channel == "sms":
        day = text_day.row_of(session, now)
        if day is not None and day.used >= day.cap:
            found.append(Closed(frozenset(ranks_of("sms")), text_day.said(day), day.ends_at))
        elif day is not None and day.full_at is not None:
            found.append(Closed(text_day.ranks_that_leave_room(), text_day.said(day), day.ends_at))
    else:
        warm = warm_up.row_of(session, now)
        if warm is not None and warm.used >= warm.allowance:
            found.append(Closed(ranks_to_many("email"), warm_up.said(warm), warm.ends_at))
    return tuple(found)


def ranks_closed(session: Session, channel: str, now: datetime) -> frozenset[int]:
    """The ranks of a channel that nothing is taken of now."""
    return frozenset(rank for each in closed(session, channel, now) for rank in each.ranks)


def closings(session: Session, deliveries: Collection[Delivery], now: datetime) -> dict[int, Closed]:
    """Of those of these deliveries that stand in a closed queue: what closes it."""
    found: dict[int, Closed] = {}
    for channel in {each.channel for each in deliveries if each.state == "queued"}:
        for shut in closed(session, channel, now):
            for each in deliveries:
                here = each.channel == channel and each.state == "queued" and each.send_at <= (shut.until or now)
                if here and each.rank in shut.ranks:
                    found.setdefault(each.id, shut)
    return found
