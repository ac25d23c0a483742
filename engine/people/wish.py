"""Wish: a member's word on how far along a path they would like to be led. "Not a leader, just the garden." """

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import among
from engine.base.db import Base
from engine.people.path import BELONGING
from journeys.vocabulary import stages_of


class Wish(Base):
    """The furthest stage of a path that the member would like to be asked to; only they say so, and undo it."""

    __tablename__ = "wish"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(60), primary_key=True)
    created_at: Mapped[datetime]
    furthest: Mapped[str] = mapped_column(String(40))
    #: How they put it.
    words: Mapped[str] = mapped_column(Text, default="")


def wish_to_stay(
    session: Session, member_id: int, furthest: str, words: str, now: datetime, *, path: str = BELONGING
) -> Wish:
    """No journey asks the member further along the path than `furthest`, until they say otherwise."""
    wish = session.get(Wish, (member_id, path))
    if wish is None:
        wish = Wish(member_id=member_id, path=path, created_at=now, furthest=furthest, words=words)
        session.add(wish)
    else:
        wish.created_at, wish.furthest, wish.words = now, furthest, words
    session.flush()
    return wish


def wish_no_more(session: Session, member_id: int, *, path: str = BELONGING) -> bool:
    """They may be asked further again; False when they had no such wish."""
    wish = session.get(Wish, (member_id, path))
    if wish is None:
        return False
    session.delete(wish)
    session.flush()
    return True


def join_wishes(session: Session, kept_id: int, gone_id: int) -> None:
    """What the other record of the same person wished holds too, where the kept one says nothing of that path."""
    said = set(session.scalars(select(Wish.path).where(Wish.member_id == kept_id)))
    for wish in session.scalars(select(Wish).where(Wish.member_id == gone_id)).all():
        if wish.path not in said:
            session.add(
                Wish(
                    member_id=kept_id, path=wish.path, created_at=wish.created_at, furthest=wish.furthest,
                    words=wish.words,
                )
            )  # fmt: skip
        session.delete(wish)
    session.flush()


def is_beyond(path: str, stage: str, furthest: str) -> bool:
    """Whether the stage lies further along than that; resting lies behind every other."""
    along = [each for each in stages_of(path) if each != "resting"]
    return stage in along and furthest in along and along.index(stage) > along.index(furthest)


def unwilling(session: Session, member_ids: Collection[int], path: str, stage: str) -> set[int]:
    """Which of these members would rather not be asked to that stage."""
    if not member_ids:
        return set()
    rows = session.execute(
        select(Wish.member_id, Wish.furthest).where(among(session, Wish.member_id, member_ids), Wish.path == path)
    )
    return {member_id for member_id, furthest in rows if is_beyond(path, stage, furthest)}
