"""Engagement: how much a member takes part, as people here judge it, with its history."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.people.member import Member

#: From reading along, over coming now and then, taking part and giving time often, to carrying something with others.
LEVELS = (1, 2, 3, 4, 5)


class Assessment(Base):
    """One person's judgement at one time. Never made by a rule, never shown to the member as a grade."""

    __tablename__ = "assessment"
    __table_args__ = (Index(None, "member_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    level: Mapped[int] = mapped_column(SmallInteger)
    by_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    note: Mapped[str] = mapped_column(Text, default="")


def assess(session: Session, member: Member, level: int, by_id: int, note: str, now: datetime) -> bool:
    """The member is at that level from now on, and the judgement before it stays; False if nothing is new.

    Raises Invalid for a level that is none of LEVELS.
    """
    if level not in LEVELS:
        raise Invalid("Choose one of the levels.")
    if member.engagement == level and not note:
        return False
    session.add(Assessment(id=new_id(), created_at=now, member_id=member.id, level=level, by_id=by_id, note=note))
    member.engagement = level
    session.flush()
    record(session, by_id, "assessed", "member", member.id, now, level=level)
    return True


def assessments(session: Session, member_id: int, most: int = 20) -> list[Assessment]:
    """What people judged, the latest first."""
    return list(
        session.scalars(
            select(Assessment)
            .where(Assessment.member_id == member_id)
            .order_by(Assessment.created_at.desc(), Assessment.id.desc())
            .limit(most)
        )
    )
