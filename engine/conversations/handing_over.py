"""Handing over: no conversation is ever without a person (N21).

Whoever goes away or answers here no more leaves conversations and members; each passes to the next by the one rule of
assignment. The next person's first own words to the member say so above them (engine/outbox/post.py), once. Notes pass
without what was confided (passing.py), and whether a reply reaches the next person is tried (reply_test.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.asking import among
from engine.base.bulk import insert_new
from engine.base.db import changed_by, table_of
from engine.base.foreseen import begin_foreseeing, end_foreseeing, foreseeable, forget_all, hold
from engine.chapters.membership import ANSWERING_ROLES, Membership, Role, foresee_roles
from engine.conversations.assignment import assign, desk_for, foresee_desks, person_for
from engine.conversations.message import Message
from engine.conversations.notice import HANDED, RETURNED, owe_notice
from engine.conversations.overdue import unreturned
from engine.conversations.passing import pass_notes
from engine.conversations.reply_test import owe_tests
from engine.conversations.thread import Thread, counts_for, whose_load
from engine.people.absence import Absence, HandedMember, foresee_absences, over
from engine.people.member import Member

#: What a thread's `detail` says until the next person's first words: {"from": who, "until": an ISO time or None}.
HANDED_FROM = "handed_from"
_MOST = 500
_HANDED_MEMBER = table_of(HandedMember)


@dataclass(frozen=True, slots=True)
class Passed:
    """What went to others."""

    threads: int = 0
    members: int = 0
    #: Of their notes those that the next ones read, scrubbed, and those that stay with their author.
    notes: int = 0
    notes_kept: int = 0


def leave(session: Session, absence: Absence, now: datetime) -> Passed:
    """What is open with somebody who is away is another's, and so are their members until they are back."""
    until = absence.until_at
    notes = pass_notes(session, absence.member_id, now)
    moved = len(_pass_on(session, _threads_of(session, absence.member_id), now, until=until))
    return Passed(moved, _lend_members(session, absence, now), notes.passed, notes.kept)


def end_roles(session: Session, member_id: int, by_id: int | None, now: datetime) -> Passed:
    """They answer nobody here any more: their roles have ended, and others have their conversations and members."""
    for role in session.scalars(select(Role).where(Role.member_id == member_id, Role.ended_at.is_(None))):
        role.ended_at = now
        record(session, by_id, "role_ended", "member", member_id, now, chapter_id=role.chapter_id, role=role.role)
    session.flush()
    notes = pass_notes(session, member_id, now, for_good=True)
    moved = len(_pass_on(session, _threads_of(session, member_id), now))
    return Passed(moved, _pass_members(session, member_id, now), notes.passed, notes.kept)


def _pass_on(
    session: Session, threads: Sequence[Thread], now: datetime, *, until: datetime | None = None
) -> dict[int, int | None]:
    """Each of these is the next person's, who is told. Those that went on, by id, with whom each was; where nobody else
    is there, it stays.

    Conversations stay with whoever they went to when the first comes back: two hand-overs are one too many.
    """
    if not threads:
        return {}
    forget_all(session)
    begin_foreseeing(session)
    _foresee(session, threads, now)
    passed: dict[int, int | None] = {}
    for thread in threads:
        before = thread.responsible_id
        person, why = person_for(session, thread, now, besides=() if before is None else (before,))
        if person is None or person == before:
            continue
        assign(session, thread, person, None, why, now)
        if before is not None:
            note_handed(session, thread, before, until)
        owe_notice(session, thread, HANDED, now, to=person)
        record(session, None, "handed_over", "thread", thread.id, now, chapter_id=thread.chapter_id, to_id=person)
        passed[thread.id] = before
    end_foreseeing(session)
    owe_tests(session, {each.id: each.responsible_id or 0 for each in threads if each.id in passed}, now)
    return passed


