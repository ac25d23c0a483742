"""Path and stage: where a member is with us, moved only with evidence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id, table_of
from engine.base.errors import Invalid
from engine.base.ids import new_id, new_ids

#: Its stages are curious, connected, active, leading and resting; a member may move back, and resting is no failure.
BELONGING = "belonging"
#: What the other paths begin with; a theme follows. Their stages are unsure, listening, sees_it, speaks_for_it and
#: brings_others.
OUTLOOK = "outlook:"


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
    #: What it rests on: the member's message, the conversation that a person logged, or the task and its note.
    message_id: Mapped[int | None]
    talk_id: Mapped[int | None]
    task_id: Mapped[int | None]


class Evidence(NamedTuple):
    """The row that a move rests on: the member's own message, a logged conversation, or a task that a person did."""

    message_id: int | None = None
    talk_id: int | None = None
    task_id: int | None = None


NO_ROW = Evidence()


def is_outlook(path: str) -> bool:
    """Whether the path is somebody's outlook on a theme."""
    return path.startswith(OUTLOOK) and len(path) > len(OUTLOOK)


def _needs_words(member_id: int, path: str, rests_on: Evidence, by_id: int | None) -> None:
    """An outlook moves on the member's own words, on a conversation logged by a person, or by the member's own hand."""
    if is_outlook(path) and not any(rests_on) and by_id != member_id:
        raise Invalid("An outlook moves only on the member's own words, or on a conversation that a person logged.")


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
    rests_on: Evidence = NO_ROW,
) -> StageChange | None:
    """The member is at `to_stage`, with a StageChange saying why; None when they were there already.

    Raises Invalid for an outlook that would move on nobody's words.
    """
    _needs_words(member_id, path, rests_on, by_id)
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
        **rests_on._asdict(),
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
    rests_on: Evidence = NO_ROW


def move_many(session: Session, moves: Sequence[Moving], now: datetime) -> list[Moving]:
    """All these members are where they were moved to, each with its StageChange; those who were elsewhere before.

    Raises Invalid for an outlook that would move on nobody's words.
    """
    for each in moves:
        _needs_words(each.member_id, each.path, each.rests_on, None)
    if not moves:
        return []
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
    changed: list[Moving] = []
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
                **each.rests_on._asdict(),
            }
        )
        stages[place] = each.to_stage
        changed.append(each)
        arrived[place] = {"m": each.member_id, "p": each.path, "s": each.to_stage, "c": id_, "at": now}
    if not changes:
        return []
    session.execute(insert(_STAGE_CHANGE), changes)
    fresh = [values for place, values in arrived.items() if place not in before]
    moved = [values for place, values in arrived.items() if place in before]
    stage: dict[str, Any] = {"stage": bindparam("s"), "change_id": bindparam("c"), "created_at": bindparam("at")}
    if fresh:
        session.execute(insert(_STAGE).values(member_id=bindparam("m"), path=bindparam("p"), **stage), fresh)
    if moved:
        there = (_STAGE.c.member_id == bindparam("m"), _STAGE.c.path == bindparam("p"))
        session.execute(update(_STAGE).where(*there).values(**stage), moved)
    return changed


class Outlook(NamedTuple):
    """Where a member stands on one theme, since when, and the words that it rests on."""

    path: str
    stage: str
    since: datetime
    evidence: str

    @property
    def theme(self) -> str:
        """The theme in plain words."""
        return self.path.removeprefix(OUTLOOK).replace("-", " ")


def outlooks(session: Session, member_id: int) -> list[Outlook]:
    """Everything that is noted of a member's outlook, by theme."""
    rows = session.execute(
        select(Stage.path, Stage.stage, Stage.created_at, StageChange.evidence)
        .join(StageChange, StageChange.id == Stage.change_id)
        .where(Stage.member_id == member_id, Stage.path.startswith(OUTLOOK, autoescape=True))
        .order_by(Stage.path)
    )
    return [Outlook(*row) for row in rows]


def stage_changes(session: Session, member_id: int, most: int = 20) -> list[StageChange]:
    """How the member moved on all paths, the latest first."""
    return list(
        session.scalars(
            select(StageChange)
            .where(StageChange.member_id == member_id)
            .order_by(StageChange.created_at.desc(), StageChange.id.desc())
            .limit(most)
        )
    )


def erase_outlook(session: Session, member_id: int, path: str, now: datetime) -> list[int]:
    """Nothing is noted of this outlook any more, its history and the words kept with it included.

    The logged conversations that it rested on are named, so that their words can go too; the log of who did what keeps
    that it happened. Raises Invalid for another kind of path.
    """
    if not is_outlook(path):
        raise Invalid("Only an outlook can be erased.")
    here = (StageChange.member_id == member_id, StageChange.path == path)
    talked = session.scalars(select(StageChange.talk_id).where(*here, StageChange.talk_id.is_not(None))).all()
    session.execute(delete(Stage).where(Stage.member_id == member_id, Stage.path == path))
    session.execute(delete(StageChange).where(*here))
    record(session, member_id, "outlook_erased", "member", member_id, now)
    return [talk_id for talk_id in talked if talk_id is not None]
