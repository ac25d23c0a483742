"""Conversations: words wait, somebody answers, journeys hold, and each change says who and when."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import AuditEntry, record
from engine.base.db import Database
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role
from engine.conversations.assignment import assign, least_loaded, may_answer, person_for
from engine.conversations.closure import close, reopen, set_responded
from engine.conversations.feed import FeedEntry
from engine.conversations.hold import held_members
from engine.conversations.message import (
    Message,
    Words,
    file_machine_mail,
    file_words_in,
    file_words_out,
    first_line,
    write_note,
)
from engine.conversations.task import finish_task, give_task
from engine.conversations.thread import UNTIL_ANSWERED, Thread, mark, open_person_thread, open_thread
from engine.conversations.timeline import Said, timeline
from engine.enrollments.signal import Signal
from engine.people.member import Member, add_member

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
DAY = timedelta(days=1)
HOLD = timedelta(hours=72)


def a_thread(session: Session, name: str = "Rosa") -> Thread:
    rosa = add_member(session, name, NOW)
    return open_thread(
        session, NOW, member_id=rosa.id, chapter_id=None, subject="Hello", reason="She answered a letter."
    )


def she_writes(session: Session, thread: Thread, now: datetime, *, waits: bool = True) -> Message:
    return file_words_in(session, thread, Words(text="\n\nI fix bikes\nand more"), now, waits=waits, answer_within=DAY)


def we_write(session: Session, thread: Thread, now: datetime) -> Message:
    return file_words_out(session, thread, Words(text="Come by"), now, hold_for=HOLD)


def held(session: Session, thread: Thread, now: datetime) -> bool:
    assert thread.member_id is not None
    return thread.member_id in held_members(session, [thread.member_id], now)


def test_a_closing_that_is_taken_back_leaves_the_words_waiting_as_they_did(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        she_writes(session, thread, NOW)
        close(session, thread, thread.member_id, NOW + DAY / 2)
        assert (thread.waits_since, held(session, thread, NOW + DAY)) == (None, False)
        reopen(session, thread, thread.member_id, NOW + DAY / 2)
        assert (thread.waits_since, thread.answer_due_at) == (NOW, NOW + DAY)
        assert thread.hold_until_at == UNTIL_ANSWERED and held(session, thread, NOW + 30 * DAY)


def test_a_closing_taken_back_after_our_answer_holds_for_what_is_left_of_its_time(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        she_writes(session, thread, NOW)
        we_write(session, thread, NOW)
        close(session, thread, thread.member_id, NOW + DAY)
        reopen(session, thread, thread.member_id, NOW + DAY)
        assert thread.waits_since is None and thread.hold_until_at == NOW + HOLD
        close(session, thread, thread.member_id, NOW + DAY)
        reopen(session, thread, thread.member_id, NOW + HOLD)
        assert thread.hold_until_at is None


def test_new_words_after_a_closing_wait_from_when_they_came(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        she_writes(session, thread, NOW)
        close(session, thread, thread.member_id, NOW)
        she_writes(session, thread, NOW + DAY)
        assert (thread.waits_since, thread.answer_due_at) == (NOW + DAY, NOW + 2 * DAY)


def test_words_that_wait_have_a_due_time_and_hold_journeys_as_long_as_it_takes(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        she_writes(session, thread, NOW)
        she_writes(session, thread, NOW + DAY / 2)
        assert (thread.waits_since, thread.answer_due_at) == (NOW, NOW + DAY)
        assert thread.hold_until_at == UNTIL_ANSWERED
        assert held(session, thread, NOW + 1000 * DAY)
        assert thread.last_words == "I fix bikes"


def test_our_answer_ends_the_waiting_and_the_hold_goes_on_for_72_hours(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        she_writes(session, thread, NOW)
        we_write(session, thread, NOW + DAY)
        assert thread.waits_since is None
        assert thread.answer_due_at is None
        assert held(session, thread, NOW + DAY + HOLD - timedelta(seconds=1))
        assert not held(session, thread, NOW + DAY + HOLD)


def test_words_that_need_no_answer_open_neither_hold_nor_due_time_and_leave_a_closed_thread_closed(
    db: Database,
) -> None:
    with db.write() as session:
        thread = a_thread(session)
        close(session, thread, None, NOW)
        she_writes(session, thread, NOW, waits=False)
        assert thread.answer_due_at is None
        assert thread.closure_id is not None
        assert not held(session, thread, NOW)


@pytest.mark.parametrize("ending", ["close", "responded"])
def test_closing_or_setting_to_responded_ends_the_hold_and_tells_journeys_once(db: Database, ending: str) -> None:
    with db.write() as session:
        thread = a_thread(session)
        denise = add_member(session, "Denise", NOW)
        she_writes(session, thread, NOW)
        for _ in range(2):
            if ending == "close":
                close(session, thread, denise.id, NOW)
            else:
                set_responded(session, thread, denise.id, NOW)
        assert not held(session, thread, NOW)
        assert session.scalars(select(Signal.kind)).all() == ["hold_ended"]
        assert session.scalars(select(AuditEntry.verb)).all() == ["closed" if ending == "close" else "responded"]


def test_while_another_talk_goes_on_the_hold_does_not_end(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        she_writes(session, thread, NOW)
        other = open_thread(session, NOW, member_id=thread.member_id, chapter_id=None, subject="Rides", reason="")
        she_writes(session, other, NOW)
        close(session, thread, None, NOW)
        assert held(session, other, NOW)
        assert session.scalars(select(Signal.kind)).all() == []
        close(session, other, None, NOW)
        assert session.scalars(select(Signal.kind)).all() == ["hold_ended"]


def test_new_words_open_a_closed_thread_again_and_the_closure_stays_as_history(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        closure = close(session, thread, None, NOW, "done")
        she_writes(session, thread, NOW + DAY)
        assert closure is not None
        assert thread.closure_id is None
        assert closure.reopened_at == NOW + DAY
        assert reopen(session, thread, None, NOW) is None


def test_a_machines_mail_is_in_the_timeline_and_changes_nothing_else(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        file_machine_mail(session, thread, Words(text="I am away"), NOW + DAY)
        assert (thread.last_at, thread.last_words, thread.waits_since) == (NOW, "", None)
        assert session.scalars(select(Message.kind)).all() == ["machine"]


def test_a_note_is_no_answer(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        denise = add_member(session, "Denise", NOW)
        she_writes(session, thread, NOW)
        write_note(session, thread, denise.id, "Her sister is Joan.", NOW)
        assert thread.waits_since == NOW
        assert thread.last_words == "I fix bikes"


def test_every_change_reaches_open_pages(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        she_writes(session, thread, NOW)
        assign(session, thread, None, None, "put back", NOW)
        close(session, thread, None, NOW)
        reopen(session, thread, None, NOW)
        assert session.scalars(select(FeedEntry.what).order_by(FeedEntry.id)).all() == [
            "message",
            "assigned",
            "closed",
            "reopened",
        ]


def a_chapter(session: Session, slug: str) -> int:
    chapter = Chapter(id=new_id(), created_at=NOW, slug=slug, name=slug.title())
    session.add(chapter)
    session.flush()
    return chapter.id


def test_the_person_of_the_thread_answers_then_the_members_organizer_then_the_least_loaded_then_the_desk(
    db: Database,
) -> None:
    with db.write() as session:
        thread = a_thread(session)
        assert person_for(session, thread, NOW)[0] is None
        maya = add_member(session, "Maya", NOW).id
        give_role(session, maya, None, "staff", NOW)
        assert person_for(session, thread, NOW)[0] == maya
        thread.chapter_id = a_chapter(session, "atlanta")
        busy, free = add_member(session, "Busy", NOW).id, add_member(session, "Free", NOW).id
        for organizer in (busy, free):
            give_role(session, organizer, thread.chapter_id, "organizer", NOW)
        assert person_for(session, thread, NOW)[0] == busy
        other = a_thread(session, "Walt")
        assign(session, other, busy, None, "", NOW)
        she_writes(session, other, NOW)
        assert least_loaded(session, thread.chapter_id, NOW) == free
        assert person_for(session, thread, NOW)[0] == free
        owner = add_member(session, "Owner", NOW).id
        give_role(session, owner, thread.chapter_id, "steward", NOW)
        session.get_one(Member, thread.member_id).organizer_id = owner
        assert person_for(session, thread, NOW)[0] == owner
        assign(session, thread, free, owner, "", NOW)
        assert person_for(session, thread, NOW)[0] == free


def test_somebody_whose_role_ended_answers_no_more(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        thread.chapter_id = a_chapter(session, "atlanta")
        gone, here = add_member(session, "Gone", NOW).id, add_member(session, "Here", NOW).id
        role = give_role(session, gone, thread.chapter_id, "organizer", NOW)
        give_role(session, here, thread.chapter_id, "organizer", NOW)
        assign(session, thread, gone, None, "", NOW)
        role.ended_at = NOW
        session.flush()
        assert not may_answer(session, gone, thread.chapter_id)
        assert person_for(session, thread, NOW)[0] == here


def test_a_members_organizer_who_no_longer_answers_people_is_passed_over(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        thread.chapter_id = a_chapter(session, "atlanta")
        owner, here = add_member(session, "Owner", NOW).id, add_member(session, "Here", NOW).id
        session.get_one(Member, thread.member_id).organizer_id = owner
        give_role(session, here, thread.chapter_id, "organizer", NOW)
        # Neither of these lets anybody sign in and write to a member.
        give_role(session, owner, thread.chapter_id, "helper", NOW)
        assert person_for(session, thread, NOW)[0] == here
        give_role(session, owner, None, "auditor", NOW)
        assert person_for(session, thread, NOW)[0] == here
        give_role(session, owner, a_chapter(session, "duluth"), "organizer", NOW)
        assert person_for(session, thread, NOW)[0] == owner


def test_a_helper_drafts_and_does_not_answer_and_staff_answer_everywhere(db: Database) -> None:
    with db.write() as session:
        chapter = a_chapter(session, "atlanta")
        helper, staff = add_member(session, "Helper", NOW).id, add_member(session, "Staff", NOW).id
        give_role(session, helper, chapter, "helper", NOW)
        give_role(session, staff, None, "staff", NOW)
        assert not may_answer(session, helper, chapter)
        assert may_answer(session, staff, chapter)


def test_the_open_conversation_is_the_latest_that_is_not_closed(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        assert thread.member_id is not None
        assert open_person_thread(session, thread.member_id) is thread
        close(session, thread, None, NOW)
        assert open_person_thread(session, thread.member_id) is None


def test_a_mark_stands_once(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        for _ in range(2):
            mark(thread, "from another address")
        assert thread.marks == ["from another address"]


def test_a_task_is_done_once_by_somebody(db: Database) -> None:
    with db.write() as session:
        denise = add_member(session, "Denise", NOW)
        task = give_task(session, "Call Rosa", NOW + DAY, NOW, member_id=denise.id)
        assert finish_task(session, task, denise.id, "She fixes bikes.", NOW)
        assert not finish_task(session, task, denise.id, "Again.", NOW)
        assert task.outcome == "She fixes bikes."


def test_the_audit_log_knows_its_verbs(db: Database) -> None:
    with db.write() as session, pytest.raises(ValueError, match="not a verb"):
        record(session, None, "frobnicated", "thread", 1, NOW)


@pytest.mark.parametrize(("text", "line"), [("", ""), ("\n\n  hi \nthere", "hi"), ("x" * 500, "x" * 200)])
def test_the_first_line_that_says_something_stands_in_the_list(text: str, line: str) -> None:
    assert first_line(text) == line


def test_words_of_one_instant_stand_in_the_order_in_which_they_were_said(db: Database) -> None:
    with db.write() as session:
        thread = a_thread(session)
        file_words_in(session, thread, Words(text="Is there a ramp?"), NOW, waits=True, answer_within=DAY)
        file_words_out(session, thread, Words(text="At the side door."), NOW, hold_for=HOLD)
        file_words_in(session, thread, Words(text="Good."), NOW, waits=True, answer_within=DAY)
        said = [entry.message.text for entry in timeline(session, thread).entries if isinstance(entry, Said)]
    assert said == ["Is there a ramp?", "At the side door.", "Good."]