def _foresee(session: Session, threads: Sequence[Thread], now: datetime) -> None:
    """What is asked of each conversation that goes on is known: an organizer may have had hundreds."""
    members = session.scalars(
        select(Member).where(among(session, Member.id, _known(each.member_id for each in threads)))
    )
    hold(session, found := members.all())
    before = _known(each.responsible_id for each in threads)
    people = before | _known(each.organizer_id for each in found)
    foresee_desks(session, {each.chapter_id for each in threads}, now)
    foresee_roles(session, people)
    foresee_absences(session, people, now)
    spoken = set(
        session.execute(
            select(Message.thread_id, Message.author_id)
            .where(
                among(session, Message.thread_id, [each.id for each in threads]), Message.kind == "out",
                among(session, Message.author_id, before),
            )
            .distinct()
        ).tuples()
    )  # fmt: skip
    for each in threads:
        counts_for.foresee(session, whose_load(each), each.id)
        if each.responsible_id is not None:
            has_spoken.foresee(session, (each.id, each.responsible_id) in spoken, each.id, each.responsible_id)


def _pass_notes_with(session: Session, passed: Mapping[int, int | None], now: datetime) -> None:
    """What others may read of the notes of whoever had these conversations is what they read there."""
    by_author: dict[int, list[int]] = defaultdict(list)
    for thread_id, before in passed.items():
        if before is not None:
            by_author[before].append(thread_id)
    for author, threads in by_author.items():
        pass_notes(session, author, now, thread_ids=threads)


def note_handed(session: Session, thread: Thread, before: int, until: datetime | None) -> None:
    """The next person's first words will say to the member whom they come instead of, if that one spoke with them."""
    if thread.member_id is not None and has_spoken(session, thread.id, before):
        handed = {"from": before, "until": until.isoformat() if until is not None else None}
        thread.detail = {**thread.detail, HANDED_FROM: handed}


