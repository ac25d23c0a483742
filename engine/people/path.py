"""Path and stage: where a member is with us, moved only with evidence."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id

BELONGING = "belonging"
#: In order; a member may move back, and resting is no failure.
BELONGING_STAGES = ("curious", "connected", "active", "leading", "resting")


class Stage(Base):
    """The stage a member is at on one path."""

    __tablename__ = "stage"
    __table_args__ = (Index(None, "path", "stage", "member_id"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(60), primary_key=True)
    created_at: Mapped[datetime]
    stage: Mapped[str] = mapped_column(String(40))
    change_id: Mapped[int]


class StageChange(Base):
    """A move with its evidence: the words, meeting or decision it rests on."""

    __tablename__ = "stage_change"
    __table_args__ = (Index(None, "member_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    path: Mapped[str] = mapped_column(String(60))
    from_stage: Mapped[str | None] = mapped_column(String(40))
    to_stage: Mapped[str] = mapped_column(String(40))
    evidence: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    enrollment_id: Mapped[int | None]
    message_id: Mapped[int | None]


def move(
    session: Session,
    member_id: int,
    path: str,
    to_stage: str,
    evidence: str,
    now: datetime,
    *,
    by_id: int | None = None,
    enrollment_id: int | None = None,
    message_id: int | None = None,
) -> StageChange | None:
    """The member is at `to_stage`, with a StageChange saying why; None when they were there already."""
    current = session.get(Stage, (member_id, path))
    if current is not None and current.stage == to_stage:
        return None
    change = StageChange(
        id=new_id(),
        created_at=now,
        member_id=member_id,
        path=path,
        from_stage=current.stage if current else None,
        to_stage=to_stage,
        evidence=evidence,
        by_id=by_id,
        enrollment_id=enrollment_id,
        message_id=message_id,
    )
    session.add(change)
    if current is None:
        session.add(Stage(member_id=member_id, path=path, created_at=now, stage=to_stage, change_id=change.id))
    else:
        current.stage, current.change_id, current.created_at = to_stage, change.id, now
    session.flush()
    return change
