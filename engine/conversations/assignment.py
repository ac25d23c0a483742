"""Assignment: who answers a conversation, since when, by whose choice."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.foreseen import add_soon, flush_soon, foreseeable, forget_all, is_foreseeing
from engine.base.ids import new_id
from engine.chapters.membership import ANSWERING_ROLES, Role, roles_of
from engine.conversations.feed import tell
from engine.conversations.notice import ASSIGNED, owe_notice
from engine.conversations.thread import Thread, counts_for, whose_load
from engine.people.absence import absence_of, absences_of, away_now, foresee_absences
from engine.people.member import Member

#: Who answers where a chapter has nobody: the desk's staff, else whoever is responsible for a region.
_DESKS = ("staff", "regional")


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


def assign(session: Session, thread: Thread, member_id: int | None, by_id: int | None, why: str, now: datetime) -> None:
    """From now on that person answers the thread; None puts it back to the lane. `by_id` None: a rule chose."""
    number = new_id()
    add_soon(
        session, Assignment, id=number, created_at=now, thread_id=thread.id, member_id=member_id, by_id=by_id,
        why=why[:200],
    )  # fmt: skip
    thread.assignment_id, thread.responsible_id = number, member_id
    recount(session, thread)
    flush_soon(session)
    if by_id is not None:
        record(session, by_id, "assigned", "thread", thread.id, now, chapter_id=thread.chapter_id, to_id=member_id)
        if member_id is not None and member_id != by_id:
            owe_notice(session, thread, ASSIGNED, now, to=member_id)
    tell(session, thread, "assigned", now)


def least_loaded(
    session: Session, chapter_id: int | None, now: datetime, *, besides: Collection[int] = (), away: bool = False
) -> int | None:
    """The chapter's organizer or steward with the fewest waiting conversations; for None, the national desk's staff.

    Nobody there: None. Equal loads go to whoever has had the role longest. Whoever is away is passed over, unless
    `away`; so are those in `besides`.
    """
    if chapter_id is None:
        return _least_loaded(session, None, ("staff",), now, besides, away)
    return _least_loaded(session, chapter_id, ANSWERING_ROLES, now, besides, away)


def _least_loaded(
    session: Session,
    chapter_id: int | None,
    roles: Collection[str],
    now: datetime,
    besides: Collection[int],
    away: bool,
) -> int | None:
    there = _foreseen_there(session, chapter_id, roles, now, besides, away)
    if there is not None:
        return min(there, key=lambda each: waiting_for(session, each), default=None)
    load = (
        select(func.count())
        .where(Thread.responsible_id == Role.member_id, Thread.closure_id.is_(None), Thread.waits_since.is_not(None))
        .scalar_subquery()
    )
    query = (
        select(Role.member_id)
        .join(Member, Member.id == Role.member_id)
        .where(
            Role.chapter_id.is_(None) if chapter_id is None else Role.chapter_id == chapter_id,
            Role.role.in_(roles),
            Role.ended_at.is_(None),
            Member.erased_at.is_(None),
        )
        .order_by(load, Role.created_at, Role.id)
        .limit(1)
    )
    if besides:
        query = query.where(Role.member_id.not_in(besides))
    if not away:
        query = query.where(Role.member_id.not_in(away_now(now)))
    return session.scalar(query)


@foreseeable
def holders_in(session: Session, chapter_id: int | None) -> list[tuple[str, int]]:
    """(role, member) of everybody with a role there, whoever has had it longest first."""
    return _holders(session, [chapter_id])[chapter_id]


@foreseeable
def waiting_for(session: Session, member_id: int) -> int:
    """How many conversations wait for this person."""
    return _loads(session, [member_id]).get(member_id, 0)


def foresee_desks(session: Session, chapter_ids: Collection[int | None], now: datetime) -> None:
    """Who answers in each of these chapters and at the national desk, and how much waits for them, is known."""
    holders = _holders(session, {*chapter_ids, None})
    people = {member_id for there in holders.values() for _, member_id in there}
    loads = _loads(session, people)
    foresee_absences(session, people, now)
    for chapter_id, there in holders.items():
        holders_in.foresee(session, there, chapter_id)
    for member_id in people:
        waiting_for.foresee(session, loads.get(member_id, 0), member_id)


def recount(session: Session, thread: Thread | None) -> None:
    """What waits for whom is known with this conversation as it stands now."""
    if thread is None or not is_foreseeing(session):
        return
    if not counts_for.is_foreseen(session, thread.id):
        forget_all(session)
        return
    before, after = counts_for(session, thread.id), whose_load(thread)
    counts_for.foresee(session, after, thread.id)
    if before == after:
        return
    for person, more in ((before, -1), (after, 1)):
        if person is not None and waiting_for.is_foreseen(session, person):
            waiting_for.foresee(session, waiting_for(session, person) + more, person)


def _holders(session: Session, chapter_ids: Collection[int | None]) -> dict[int | None, list[tuple[str, int]]]:
    found: dict[int | None, list[tuple[str, int]]] = {chapter_id: [] for chapter_id in chapter_ids}
    # Without any chapter the national desk's are asked for all the same.
    for chapter_id, role, member_id in _HOLDERS.rows(session, [each for each in found if each] or [0]):
        if chapter_id in found:
            found[chapter_id].append((role, member_id))
    return found


def _loads(session: Session, member_ids: Collection[int]) -> dict[int, int]:
    return dict(_LOADS.rows(session, member_ids))


_HOLDERS = ManyAsked(
    lambda one_of: (
        select(Role.chapter_id, Role.role, Role.member_id)
        .join(Member, Member.id == Role.member_id)
        .where(
            or_(Role.chapter_id.is_(None), one_of(Role.chapter_id)),
            Role.role.in_((*ANSWERING_ROLES, *_DESKS)),
            Role.ended_at.is_(None),
            Member.erased_at.is_(None),
        )
        .order_by(Role.created_at, Role.id)
    )
)
_LOADS = ManyAsked(
    lambda one_of: (
        select(Thread.responsible_id, func.count())
        .where(one_of(Thread.responsible_id), Thread.closure_id.is_(None), Thread.waits_since.is_not(None))
        .group_by(Thread.responsible_id)
    )
)


def _foreseen_there(
    session: Session,
    chapter_id: int | None,
    roles: Collection[str],
    now: datetime,
    besides: Collection[int],
    away: bool,
) -> list[int] | None:
    """Who could answer there, whoever has had the role longest first; None where that or their load is not known."""
    if not holders_in.is_foreseen(session, chapter_id):
        return None
    there = [each for role, each in holders_in(session, chapter_id) if role in roles and each not in besides]
    known = all(waiting_for.is_foreseen(session, each) and absences_of.is_foreseen(session, each) for each in there)
    if not known:
        return None
    return there if away else [each for each in there if is_there(session, each, now)]


def person_for(
    session: Session, thread: Thread, now: datetime, *, besides: Collection[int] = ()
) -> tuple[int | None, str]:
    """Who should answer a thread, and the sentence that says why.

    The person of the thread, else the member's organizer, else the least loaded of the chapter, else the national
    desk's; whoever is away comes only where nobody else is. (None, why) when nobody is there: it needs a person.
    `besides`: nobody of these.
    """
    recount(session, thread)
    theirs = thread.responsible_id
    if _can(session, theirs, now, besides) and may_answer(session, theirs or 0, thread.chapter_id):
        return theirs, "answers this conversation already"
    if thread.member_id is not None:
        member = session.get(Member, thread.member_id)
        owner = member.organizer_id if member else None
        if _can(session, owner, now, besides) and answers_anywhere(session, owner or 0):
            return owner, f"is {member.called if member else 'their'}’s organizer"
    return _desk_for(session, thread.chapter_id, now, besides)


def desk_for(session: Session, chapter_id: int | None, now: datetime, *, besides: Collection[int] = ()) -> int | None:
    """Who has the fewest waiting in the chapter, else at the national desk; None: nobody at all is there."""
    return _desk_for(session, chapter_id, now, besides)[0]


def _desk_for(
    session: Session, chapter_id: int | None, now: datetime, besides: Collection[int]
) -> tuple[int | None, str]:
    for away, but in ((False, ""), (True, ", though away")):
        if chapter_id is not None:
            of_chapter = least_loaded(session, chapter_id, now, besides=besides, away=away)
            if of_chapter is not None:
                return of_chapter, f"has the fewest people waiting in the chapter{but}"
        for desk in _DESKS:
            there = _least_loaded(session, None, (desk,), now, besides, away)
            if there is not None:
                return there, f"is at the national desk, and nobody of a chapter could be found{but}"
    return None, "nobody answers here yet"


def _can(session: Session, member_id: int | None, now: datetime, besides: Collection[int]) -> bool:
    """Whether this is somebody who is here, and nobody of those left out."""
    return member_id is not None and member_id not in besides and is_there(session, member_id, now)


def is_there(session: Session, member_id: int, now: datetime) -> bool:
    """Whether this person is not away now."""
    return absence_of(session, member_id, now) is None


def may_answer(session: Session, member_id: int, chapter_id: int | None) -> bool:
    """Whether this person has a role that answers people in that chapter (None: the national desk)."""
    return any(at in (None, chapter_id) for at in where_answering(session, member_id))


def answers_anywhere(session: Session, member_id: int) -> bool:
    """Whether this person answers people at all: a helper or an auditor does not, nor whoever has no role now."""
    return bool(where_answering(session, member_id))


def where_answering(session: Session, member_id: int) -> frozenset[int | None]:
    """The chapters in which this person has a role that answers people; None among them: everywhere."""
    return frozenset(
        at for at, role in roles_of(session, member_id) if role in (_DESKS if at is None else ANSWERING_ROLES)
    )


def may_speak(session: Session, member_id: int, thread: Thread) -> bool:
    """Whether this person may answer in this conversation now: by their role there, or by any if it is theirs."""
    if may_answer(session, member_id, thread.chapter_id):
        return True
    return thread.responsible_id == member_id and answers_anywhere(session, member_id)


def who_may_answer(session: Session, *chapter_ids: int | None) -> list[tuple[int, str]]:
    """(id, name) of everybody to whom a conversation of any of these chapters can be handed, by name.

    None: one of no chapter, which is the national desk's; whoever is there answers in every chapter.
    """
    rooms = [each for each in chapter_ids if each is not None]
    here = and_(Role.chapter_id.is_(None), Role.role.in_(_DESKS))
    if rooms:
        here = or_(here, and_(Role.chapter_id.in_(rooms), Role.role.in_(ANSWERING_ROLES)))
    rows = session.execute(
        select(Member.id, Member.name)
        .join(Role, Role.member_id == Member.id)
        .where(here, Role.ended_at.is_(None))
        .distinct()
        .order_by(Member.name, Member.id)
    )
    return [(member_id, name) for member_id, name in rows]
