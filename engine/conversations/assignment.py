"""Assignment: who answers a conversation, since when, by whose choice."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.chapters.membership import ANSWERING_ROLES, Role, roles_of
from engine.conversations.feed import tell
from engine.conversations.thread import Thread
from engine.people.member import Member


class Assignment(Base):
    """One person answers one thread from then on, until the next Assignment."""

    __tablename__ = "assignment"
    __table_args__ = (Index(None, "thread_id", "created_at"), Index(None, "member_id", "created_at"))

    id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    #: None: put back to the lane.
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: Who chose; None: a rule, and `why` says which.
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(String(200), default="")


def assign(
    session: Session, thread: Thread, member_id: int | None, by_id: int | None, why: str, now: datetime
) -> Assignment:
    """From now on that person answers the thread; None puts it back to the lane. `by_id` None: a rule chose."""
    row = Assignment(id=new_id(), created_at=now, thread_id=thread.id, member_id=member_id, by_id=by_id, why=why[:200])
    session.add(row)
    thread.assignment_id, thread.responsible_id = row.id, member_id
    session.flush()
    if by_id is not None:
        record(session, by_id, "assigned", "thread", thread.id, now, chapter_id=thread.chapter_id, to_id=member_id)
    tell(session, thread, "assigned", now)
    return row


def least_loaded(session: Session, chapter_id: int | None) -> int | None:
    """The chapter's organizer or steward with the fewest waiting conversations; for None, the national desk's staff.

    Nobody there: None. Equal loads go to whoever has had the role longest.
    """
    if chapter_id is None:
        here = and_(Role.chapter_id.is_(None), Role.role == "staff")
    else:
        here = and_(Role.chapter_id == chapter_id, Role.role.in_(ANSWERING_ROLES))
    load = (
        select(func.count())
        .where(Thread.responsible_id == Role.member_id, Thread.closure_id.is_(None), Thread.waits_since.is_not(None))
        .scalar_subquery()
    )
    return session.scalar(
        select(Role.member_id).where(here, Role.ended_at.is_(None)).order_by(load, Role.created_at, Role.id).limit(1)
    )


def person_for(session: Session, thread: Thread) -> tuple[int | None, str]:
    """Who should answer a thread, and the sentence that says why.

    The person of the thread, else the member's organizer, else the least loaded of the chapter, else the national
    desk's. (None, why) when nobody is there: it needs a person.
    """
    if thread.responsible_id is not None and may_answer(session, thread.responsible_id, thread.chapter_id):
        return thread.responsible_id, "answers this conversation already"
    if thread.member_id is not None:
        member = session.get(Member, thread.member_id)
        owner = member.organizer_id if member else None
        if owner is not None and answers_anywhere(session, owner):
            return owner, f"is {member.called if member else 'their'}’s organizer"
    if thread.chapter_id is not None:
        of_chapter = least_loaded(session, thread.chapter_id)
        if of_chapter is not None:
            return of_chapter, "has the fewest people waiting in the chapter"
    desk = least_loaded(session, None)
    if desk is not None:
        return desk, "is at the national desk, and nobody of a chapter could be found"
    return None, "nobody answers here yet"


def may_answer(session: Session, member_id: int, chapter_id: int | None) -> bool:
    """Whether this person has a role that answers people in that chapter (None: the national desk)."""
    for at, role in roles_of(session, member_id):
        if at is None and role in ("staff", "regional"):
            return True
        if at is not None and at == chapter_id and role in ANSWERING_ROLES:
            return True
    return False


def answers_anywhere(session: Session, member_id: int) -> bool:
    """Whether this person answers people at all: a helper or an auditor does not, nor whoever has no role now."""
    return any(may_answer(session, member_id, chapter_id) for chapter_id, _ in roles_of(session, member_id))


def who_may_answer(session: Session, chapter_id: int | None) -> list[tuple[int, str]]:
    """(id, name) of everybody to whom a conversation of that chapter can be handed, by name."""
    here = and_(Role.chapter_id.is_(None), Role.role.in_(("staff", "regional")))
    if chapter_id is not None:
        here = or_(here, and_(Role.chapter_id == chapter_id, Role.role.in_(ANSWERING_ROLES)))
    rows = session.execute(
        select(Member.id, Member.name)
        .join(Role, Role.member_id == Member.id)
        .where(here, Role.ended_at.is_(None))
        .distinct()
        .order_by(Member.name, Member.id)
    )
    return [(member_id, name) for member_id, name in rows]
