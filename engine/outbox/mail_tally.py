"""Mail tally: how many letters of each chapter left in each hour, and what came of them.

Brakes and the warm-up judge by these few rows, so that judging costs the same with a thousand letters or a million.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.bulk import insert_into
from engine.base.db import Base, table_of
from engine.outbox.delivery import AnyDelivery

#: The chapter of what is no chapter's.
NONE = 0
HOUR = timedelta(hours=1)


class MailTally(Base):
    """One hour of one chapter's mail."""

    __tablename__ = "mail_tally"
    __table_args__ = {"sqlite_with_rowid": False}

    chapter_id: Mapped[int] = mapped_column(primary_key=True)
    hour_at: Mapped[datetime] = mapped_column(primary_key=True)
    sent: Mapped[int] = mapped_column(default=0)
    #: Refused for now by the readers' mail hosts.
    put_off: Mapped[int] = mapped_column(default=0)
    #: Came back for good, and called unwanted.
    bounced: Mapped[int] = mapped_column(default=0)
    complained: Mapped[int] = mapped_column(default=0)


_TALLY = table_of(MailTally)
_WHATS = ("sent", "put_off", "bounced", "complained")


@dataclass(frozen=True, slots=True)
class Sum:
    """What a time adds up to."""

    sent: int = 0
    put_off: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def delivered(self) -> int:
        """Letters that left and did not come back; at least one, so that a share of it can be told."""
        return max(1, self.sent - self.bounced)


def count_mail(session: Session, what: str, deliveries: Iterable[AnyDelivery], now: datetime) -> None:
    """So many more of these deliveries' chapters were `sent`, `put_off`, `bounced` or `complained` in this hour."""
    many = Counter(each.chapter_id or NONE for each in deliveries if each.channel == "email")
    if not many:
        return
    hour = hour_of(now)
    # In one order, so that two couriers never wait for one another.
    rows = [
        {"chapter_id": chapter_id, "hour_at": hour, **dict.fromkeys(_WHATS, 0), what: count}
        for chapter_id, count in sorted(many.items())
    ]
    statement = insert_into(session, _TALLY)
    more = {what: _TALLY.c[what] + statement.excluded[what]}
    session.execute(statement.values(rows).on_conflict_do_update(index_elements=["chapter_id", "hour_at"], set_=more))


def summed(session: Session, chapter_id: int | None, since: datetime, now: datetime) -> Sum:
    """What the hours of one chapter from `since` on add up to; None: of everybody."""
    query = select(*(func.coalesce(func.sum(_TALLY.c[what]), 0) for what in _WHATS)).where(
        _TALLY.c.hour_at >= hour_of(since), _TALLY.c.hour_at <= now
    )
    if chapter_id is not None:
        query = query.where(_TALLY.c.chapter_id == chapter_id)
    return Sum(*(int(value) for value in session.execute(query).one()))


def hour_of(moment: datetime) -> datetime:
    """The full hour that a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)
