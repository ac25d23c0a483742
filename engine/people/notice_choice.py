"""Notice choice: how somebody who answers people hears that words wait for them."""

from collections.abc import Collection
from datetime import datetime, time

from sqlalchemy import SmallInteger, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base
from engine.base.errors import Invalid

#: By mail: each as it comes, at the full hour together, or not at all.
EACH, HOURLY, OFF = "each", "hourly", "off"
BY_MAIL = (EACH, HOURLY, OFF)
#: Their own hours are never wider than these (law 10).
EARLIEST, LATEST = time(8), time(21)
USUAL_HOURS = (time(9), time(20))


class NoticeChoice(Base):
    """One person's choice; who made none hears of each by mail and of none by text."""

    __tablename__ = "notice_choice"

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    by_mail: Mapped[str] = mapped_column(String(8), default=EACH)
    by_text: Mapped[bool] = mapped_column(default=False)
    #: Their hours for texts, in whole hours of their own clock.
    opens: Mapped[int] = mapped_column(SmallInteger, default=USUAL_HOURS[0].hour)
    closes: Mapped[int] = mapped_column(SmallInteger, default=USUAL_HOURS[1].hour)


def choice_of(session: Session, member_id: int) -> NoticeChoice:
    """Their choice, or what holds for whoever made none (a row that is not kept)."""
    return choices_of(session, [member_id])[member_id]


def choices_of(session: Session, member_ids: Collection[int]) -> dict[int, NoticeChoice]:
    """The choice of each of these people."""
    rows = session.scalars(select(NoticeChoice).where(NoticeChoice.member_id.in_(member_ids)))
    found = {row.member_id: row for row in rows}
    return {each: found.get(each) or _usual(each) for each in member_ids}


def choose(
    session: Session, member_id: int, now: datetime, *, by_mail: str, by_text: bool, opens: int, closes: int
) -> NoticeChoice:
    """From now on they hear of words so. Raises Invalid, in a sentence, for what cannot be chosen."""
    if by_mail not in BY_MAIL:
        raise Invalid("Choose how notices come by mail: each, hourly, or off.")
    if not EARLIEST.hour <= opens < closes <= LATEST.hour:
        raise Invalid("Choose hours for texts between 8 and 21 o’clock, the first before the last.")
    row = session.get(NoticeChoice, member_id)
    if row is None:
        row = NoticeChoice(member_id=member_id, created_at=now)
        session.add(row)
    row.by_mail, row.by_text, row.opens, row.closes = by_mail, by_text, opens, closes
    session.flush()
    return row


def _usual(member_id: int) -> NoticeChoice:
    return NoticeChoice(
        member_id=member_id, by_mail=EACH, by_text=False, opens=USUAL_HOURS[0].hour, closes=USUAL_HOURS[1].hour
    )
