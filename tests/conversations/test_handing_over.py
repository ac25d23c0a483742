"""Handing over: whatever happens to those who answer, no conversation is left without a person while one is there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.audit.entry import AuditEntry
from engine.base.db import Database
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Role, give_role, join
from engine.conversations.assignment import assign, may_answer
from engine.conversations.closure import close
from engine.conversations.handing_over import adopt, end_roles, give_back, leave, orphans, take_back
from engine.conversations.message import Words, file_words_in
from engine.conversations.notice import Notice
from engine.conversations.overdue import note_overdue
from engine.conversations.reply_test import ReplyTest
from engine.conversations.thread import Thread, open_thread
from engine.people.absence import comes_back, goes_away
from engine.people.member import Member, add_member
from tests.database import database_in

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all; each test undoes what it did."""
    opened = database_in(tmp_path_factory.mktemp("handing"))
    yield opened
    opened.close()


class _Undone(Exception):
    """The transaction is rolled back."""


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """A session whose rows are gone afterwards."""
    try:
        with db.write() as opened:
            yield opened
            raise _Undone
    except _Undone:
        pass


def chapter(session: Session, slug: str) -> int:
    row = Chapter(id=new_id(), created_at=NOW, slug=slug, name=slug.title())
    session.add(row)
    session.flush()
    return row.id


def talk(session: Session, member_id: int, chapter_id: int | None, to: int | None, now: datetime = NOW) -> Thread:
    thread = open_thread(
        session, now, member_id=member_id, chapter_id=chapter_id, subject="", reason="They wrote to us."
    )
    file_words_in(session, thread, Words("Hello?", author_id=member_id), now, waits=True, answer_within=DAY)
    if to is not None:
        assign(session, thread, to, None, "is there", now)
    return thread


def nobodys(session: Session, now: datetime) -> int:
    return session.scalar(select(func.count()).select_from(Thread).where(*orphans(now))) or 0


def test_who_goes_away_leaves_talks_and_members_to_the_next_and_gets_the_members_back(session: Session) -> None:
    room = chapter(session, "atlanta")
    denise, ingrid, rosa = (add_member(session, name, NOW) for name in ("Denise", "Ingrid", "Rosa"))
    for each in (denise, ingrid):
        give_role(session, each.id, room, "organizer", NOW)
    join(session, rosa.id, room, NOW)
    rosa.organizer_id = denise.id
    thread, closed = talk(session, rosa.id, room, denise.id), talk(session, rosa.id, room, denise.id)
    close(session, closed, denise.id, NOW)
    absence = goes_away(session, denise.id, NOW + 7 * DAY, denise.id, "web", NOW)
    passed = leave(session, absence, NOW)
    session.refresh(rosa)
    assert (passed.threads, passed.members) == (1, 1)
    assert (thread.responsible_id, closed.responsible_id, rosa.organizer_id) == (ingrid.id, denise.id, ingrid.id)
    assert give_back(session, NOW + DAY) == 0, "not before they are back"
    assert give_back(session, NOW + 8 * DAY) == 1
    session.refresh(rosa)
    assert rosa.organizer_id == denise.id and thread.responsible_id == ingrid.id


def test_where_everybody_is_away_somebody_still_has_it(session: Session) -> None:
    room = chapter(session, "duluth")
    denise, rosa = add_member(session, "Denise", NOW), add_member(session, "Rosa", NOW)
    give_role(session, denise.id, room, "steward", NOW)
    thread = talk(session, rosa.id, room, denise.id)
    assert leave(session, goes_away(session, denise.id, None, None, "web", NOW), NOW).threads == 0
    assert thread.responsible_id == denise.id and nobodys(session, NOW) == 0


