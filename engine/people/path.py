"""Path and stage: where a member is with us, moved only with evidence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id, table_of
from engine.base.ids import new_id, new_ids

#: Its stages are curious, connected, active, leading and resting; a member may move back, and resting is no failure.
BELONGING = "belonging"


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


_STAGE = table_of(Stage)
_STAGE_CHANGE = table_of(StageChange)


class Moving(NamedTuple):
    """One member's move by a journey's step, with the evidence it rests on."""

    member_id: int
    path: str
    to_stage: str
    evidence: str
    enrollment_id: int


def move_many(session: Session, moves: Sequence[Moving], now: datetime) -> int:
    """All these members are where they were moved to, each with its StageChange; how many were elsewhere before."""
    if not moves:
        return 0
    stages: dict[tuple[int, str], str] = {
        (member_id, path): stage
        for member_id, path, stage in session.execute(
            select(Stage.member_id, Stage.path, Stage.stage).where(
                Stage.member_id.in_({each.member_id for each in moves}), Stage.path.in_({each.path for each in moves})
            )
        )
    }
    before = dict(stages)
    changes = []
    arrived: dict[tuple[int, str], dict[str, object]] = {}
    for id_, each in zip(new_ids(len(moves)), moves, strict=True):
        place = (each.member_id, each.path)
        if stages.get(place) == each.to_stage:
            continue
        changes.append(
            {
                "id": id_,
                "created_at": now,
                "member_id": each.member_id,
                "path": each.path,
                "from_stage": stages.get(place),
                "to_stage": each.to_stage,
                "evidence": each.evidence,
                "enrollment_id": each.enrollment_id,
            }
        )
        stages[place] = each.to_stage
        arrived[place] = {"m": each.member_id, "p": each.path, "s": each.to_stage, "c": id_, "at": now}
    if not changes:
        return 0
    session.execute(insert(_STAGE_CHANGE), changes)
    fresh = [values for place, values in arrived.items() if place not in before]
    moved = [values for place, values in arrived.items() if place in before]
    stage: dict[str, Any] = {"stage": bindparam("s"), "change_id": bindparam("c"), "created_at": bindparam("at")}
    if fresh:
        session.execute(insert(_STAGE).values(member_id=bindparam("m"), path=bindparam("p"), **stage), fresh)
    if moved:
        there = (_STAGE.c.member_id == bindparam("m"), _STAGE.c.path == bindparam("p"))
        session.execute(update(_STAGE).where(*there).values(**stage), moved)
    return len(changes)
