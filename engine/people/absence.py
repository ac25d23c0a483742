"""Absence: somebody who answers people is away, since when and until when."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, bindparam, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.foreseen import foreseeable
from engine.base.ids import new_id


class Absence(Base):
    """Somebody is away from then on, until a time or until they say that they are back."""

    __tablename__ = "absence"
    __table_args__ = (Index(None, "member_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: None: until they say so.
    until_at: Mapped[datetime | None]
    #: When they came back before that.
    ended_at: Mapped[datetime | None]
    #: Who said it.
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: `page` (`web` before), `mail`, `text`, `command`.
    how: Mapped[str] = mapped_column(String(10), default="")
    #: When whom they are there for was given back to them; None while they are away.
    given_back_at: Mapped[datetime | None]


class HandedMember(Base):
    """While somebody is away, another is there for this member."""

    __tablename__ = "handed_member"
    __table_args__ = {"sqlite_with_rowid": False}

    absence_id: Mapped[int] = mapped_column(ForeignKey("absence.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("member.id"))


def goes_away(
    session: Session, member_id: int, until_at: datetime | None, by_id: int | None, how: str, now: datetime
) -> Absence:
    """They are away from now on. Whoever was away already is away until the new time, in the same absence."""
    row = absence_of(session, member_id, now)
    if row is None:
        row = Absence(id=new_id(), created_at=now, member_id=member_id, by_id=by_id, how=how)
        session.add(row)
    row.until_at = until_at
    session.flush()
    record(session, by_id, "went_away", "member", member_id, now)
    return row


def comes_back(session: Session, member_id: int, by_id: int | None, now: datetime) -> bool:
    """They are here again; False when they were not away."""
    row = absence_of(session, member_id, now)
    if row is None:
        return False
    row.ended_at = now
    session.flush()
    record(session, by_id, "came_back", "member", member_id, now)
    return True


def absence_of(session: Session, member_id: int, now: datetime) -> Absence | None:
    """The absence somebody is in now."""
    if absences_of.is_foreseen(session, member_id):
        theirs = absences_of(session, member_id)
        return next((each for each in theirs if each.until_at is None or each.until_at > now), None)
    return session.scalar(select(Absence).where(Absence.member_id == member_id, *_now(now)).limit(1))


@foreseeable
def absences_of(session: Session, member_id: int) -> list[Absence]:
    """The absences of somebody that they did not end themselves."""
    return list(session.scalars(select(Absence).where(Absence.member_id == member_id, Absence.ended_at.is_(None))))


def foresee_absences(session: Session, member_ids: Collection[int], now: datetime) -> None:
    """It is known which of these people are away."""
    found: dict[int, list[Absence]] = {member_id: [] for member_id in member_ids}
    for row in _AWAY.found(session, found, now=now):
        found[row.member_id].append(row)
    for member_id, rows in found.items():
        absences_of.foresee(session, rows, member_id)


def away_among(session: Session, member_ids: Collection[int], now: datetime) -> set[int]:
    """Those of these people who are away now."""
    if not member_ids:
        return set()
    return set(session.scalars(select(Absence.member_id).where(Absence.member_id.in_(member_ids), *_now(now))))


def away_now(now: datetime) -> Select[tuple[int]]:
    """The ids of everybody who is away, as a query."""
    return select(Absence.member_id).where(*_now(now))


def over(session: Session, now: datetime) -> list[Absence]:
    """Absences that have ended, whose members are still another's."""
    return list(
        session.scalars(
            select(Absence)
            .where(Absence.given_back_at.is_(None), or_(Absence.ended_at.is_not(None), Absence.until_at <= now))
            .order_by(Absence.id)
        )
    )


def _now(now: Any) -> tuple[ColumnElement[bool], ...]:
    return Absence.ended_at.is_(None), or_(Absence.until_at.is_(None), Absence.until_at > now)


_AWAY = ManyAsked(lambda one_of: select(Absence).where(one_of(Absence.member_id), *_now(bindparam("now"))))