def orphans(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions of an open conversation that is nobody's, though somebody could answer there.

    Its person was erased or answers nobody any more; or it has none, and what waits in it is past its time: until then
    it stands in *needs a person*, where everybody of the desk was told of it.
    """
    answering = or_(
        and_(Role.chapter_id.is_not(None), Role.role.in_(ANSWERING_ROLES)),
        and_(Role.chapter_id.is_(None), Role.role.in_(("staff", "regional"))),
    )
    alive = exists().where(Member.id == Role.member_id, Member.erased_at.is_(None)).correlate(Role)
    theirs = exists().where(
        Role.member_id == Thread.responsible_id, Role.ended_at.is_(None), answering, alive
    ).correlate(Thread)  # fmt: skip
    here = or_(Role.chapter_id.is_(None), Role.chapter_id == Thread.chapter_id)
    anybody = exists().where(Role.ended_at.is_(None), answering, here, alive).correlate(Thread)
    late = and_(Thread.responsible_id.is_(None), Thread.waits_since.is_not(None), Thread.answer_due_at <= now)
    left = and_(Thread.responsible_id.is_not(None), ~theirs)
    return Thread.kind == "person", Thread.closure_id.is_(None), or_(left, late), anybody


def adopt(session: Session, now: datetime) -> int:
    """Every conversation that was nobody's is somebody's, if anybody can answer there; how many there were."""
    found = session.scalars(select(Thread).where(*orphans(now)).order_by(Thread.id).limit(_MOST)).all()
    passed = _pass_on(session, found, now)
    _pass_notes_with(session, passed, now)
    return len(passed)


def give_back(session: Session, now: datetime) -> int:
    """Members whose organizer is back are theirs again, unless somebody chose another meanwhile; how many."""
    count = 0
    for absence in over(session, now):
        lent = select(HandedMember.member_id, HandedMember.to_id).where(HandedMember.absence_id == absence.id)
        by_holder: dict[int, list[int]] = defaultdict(list)
        for member_id, to_id in session.execute(lent):
            by_holder[to_id].append(member_id)
        for to_id, members in by_holder.items():
            count += _give(session, members, to_id, absence.member_id)
        session.execute(delete(HandedMember).where(HandedMember.absence_id == absence.id))
        absence.given_back_at = now
    session.flush()
    return count


def take_back(session: Session, now: datetime) -> int:
    """Conversations of which nobody said anything so long after the promised time go to the next person, once.

    Their chapter's stewards, or the national desk, are told. Where nobody else is, it stays, and they are told.
    """
    rows = unreturned(session, now)
    due = {(row.thread_id, row.due_at) for row in rows}
    for row in rows:
        row.returned_at = now
    found = session.scalars(
        select(Thread)
        .where(among(session, Thread.id, {row.thread_id for row in rows}), Thread.closure_id.is_(None))
        .order_by(Thread.id)
    ).all()
    late = [each for each in found if (each.id, each.answer_due_at) in due]
    passed = _pass_on(session, late, now)
    _pass_notes_with(session, passed, now)
    stewards = {chapter_id: stewards_of(session, chapter_id) for chapter_id in {each.chapter_id for each in late}}
    for thread in late:
        for steward in stewards[thread.chapter_id]:
            if steward not in (passed.get(thread.id), thread.responsible_id):
                owe_notice(session, thread, RETURNED, now, to=steward)
    session.flush()
    return len(passed)


def stewards_of(session: Session, chapter_id: int | None) -> list[int]:
    """Who looks after a chapter: its stewards, else the national desk's staff."""
    role = and_(Role.chapter_id == chapter_id, Role.role == "steward")
    desk = and_(Role.chapter_id.is_(None), Role.role == "staff")
    query = select(Role.member_id).where(Role.ended_at.is_(None)).distinct().order_by(Role.member_id)
    return list(session.scalars(query.where(role))) or list(session.scalars(query.where(desk)))


def _threads_of(session: Session, member_id: int) -> Sequence[Thread]:
    return session.scalars(
        select(Thread)
        .where(Thread.responsible_id == member_id, Thread.kind == "person", Thread.closure_id.is_(None))
        .order_by(Thread.id)
    ).all()


@foreseeable
def has_spoken(session: Session, thread_id: int, person: int) -> bool:
    """Whether that person said something in the conversation."""
    spoken = select(Message.id).where(
        Message.thread_id == thread_id, Message.kind == "out", Message.author_id == person
    )
    return session.scalar(spoken.limit(1)) is not None


def _known(ids: Iterable[int | None]) -> set[int]:
    return {each for each in ids if each is not None}


def _lend_members(session: Session, absence: Absence, now: datetime) -> int:
    moved = _next_for(session, absence.member_id, now)
    for to_id, members in moved.items():
        rows = [{"absence_id": absence.id, "member_id": each, "to_id": to_id} for each in members]
        insert_new(session, _HANDED_MEMBER, rows)
        _give(session, members, absence.member_id, to_id)
    return sum(map(len, moved.values()))


def _pass_members(session: Session, member_id: int, now: datetime) -> int:
    moved = _next_for(session, member_id, now)
    for to_id, members in moved.items():
        _give(session, members, member_id, to_id)
    return sum(map(len, moved.values()))


def _next_for(session: Session, member_id: int, now: datetime) -> dict[int, list[int]]:
    """Whom somebody's members go to: who has the fewest waiting in each one's first chapter, else the desk."""
    home = (
        select(Membership.chapter_id)
        .where(Membership.member_id == Member.id, Membership.left_at.is_(None))
        .order_by(Membership.rank, Membership.created_at, Membership.chapter_id)
        .limit(1)
        .correlate(Member)
        .scalar_subquery()
    )
    at_home: dict[int | None, list[int]] = defaultdict(list)
    for each, chapter_id in session.execute(select(Member.id, home).where(Member.organizer_id == member_id)):
        at_home[chapter_id].append(each)
    found: dict[int, list[int]] = defaultdict(list)
    for chapter_id, members in at_home.items():
        to_id = desk_for(session, chapter_id, now, besides=[member_id])
        if to_id is not None:
            found[to_id] += [each for each in members if each != to_id]
    return found


def _give(session: Session, members: Sequence[int], from_id: int, to_id: int) -> int:
    return changed_by(
        session,
        update(Member)
        .where(among(session, Member.id, members), Member.organizer_id == from_id)
        .values(organizer_id=to_id),
    )
