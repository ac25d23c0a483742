"""Groups of mails that differ: hostile ones between, texts alone, old ones, and two workers at the same rows."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from engine.base.errors import Unread
from engine.conversations.message import Message
from engine.conversations.storm import MOST, Storm
from engine.conversations.thread import IN_STORM, Thread
from reply_router import jobs, understanding
from reply_router.routing import route_due
from reply_router.taken import MOST_TRIES
from tests.database import on_both_databases
from tests.reply_router.budget.hostile import SHORT, readers_with, slow
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import KEI, ROSA, WALT, Phones

HELLO = f"hello@{DOMAIN}"


def _writes(town: Town, name: str, text: str) -> int:
    raw = town.mail(f"{name} <{name.lower()}@home.example>", HELLO, "Chairs", text)
    return town.accepts(raw, HELLO)[0]


def _free(town: Town) -> None:
    with town.house.services.db.write() as session:
        jobs.free(session)


def test_a_hostile_mail_between_others_goes_to_a_person_and_the_others_are_filed_at_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [_writes(town, "Rosa", "One."), *town.accepts(slow(), HELLO), _writes(town, "Walt", "Two.")]
    with readers_with(seconds=SHORT) as slow_ones:
        slow_ones.read(b"Subject: hello\n\nhello\n")
        monkeypatch.setattr(understanding, "readers", slow_ones)
        with pytest.raises(Unread):
            route_due(town.house.services, rows[0])
        assert [town.row(row).outcome for row in rows] == ["thread", None, "thread"]
        for _ in range(MOST_TRIES - 1):
            _free(town)
            try:
                route_due(town.house.services, rows[1])
            except Unread:
                continue
    hostile = town.row(rows[1])
    assert hostile.outcome in ("thread", "needs_person") and "open the original" in town.thread(hostile).marks
    assert town.is_balanced()


@on_both_databases
def test_texts_that_are_due_together_end_as_each_would(phones: Phones) -> None:
    town = phones.town
    said = [(ROSA, "Can my kids come?"), (WALT, "STOP"), (KEI, "HELP"), (ROSA, "On Saturday, I mean."), (WALT, "START")]
    rows = [phones.accepts(phone, words) for phone, words in said]
    outcomes = route_due(town.house.services, rows[0])
    assert list(outcomes) == rows
    assert list(outcomes.values()) == ["thread", "command", "command", "thread", "command"]
    first, again = town.row(rows[0]), town.row(rows[3])
    assert first.thread_id == again.thread_id and town.is_balanced()


@on_both_databases
def test_mails_that_name_nobody_and_have_no_id_are_settled_together_too(town: Town) -> None:
    nobody = b"Subject: Chairs\n\nWho brings the chairs?\n"
    no_id = b"From: Rosa Marin <rosa@home.example>\nSubject: Chairs\n\nI bring ten.\n"
    rows = [row for raw in (nobody, no_id, b"\n", b"I bring tables.\n") for row in town.accepts(raw, HELLO, dmarc="")]
    rows.append(_writes(town, "Rosa", "And a table."))
    outcomes = route_due(town.house.services, rows[0])
    assert list(outcomes) == rows and set(outcomes.values()) <= {"thread", "needs_person", "machine", "junk"}
    assert town.row(rows[1]).thread_id == town.row(rows[4]).thread_id and town.is_balanced()


@on_both_databases
@pytest.mark.parametrize(("hours", "is_storm"), [(3, False), (0, True)])
def test_a_backlog_from_hours_ago_is_no_storm_and_one_of_this_hour_is(town: Town, hours: int, is_storm: bool) -> None:
    rows = [_writes(town, "Rosa", f"Number {number}.") for number in range(MOST + 3)]
    if hours:
        town.house.later(hours=hours)
    assert len(route_due(town.house.services, rows[0])) == len(rows)
    (thread,) = town.threads("Rosa")
    with town.house.read() as session:
        storms = list(session.scalars(select(Storm)))
    assert (IN_STORM in thread.marks, [each.most for each in storms]) == (is_storm, [MOST + 3] if is_storm else [])


@on_both_databases
def test_two_workers_at_overlapping_groups_settle_each_row_once_and_open_one_conversation_each(town: Town) -> None:
    names = ("Rosa", "Walt", "Kei")
    rows = [_writes(town, names[number % 3], f"Number {number}.") for number in range(30)]
    with ThreadPoolExecutor(4) as workers:
        asked = [workers.submit(route_due, town.house.services, row) for row in (rows[3], rows[0], rows[20], rows[1])]
        settled = [row for each in asked for row in each.result(60)]
    for row in rows:
        settled += route_due(town.house.services, row)
    assert sorted(settled) == rows
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(Thread)) == 3
        words = list(session.scalars(select(Message.text).where(Message.kind == "in")))
    assert sorted(words) == sorted(f"Number {number}." for number in range(30)) and town.is_balanced()
