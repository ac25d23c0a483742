"""Membership and role: who is in a chapter, and what they may do there."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.foreseen import foreseeable
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter

#: Roles within one chapter, and those for the whole organization (their chapter_id is None).
CHAPTER_ROLES = ("helper", "organizer", "steward")
ORGANIZATION_ROLES = ("regional", "staff", "auditor")
#: Who may answer people in a chapter's conversations.
ANSWERING_ROLES = ("organizer", "steward")


class Membership(Base):
    """A member is in a chapter; they may be in many."""

    __tablename__ = "membership"
    # Clustered by member on SQLite too: a batch looks up where each of its people belongs.
    __table_args__ = (Index(None, "chapter_id", "member_id"), {"sqlite_with_rowid": False})

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    chapter_id: Mapped[int] = mapped_column(ForeignKey("chapter.id"), primary_key=True)
    created_at: Mapped[datetime]
    #: The room a first word goes to when a member has several; the lowest counts.
    rank: Mapped[int] = mapped_column(default=0)
    left_at: Mapped[datetime | None]
    #: How what neighbors write in the chapter's topics comes to them: BY_MAIL and BY_TEXT below. By mail each one comes
    #: as it is said, unless they chose otherwise; a text has to be asked for (engine.chapters.topic_choice).
    topics_by_mail: Mapped[str] = mapped_column(String(8), default="each", server_default="each")
    topics_by_text: Mapped[str] = mapped_column(String(8), default="none", server_default="none")


class Role(Base):
    """What a member may do, in one chapter or (chapter_id None) for the whole organization."""

    __tablename__ = "role"
    __table_args__ = (Index(None, "member_id"), Index(None, "chapter_id", "role"))

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    role: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    ended_at: Mapped[datetime | None]


def join(session: Session, member_id: int, chapter_id: int, now: datetime, *, rank: int = 0) -> Membership:
    """The member is in the chapter; joining again after leaving is the same membership."""
    membership = session.get(Membership, (member_id, chapter_id))
    if membership is None:
        membership = Membership(member_id=member_id, chapter_id=chapter_id, created_at=now, rank=rank)
        session.add(membership)
    membership.left_at = None
    session.flush()
    return membership


def give_role(
    session: Session,
    member_id: int,
    chapter_id: int | None,
    role: str,
    now: datetime,
    *,
    by_id: int | None = None,
) -> Role:
    """The member has the role from now on."""
    row = Role(id=new_id(), created_at=now, member_id=member_id, chapter_id=chapter_id, role=role, by_id=by_id)
    session.add(row)
    session.flush()
    return row


@foreseeable
def home_chapter(session: Session, member_id: int) -> int | None:
    """The chapter a member's first word goes to, or None."""
    return session.scalar(
        select(Membership.chapter_id)
        .where(Membership.member_id == member_id, Membership.left_at.is_(None))
        .order_by(Membership.rank, Membership.created_at, Membership.chapter_id)
        .limit(1)
    )


@foreseeable
def has_left_all(session: Session, member_id: int) -> bool:
    """Whether somebody who was in a chapter is in none any more."""
    total, left = session.execute(
        select(func.count(), func.count(Membership.left_at)).where(Membership.member_id == member_id)
    ).one()
    return bool(total and total == left)


def foresee_memberships(session: Session, member_ids: Collection[int]) -> set[int]:
    """Where each of these members belongs is known; the chapters that are their homes."""
    homes: dict[int, int | None] = dict.fromkeys(member_ids)
    been: set[int] = set()
    for member_id, chapter_id, left_at in _BELONGING.rows(session, homes):
        been.add(member_id)
        if left_at is None and homes[member_id] is None:
            homes[member_id] = chapter_id
    for member_id, home in homes.items():
        home_chapter.foresee(session, home, member_id)
        has_left_all.foresee(session, member_id in been and home is None, member_id)
    return {home for home in homes.values() if home is not None}


def chapters_of(session: Session, member_id: int) -> list[Chapter]:
    """The chapters the member is in, in the order of their rooms."""
    return list(
        session.scalars(
            select(Chapter)
            .join(Membership, Membership.chapter_id == Chapter.id)
            .where(Membership.member_id == member_id, Membership.left_at.is_(None))
            .order_by(Membership.rank, Membership.created_at, Chapter.id)
        )
    )


@foreseeable
def roles_of(session: Session, member_id: int) -> list[tuple[int | None, str]]:
    """The member's roles now: (chapter id or None for the whole organization, role)."""
    rows = session.execute(
        select(Role.chapter_id, Role.role).where(Role.member_id == member_id, Role.ended_at.is_(None))
    )
    return [(chapter_id, role) for chapter_id, role in rows]


def foresee_roles(session: Session, member_ids: Collection[int]) -> None:
    """What each of these people may do is known."""
    found: dict[int, list[tuple[int | None, str]]] = {member_id: [] for member_id in member_ids}
    for member_id, chapter_id, role in _ROLES.rows(session, found):
        found[member_id].append((chapter_id, role))
    for member_id, theirs in found.items():
        roles_of.foresee(session, theirs, member_id)


_BELONGING = ManyAsked(
    lambda one_of: (
        select(Membership.member_id, Membership.chapter_id, Membership.left_at)
        .where(one_of(Membership.member_id))
        .order_by(Membership.rank, Membership.created_at, Membership.chapter_id)
    )
)
_ROLES = ManyAsked(
    lambda one_of: select(Role.member_id, Role.chapter_id, Role.role).where(
        one_of(Role.member_id), Role.ended_at.is_(None)
    )
)


def in_several(session: Session, member_ids: Collection[int]) -> frozenset[int]:
    """Those of these members who are in more than one chapter now."""
    if not member_ids:
        return frozenset()
    counted = (
        select(Membership.member_id)
        .where(Membership.member_id.in_(member_ids), Membership.left_at.is_(None))
        .group_by(Membership.member_id)
        .having(func.count() > 1)
    )
    return frozenset(session.scalars(counted))


def set_home(session: Session, member_id: int, chapter_id: int) -> bool:
    """That chapter is where the member's first words go; False where it was, or they are not in it."""
    theirs = session.scalars(
        select(Membership)
        .where(Membership.member_id == member_id, Membership.left_at.is_(None))
        .order_by(Membership.rank, Membership.created_at, Membership.chapter_id)
    ).all()
    if chapter_id not in {each.chapter_id for each in theirs} or theirs[0].chapter_id == chapter_id:
        return False
    others = [each for each in theirs if each.chapter_id != chapter_id]
    for each in theirs:
        if each.chapter_id == chapter_id:
            each.rank = 0
    for rank, each in enumerate(others, start=1):
        each.rank = rank
    session.flush()
    return True
