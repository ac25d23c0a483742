"""Warm-up: a new sending domain sends a little more to many each day, so that mail hosts learn to know its name.

The table is a setting. A day of it counts when at least half of what it allowed has left; after a day on which many
were refused for now, or readers complained, the same day comes again, and after a bad one the day before it.
"""

from datetime import date, datetime, time, timedelta

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.bulk import insert_new
from engine.base.db import Base, table_of
from engine.base.local_time import first_known, instant
from engine.base.settings import Settings
from engine.outbox.mail_tally import Sum, summed

#: Of what was sent on a day: refused for now, and called unwanted. From so many on the day is repeated, and from twice
#: as many it goes back; fewer than FEWEST tell nothing.
PUT_OFF_SHARE, COMPLAINED_SHARE = 0.05, 0.001
FEWEST_PUT_OFF, FEWEST_COMPLAINTS = 10, 2


class WarmUpDay(Base):
    """One day of our sending domain's, where the organization is."""

    __tablename__ = "warm_up_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    #: Its place in the table, from 0.
    place: Mapped[int]
    #: Letters to many that may leave on it, and have.
    allowance: Mapped[int]
    used: Mapped[int] = mapped_column(default=0)
    #: Why it is no further than the day before; empty: it is.
    says: Mapped[str] = mapped_column(String(200), default="")


_DAY = table_of(WarmUpDay)


def today(session: Session, settings: Settings, now: datetime) -> WarmUpDay | None:
    """Today's row, made where it was not there; None where the domain is warm, or never was to be warmed."""
    if settings.warm_up.began is None:
        row = row_of(session, now)
        if row is not None:
            session.delete(row)
            session.flush()
        return None
    zone = first_known([settings.organization.zone])
    day, began = now.astimezone(zone).date(), settings.warm_up.began
    days = settings.warm_up.days
    row = session.get(WarmUpDay, day)
    if row is not None:
        if day == began and row.place:
            # It begins again today, in the midst of an earlier table.
            row.place, row.allowance, row.says = 0, days[0], ""
            session.flush()
        return row
    place, says = _after(session, day, began)
    if day < began or place >= len(days):
        return None
    ends = instant(datetime.combine(day + timedelta(days=1), time()), zone)
    values = {"day": day, "created_at": now, "ends_at": ends, "place": place, "allowance": days[place], "used": 0}
    insert_new(session, _DAY, [{**values, "says": says}])
    return session.get_one(WarmUpDay, day)


def standing(session: Session, settings: Settings, now: datetime) -> tuple[int, int] | None:
    """Where the domain stands today: its place in the table and what it has used; None where it is warm."""
    if settings.warm_up.began is None:
        return None
    row = row_of(session, now)
    if row is not None:
        return row.place, row.used
    day = now.astimezone(first_known([settings.organization.zone])).date()
    place, _ = _after(session, day, settings.warm_up.began)
    return (place, 0) if place < len(settings.warm_up.days) and day >= settings.warm_up.began else None


def row_of(session: Session, now: datetime) -> WarmUpDay | None:
    """The row of the day that it is now, if there is one."""
    query = select(WarmUpDay).where(WarmUpDay.ends_at > now, WarmUpDay.created_at <= now)
    return session.scalars(query.order_by(WarmUpDay.ends_at).limit(1)).first()


def take(session: Session, many: int, now: datetime) -> int:
    """How many of so many letters may leave today; they are counted. All of them where nothing is warmed up."""
    row = row_of(session, now)
    if row is None or not many:
        return many
    session.refresh(row, with_for_update=True)
    granted = max(0, min(many, row.allowance - row.used))
    row.used += granted
    session.flush()
    return granted


def give_back(session: Session, many: int, now: datetime) -> None:
    """So many that were counted have not left after all, and are counted when they do."""
    row = row_of(session, now) if many else None
    if row is not None:
        session.refresh(row, with_for_update=True)
        row.used = max(0, row.used - many)
        session.flush()


def said(row: WarmUpDay) -> str:
    """The sentence that says why letters to many wait for tomorrow."""
    slower = f" {row.says}" if row.says else ""
    return (
        f"Our mail domain is new: on day {row.place + 1} of its warm-up {row.allowance:,} letters to many may leave, "
        f"and have.{slower} This goes on at {row.ends_at:%H:%M} UTC on {row.ends_at:%d %B %Y}."
    )


def days_for(many: int, days: tuple[int, ...], place: int = 0, used: int = 0) -> list[int]:
    """How many of so many letters leave on each day from today on, at this place of the table, if all goes well."""
    found: list[int] = []
    while many > 0:
        here = max(0, days[place] - used) if place < len(days) else many
        found.append(min(many, here))
        many, place, used = many - found[-1], place + 1, 0
    return found


def _after(session: Session, day: date, began: date) -> tuple[int, str]:
    """The place of this day in the table, by the last one before it, and why it is no further.

    Days before it `began` are another table's: of another domain, or of before a provider blocked us.
    """
    earlier = select(WarmUpDay).where(WarmUpDay.day < day, WarmUpDay.day >= began).order_by(WarmUpDay.day.desc())
    before = session.scalars(earlier.limit(1)).first()
    return _next_place(session, before) if before is not None else (0, "")


def _next_place(session: Session, before: WarmUpDay) -> tuple[int, str]:
    """The place in the table of the day after this one, and why it is no further."""
    began = before.ends_at - timedelta(days=1)
    return next_place(before, summed(session, None, began, before.ends_at - timedelta(seconds=1)))


def next_place(before: WarmUpDay, had: Sum) -> tuple[int, str]:
    """What follows on a day that had so much trouble."""
    sent = max(1, had.sent + had.put_off)
    put_off = had.put_off / sent if had.put_off >= FEWEST_PUT_OFF else 0.0
    complained = had.complained / had.delivered if had.complained >= FEWEST_COMPLAINTS else 0.0
    trouble = max(put_off / PUT_OFF_SHARE, complained / COMPLAINED_SHARE)
    what = (
        f"{had.put_off:,} letters were refused for now"
        if put_off / PUT_OFF_SHARE >= complained / COMPLAINED_SHARE
        else f"{had.complained:,} readers complained"
    )
    if trouble >= 2:
        return max(0, before.place - 1), f"The day before {what}, so it goes a step back."
    if trouble >= 1:
        return before.place, f"The day before {what}, so it goes no further."
    if before.used * 2 < before.allowance:
        return before.place, ""
    return before.place + 1, ""
