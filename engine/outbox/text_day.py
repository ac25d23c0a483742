"""Text day: what our brand may send by text in one day of the carriers', and what it has.

T-Mobile counts the segments and picture messages of a registered brand, two thousand a day for most, until midnight
Pacific time (https://support.twilio.com/hc/en-us/articles/1260804800549, "T-Mobile daily message limits"; the clock:
https://docs.bird.com/applications/channels/channels/supported-channels/sms/concepts/sms-10dlc/throughput-and-daily-caps).
Whose phone is whose is not known for sure, so every segment counts, whatever its carrier. What goes to many leaves the
last of it for answers. A text is counted before it is handed over, so no day ever has more than its cap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.bulk import insert_new
from engine.base.db import Base, table_of
from engine.base.local_time import instant, zone_named
from engine.base.setting_groups.texting import Texting
from engine.outbox.classes import CLASSES, Window, rank_of

_UTC = "UTC"
#: What a text says that met the end of its day.
TOMORROW = "What our brand may send in a day of the carriers' is used up; this goes on tomorrow, within texting hours."


class TextDay(Base):
    """One day of the brand's, by the carriers' clock."""

    __tablename__ = "text_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(60))
    #: Segments (a picture message is one) that may leave on it, and how many of them what goes to many may not take.
    cap: Mapped[int]
    kept: Mapped[int]
    used: Mapped[int] = mapped_column(default=0)
    #: When what goes to many had its share.
    full_at: Mapped[datetime | None]
    #: When another cap opened it again after it had been full.
    opened_at: Mapped[datetime | None]

    @property
    def is_full(self) -> bool:
        """Whether texts wait for the next day."""
        return self.full_at is not None or self.used >= self.cap


_DAY = table_of(TextDay)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One text that is about to leave: how many segments, and whether it is an answer somebody waits for."""

    key: int
    segments: int
    may_wait: bool
    at: datetime


def today(session: Session, sms: Texting, now: datetime) -> TextDay | None:
    """Today's row, made or brought to the present settings; None where no cap is set."""
    row = row_of(session, now)
    if not sms.per_day:
        if row is not None and row.cap != NO_CAP:
            _allow(row, NO_CAP, 0, now)
            session.flush()
        return None
    if row is None:
        zone = zone_named(sms.day_zone) or zone_named(_UTC)
        assert zone is not None
        day = now.astimezone(zone).date()
        ends = instant(datetime.combine(day + timedelta(days=1), time()), zone)
        values = {"day": day, "created_at": now, "ends_at": ends, "zone": str(zone), "used": 0}
        insert_new(session, _DAY, [{**values, "cap": sms.per_day, "kept": sms.kept_for_answers}])
        row = session.get_one(TextDay, day)
    if (row.cap, row.kept) != (sms.per_day, sms.kept_for_answers):
        _allow(row, sms.per_day, sms.kept_for_answers, now)
        session.flush()
    return row


def _allow(row: TextDay, cap: int, kept: int, now: datetime) -> None:
    """The day may have so much from now on. What waited while it was full is not late: it could not leave before."""
    was_full = row.is_full
    row.cap, row.kept, row.full_at = cap, kept, None
    if was_full and not row.is_full:
        row.opened_at = now


#: More than any brand sends: the day's row stays, and holds nothing back.
NO_CAP = 2_000_000_000


def row_of(session: Session, now: datetime) -> TextDay | None:
    """The row of the day that it is now, if there is one."""
    return session.scalars(select(TextDay).where(TextDay.ends_at > now).order_by(TextDay.ends_at).limit(1)).first()


def opened_at(session: Session, now: datetime) -> datetime | None:
    """From when on what waited for a full day to end could leave: when it ended, or when another cap opened it again.

    None: no day was full.
    """
    full = or_(TextDay.full_at.is_not(None), TextDay.used >= TextDay.cap)
    ended = select(TextDay.ends_at).where(TextDay.ends_at <= now, full).order_by(TextDay.ends_at.desc()).limit(1)
    opened = select(TextDay.opened_at).where(TextDay.opened_at <= now).order_by(TextDay.opened_at.desc()).limit(1)
    return max((at for at in (session.scalar(ended), session.scalar(opened)) if at is not None), default=None)


def admit(session: Session, wanted: Sequence[Wanted], sms: Texting, now: datetime) -> dict[int, datetime]:
    """Those that leave are counted; of the others, by key: when the day begins on which they may.

    The row is locked until this transaction is over, so that all couriers together keep to the cap.
    """
    if not sms.per_day or not wanted:
        return {}
    waits: dict[int, datetime] = {}
    row: TextDay | None = None
    # By the day of each moment: some may lie just past midnight.
    for each in sorted(wanted, key=lambda one: one.at):
        if row is None or each.at >= row.ends_at:
            row = today(session, sms, each.at)
            assert row is not None
            session.refresh(row, with_for_update=True)
        room = row.cap - (row.kept if each.may_wait else 0) - row.used
        if each.segments <= room:
            row.used += each.segments
        else:
            waits[each.key] = row.ends_at
        if row.used >= row.cap - row.kept or (each.may_wait and each.key in waits):
            row.full_at = row.full_at or now
    session.flush()
    return waits


def give_back(session: Session, segments: int, at: datetime) -> None:
    """So many segments that were counted at this moment did not leave after all."""
    row = row_of(session, at)
    if row is not None and segments:
        session.refresh(row, with_for_update=True)
        row.used, row.full_at = max(0, row.used - segments), None
        session.flush()


def ranks_that_leave_room() -> frozenset[int]:
    """The queues of what goes to many, which leaves the last of a day for answers."""
    names = (name for name, row in CLASSES.items() if row.window is Window.TEXTING_HOURS)
    return frozenset(rank_of(name, "sms") for name in names)


def said(row: TextDay) -> str:
    """The sentence that says why texts wait for tomorrow."""
    return (
        f"Today's {row.cap:,} segments, all that our brand may send in a day of the carriers', are used up; "
        f"this goes on at {row.ends_at:%H:%M} UTC on {row.ends_at:%d %B %Y}, within texting hours."
    )
