"""Waiting: how much of each class is due to leave, since when, and what nobody has taken in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from engine.outbox.classes import CLASSES, rank_of, ranks_of
from engine.outbox.closed import ranks_closed
from engine.outbox.delivery import OutboxDue

#: A delivery that should have left this long ago means that nothing sends.
SEND_WITHIN = timedelta(minutes=15)

#: Classes of one rank stand in one queue, which has the first one's name. Texts have others, counted with it.
QUEUES = {CLASSES[name].rank: name for name in reversed(tuple(CLASSES))}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue of the courier's: what is due in it now, since when, and how much of that is late."""

    message_class: str
    due: int
    since: datetime | None
    late: int


def waiting(session: Session, now: datetime) -> list[Waiting]:
    """Every queue, the highest class first, also where nothing is due."""
    return [_waiting(session, name, now) for _, name in sorted(QUEUES.items())]


def late(session: Session, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a delivery that should have left long ago and that no courier has.

    What stands in a closed queue is not late: something holds it back, and says so.
    """
    ranks = {channel: ranks_closed(session, channel, now) for channel in ("email", "sms")}
    return (
        OutboxDue.rank.in_([rank for channel, shut in ranks.items() for rank in ranks_of(channel) if rank not in shut]),
        OutboxDue.send_at < now - SEND_WITHIN,
        or_(OutboxDue.leased_until_at.is_(None), OutboxDue.leased_until_at < now),
    )


def _waiting(session: Session, name: str, now: datetime) -> Waiting:
    ranks = [
        rank_of(name, channel, tells_of_pause=tells)
        for channel in ("email", "sms")
        for tells in ((False, True) if name == "staff" else (False,))
    ]
    here = OutboxDue.rank.in_(ranks)
    mine = (here, OutboxDue.send_at <= now)
    since = session.scalar(select(func.min(OutboxDue.send_at)).where(*mine))
    if since is None:
        return Waiting(name, 0, None, 0)
    due = session.scalar(select(func.count()).where(*mine)) or 0
    behind = 0
    if since < now - SEND_WITHIN:
        behind = session.scalar(select(func.count()).where(here, *late(session, now))) or 0
    return Waiting(name, due, since, behind)
