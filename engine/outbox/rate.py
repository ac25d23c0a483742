"""Rate: how fast a journey sends. Its messages are given moments to leave, one after the other."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.bulk import insert_new
from engine.base.db import Base, table_of

HOUR = timedelta(hours=1)


class JourneyRate(Base):
    """From when on a journey may send its next message; only journeys that are published with a rate have a row."""

    __tablename__ = "journey_rate"

    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"), primary_key=True)
    created_at: Mapped[datetime]
    free_at: Mapped[datetime]


_RATE = table_of(JourneyRate)


def moments(session: Session, journey_id: int, per_hour: int, count: int, now: datetime) -> list[datetime]:
    """So many moments to send at, none before `now`, no more than `per_hour` of them in any hour, and now taken.

    Messages of several workers take their moments one worker after the other.
    """
    insert_new(session, _RATE, [{"journey_id": journey_id, "created_at": now, "free_at": now}])
    row = session.scalars(select(JourneyRate).where(JourneyRate.journey_id == journey_id).with_for_update()).one()
    session.refresh(row)
    first, apart = max(now, row.free_at), HOUR / per_hour
    row.free_at = first + apart * count
    session.flush()
    return [first + apart * place for place in range(count)]
