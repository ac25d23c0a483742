"""MemberPace: how often somebody wants to hear from us by machine, in their own words."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ForeignKey, SmallInteger, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.asking import ManyAsked
from engine.base.db import Base
from engine.base.stored_time import time_loader

#: How long PAUSE holds their journeys.
PAUSED_FOR = timedelta(days=30)
#: More halvings than this make no cap smaller.
_MOST_HALVINGS = 6


class Wish(StrEnum):
    """What a member asks of our pace: half as much, nothing for thirty days, or as before."""

    LESS = "less"
    PAUSE = "pause"
    MORE = "more"


class MemberPace(Base):
    """What somebody asked for; without a row, as the settings say. The audit log has its history."""

    __tablename__ = "member_pace"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    created_at: Mapped[datetime]
    #: How often they asked for less: each time half of the cap.
    halvings: Mapped[int] = mapped_column(SmallInteger, default=0)
    #: Messages a week that they chose; None: as many as the settings say.
    per_week: Mapped[int | None] = mapped_column(SmallInteger)
    paused_until_at: Mapped[datetime | None]
    set_at: Mapped[datetime]


class Pace(NamedTuple):
    """How often one member hears from us by machine."""

    halvings: int = 0
    per_week: int | None = None
    paused_until: datetime | None = None

    def of(self, cap: int) -> int:
        """Their own cap, where everybody's is `cap`: never less than one, for PAUSE says "none"."""
        own = cap if self.per_week is None else min(cap, self.per_week)
        return max(1, own >> self.halvings)


USUAL = Pace()
_PACES = ManyAsked(
    lambda among: select(
        MemberPace.member_id, MemberPace.halvings, MemberPace.per_week, MemberPace.paused_until_at
    ).where(among(MemberPace.member_id))
)


def paces(session: Session, member_ids: Collection[int]) -> dict[int, Pace]:
    """The pace of each of these members who has one of their own."""
    moment = time_loader(session)
    return {
        member_id: Pace(halvings, per_week, None if until is None else moment(until))
        for member_id, halvings, per_week, until in _PACES.rows(session, member_ids)
    }


def paused_members(session: Session, member_ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """Those of these members who asked us to pause, and until when."""
    return {
        member_id: pace.paused_until
        for member_id, pace in paces(session, member_ids).items()
        if pace.paused_until is not None and pace.paused_until > now
    }


def ask_pace(session: Session, member_id: int, wish: Wish, now: datetime) -> Pace:
    """The member's pace is as they asked, from now on."""
    row = _row(session, member_id, now)
    match wish:
        case Wish.LESS:
            row.halvings = min(row.halvings + 1, _MOST_HALVINGS)
        case Wish.PAUSE:
            row.paused_until_at = now + PAUSED_FOR
        case Wish.MORE:
            row.halvings, row.paused_until_at = 0, None
    row.set_at = now
    session.flush()
    record(session, member_id, "pace_set", "member", member_id, now, wish=str(wish))
    return Pace(row.halvings, row.per_week, row.paused_until_at)


def agree_pace(session: Session, member_id: int, per_week: int | None, now: datetime, by_id: int | None = None) -> None:
    """The member hears from us at most so often a week, whatever they asked before; None: as everybody."""
    row = _row(session, member_id, now)
    row.per_week, row.halvings, row.paused_until_at, row.set_at = per_week, 0, None, now
    session.flush()
    record(session, by_id, "pace_set", "member", member_id, now, per_week=per_week)


def join_paces(session: Session, kept_id: int, gone_id: int, now: datetime) -> None:
    """The kept member has the slower of both paces."""
    gone = session.get(MemberPace, gone_id)
    if gone is None:
        return
    row = _row(session, kept_id, now)
    row.halvings = max(row.halvings, gone.halvings)
    row.per_week = min((each for each in (row.per_week, gone.per_week) if each is not None), default=None)
    row.paused_until_at = max(
        (each for each in (row.paused_until_at, gone.paused_until_at) if each is not None), default=None
    )
    row.set_at = now
    session.delete(gone)
    session.flush()


def _row(session: Session, member_id: int, now: datetime) -> MemberPace:
    row = session.get(MemberPace, member_id)
    if row is None:
        row = MemberPace(member_id=member_id, created_at=now, halvings=0, set_at=now)
        session.add(row)
    return row