def test_what_nobody_answered_a_day_past_its_time_goes_on_once_and_the_steward_is_told(session: Session) -> None:
    room = chapter(session, "tucson")
    slow, quick, steward, rosa = (add_member(session, name, NOW) for name in ("Slow", "Quick", "Steward", "Rosa"))
    give_role(session, slow.id, room, "organizer", NOW)
    give_role(session, quick.id, room, "organizer", NOW + DAY)
    give_role(session, steward.id, room, "steward", NOW + DAY)
    thread = talk(session, rosa.id, room, slow.id)
    busy = talk(session, rosa.id, room, steward.id)
    note_overdue(session, NOW + DAY, DAY)
    assert take_back(session, NOW + DAY) == 0
    session.query(Notice).delete()
    busy.answer_due_at = None
    assert take_back(session, NOW + 2 * DAY) == 1
    assert thread.responsible_id == quick.id
    told = {(each.member_id, each.why) for each in session.scalars(select(Notice))}
    assert told == {(quick.id, "handed"), (steward.id, "returned")}
    note_overdue(session, NOW + 3 * DAY, DAY)
    assert take_back(session, NOW + 9 * DAY) == 0, "once"


_DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["away", "back", "ends", "erased", "silent end", "put back", "writes", "closes", "comes"]),
        st.integers(0, 4),
        st.integers(0, 5),
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds=_DEEDS)
def test_no_open_conversation_is_without_a_person_while_anybody_can_answer(
    db: Database, deeds: list[tuple[str, int, int]]
) -> None:
    try:
        with db.write() as session:
            _live(session, deeds)
            raise _Undone
    except _Undone:
        pass


def _live(session: Session, deeds: list[tuple[str, int, int]]) -> None:
    rooms = [chapter(session, f"room-{number}-{new_id()}") for number in range(2)]
    people = [add_member(session, f"Organizer{number}", NOW) for number in range(5)]
    roles = (
        (rooms[0], "organizer"),
        (rooms[0], "steward"),
        (rooms[1], "organizer"),
        (None, "staff"),
        (None, "regional"),
    )
    for person, (room, role) in zip(people, roles, strict=True):
        give_role(session, person.id, room, role, NOW)
    members = [add_member(session, f"Member{number}", NOW) for number in range(3)]
    threads = [
        talk(session, each.id, room, person.id)
        for each, room, person in zip(members * 2, [*rooms, None, *rooms, None], [*people, people[0]], strict=True)
    ]
    now = NOW
    for what, who, which in deeds:
        now += timedelta(hours=7)
        person, thread = people[who], threads[which]
        match what:
            case "away":
                leave(session, goes_away(session, person.id, now + DAY, None, "web", now), now)
            case "back":
                comes_back(session, person.id, None, now)
            case "ends":
                end_roles(session, person.id, None, now)
            case "erased":
                session.get_one(Member, person.id).erased_at = now
            case "silent end":
                for ended in session.scalars(select(Role).where(Role.member_id == person.id)):
                    ended.ended_at = ended.ended_at or now
            case "put back":
                assign(session, thread, None, person.id, "", now)
            case "writes":
                words = Words("Still there?", author_id=thread.member_id)
                file_words_in(session, thread, words, now, waits=True, answer_within=DAY)
            case "closes":
                close(session, thread, None, now)
            case _:
                give_role(session, person.id, rooms[which % 2], "organizer", now)
        session.flush()
        note_overdue(session, now, DAY)
        adopt(session, now)
        take_back(session, now)
        give_back(session, now)
        assert nobodys(session, now) == 0
        _passed_ones_are_tried(session)
        for each in threads:
            if each.closure_id is None and each.responsible_id is not None and _somebody_there(session, each):
                assert _can(session, each.responsible_id), f"{what} left {each.id} with nobody"


def _passed_ones_are_tried(session: Session) -> None:
    """Whoever a conversation was handed to last, it is their way that is tried."""
    for thread_id, to_id in _handed_last(session).items():
        test = session.get(ReplyTest, thread_id)
        assert test is not None and test.to_id == to_id


def _handed_last(session: Session) -> dict[int, int]:
    rows = session.scalars(select(AuditEntry).where(AuditEntry.verb == "handed_over").order_by(AuditEntry.id))
    return {row.subject_id: row.detail["to_id"] for row in rows}


def _somebody_there(session: Session, thread: Thread) -> bool:
    return any(
        may_answer(session, role.member_id, thread.chapter_id) and _can(session, role.member_id)
        for role in session.scalars(select(Role).where(Role.ended_at.is_(None)))
    )


def _can(session: Session, member_id: int) -> bool:
    alive = session.get_one(Member, member_id).erased_at is None
    roles = session.scalars(select(Role).where(Role.member_id == member_id, Role.ended_at.is_(None))).all()
    return alive and bool(roles)
