"""Passing: what of an organizer's notes others read, before and after they go."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.db import Database
from engine.base.errors import NotFound
from engine.chapters.membership import give_role
from engine.conversations.handing_over import end_roles, leave
from engine.conversations.message import Message, write_note
from engine.conversations.passing import (
    DELETE,
    KEEP,
    KEPT_FOR,
    PASS,
    choose,
    forget_whole,
    keep_to_oneself,
    own_notes,
    whole_words,
)  # fmt: skip
from engine.conversations.thread import Thread
from engine.conversations.timeline import Said, timeline
from engine.people.absence import goes_away
from engine.people.member import add_member
from engine.runner.erasing import erase
from tests.conversations.test_handing_over import DAY, NOW, chapter, talk
from tests.database import on_both_databases

ILL = "She has cancer. Prefers calls after six."


class Room:
    """Denise, who leaves; Ingrid, who answers next; and what Denise wrote about Rosa."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.room = chapter(session, "atlanta")
        self.denise, self.ingrid, self.rosa = (
            add_member(session, each, NOW).id for each in ("Denise", "Ingrid", "Rosa")
        )
        for each in (self.denise, self.ingrid):
            give_role(session, each, self.room, "organizer", NOW)
        self.thread = talk(session, self.rosa, self.room, self.denise)

    def note(self, text: str, *, mine: bool = False) -> Message:
        note = write_note(self.session, self.thread, self.denise, text, NOW)
        if mine:
            keep_to_oneself(self.session, note, NOW)
        return note

    def reads(self, who: int) -> list[str]:
        told = timeline(self.session, self.session.get_one(Thread, self.thread.id), reader_id=who)
        notes = [each for each in told.entries if isinstance(each, Said) and each.message.kind == "note"]
        return [each.whole or each.message.text for each in notes]


@pytest.fixture
def room(new_database: Callable[[Path], Database], tmp_path: Path) -> Iterator[Room]:
    with new_database(tmp_path).write() as session:
        yield Room(session)


@on_both_databases
def test_who_answers_next_reads_notes_without_what_was_confided_and_the_author_reads_them_whole(
    room: Room,
) -> None:
    room.note("Loves soup.")
    room.note(ILL)
    room.note("In confidence: she may move.")
    room.note("Mine.", mine=True)
    assert room.reads(room.ingrid) == ["Loves soup.", ILL, "In confidence: she may move.", ""], "until then, the team's"
    passed = leave(room.session, goes_away(room.session, room.denise, NOW + DAY, None, "web", NOW), NOW)
    assert (passed.notes, passed.notes_kept) == (2, 2)
    assert room.reads(room.ingrid) == ["Loves soup.", "[…] Prefers calls after six.", "", ""]
    assert room.reads(room.denise) == ["Loves soup.", ILL, "In confidence: she may move.", "Mine."]
    assert [each.passed for each in own_notes(room.session, room.denise)] == [True] * 4


@on_both_databases
def test_its_author_chooses_for_each_note_before_it_goes_and_after(room: Room) -> None:
    kept, told, gone = room.note("Loves soup."), room.note("In confidence: may move."), room.note("Nonsense.")
    for note, choice in ((kept, KEEP), (told, PASS), (gone, DELETE)):
        choose(room.session, room.denise, note.id, choice, NOW)
    assert room.reads(room.ingrid) == ["", "In confidence: may move."], "kept at once; deleted at once"
    for stranger in (room.ingrid, room.rosa):
        with pytest.raises(NotFound):
            choose(room.session, stranger, kept.id, PASS, NOW)
    end_roles(room.session, room.denise, None, NOW)
    assert room.reads(room.ingrid) == ["", "In confidence: may move."]
    choose(room.session, room.denise, kept.id, PASS, NOW)
    assert room.reads(room.ingrid)[0] == "Loves soup.", "they may still let it go"


@on_both_databases
def test_what_nobody_may_read_any_more_is_gone_after_thirty_days_unless_they_come_back(room: Room) -> None:
    room.note(ILL)
    end_roles(room.session, room.denise, None, NOW)
    assert forget_whole(room.session, NOW + KEPT_FOR - timedelta(minutes=1)) == 0
    again = give_role(room.session, room.denise, room.room, "organizer", NOW + DAY)
    assert forget_whole(room.session, NOW + KEPT_FOR) == 0 and room.reads(room.denise) == [ILL]
    again.ended_at = NOW
    end_roles(room.session, room.denise, None, NOW)
    assert forget_whole(room.session, NOW + KEPT_FOR) == 1
    assert room.reads(room.denise) == room.reads(room.ingrid) == ["[…] Prefers calls after six."]


@on_both_databases
def test_a_forgotten_member_is_in_nobodys_kept_notes(room: Room) -> None:
    note = room.note(ILL, mine=True)
    erase(room.session, room.rosa, NOW)
    stored = room.session.scalars(
        select(Message).where(Message.id == note.id).execution_options(populate_existing=True)
    )
    assert whole_words(room.session, list(stored), room.denise) == {}
    assert room.reads(room.denise) == [""]
