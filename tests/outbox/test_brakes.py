"""Brakes: too many complaints or returned letters let a chapter's letters to many rest, and nothing else."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select, update

from engine.audit.entry import AuditEntry
from engine.base.db import Database
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.outbox import queue
from engine.outbox.brake_release import release, to_release
from engine.outbox.brakes import Brake, judged, lift, note_trouble, open_brakes
from engine.outbox.claim import claim_due
from engine.outbox.classes import TO_MANY, rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.mail_tally import Sum, count_mail
from engine.outbox.post import answer
from engine.outbox.receipts import bounced, complained
from tests.database import on_both_databases
from tests.outbox.conftest import START, House


@pytest.mark.parametrize(
    ("kind", "had", "level"),
    [
        ("complained", Sum(10, complained=1), ""),  # one complaint never decides
        ("complained", Sum(10, complained=2), "pause"),
        ("complained", Sum(10, complained=3), "stop"),
        ("complained", Sum(2_001, complained=2), ""),
        ("complained", Sum(2_000, complained=2), "pause"),
        ("complained", Sum(1_000_000, complained=2_999), "pause"),
        ("complained", Sum(1_000_000, complained=3_000), "stop"),
        ("complained", Sum(1_000, bounced=900, complained=2), "pause"),
        ("complained", Sum(0, complained=2), "pause"),
        ("bounced", Sum(20, bounced=9), ""),
        ("bounced", Sum(200, bounced=10), "pause"),
        ("bounced", Sum(201, bounced=10), ""),
        ("bounced", Sum(200, bounced=20), "stop"),
    ],
)
def test_shares_and_counts_decide_together(kind: str, had: Sum, level: str) -> None:
    limit = judged(had, kind)
    assert (limit.level if limit else "") == level


def chapter(house: House, name: str) -> int:
    with house.services.db.write() as session:
        row = Chapter(id=new_id(), created_at=house.now, slug=name.lower(), name=name)
        session.add(row)
        session.flush()
        return row.id


def letters(house: House, chapter_id: int, count: int, message_class: str = "broadcast") -> list[int]:
    """So many letters of the chapter are due, each to somebody new."""
    found = []
    for _ in range(count):
        name = f"Nb{len(house.people)} Lee"
        house.person(name)
        row_id = house.letter(name.split()[0], "a_story")
        with house.services.db.write() as session:
            row = session.get_one(Delivery, row_id)
            session.execute(
                update(OutboxDue).where(OutboxDue.delivery_id == row_id).values(rank=rank_of(message_class, "email"))
            )
            row.chapter_id, row.message_class = chapter_id, message_class
        found.append(row_id)
    return found


def complain(house: House, *delivery_ids: int) -> None:
    for each in delivery_ids:
        with house.services.db.write() as session:
            assert complained(session, each, "Called spam.", f"arf:{each}", None, house.now)


@on_both_databases
def test_complaints_stop_a_chapters_broadcast_and_let_answers_through_until_a_person_lifts_it(house: House) -> None:
    creek, porch = chapter(house, "Creek"), chapter(house, "Porch")
    first = letters(house, creek, 5)
    house.send()
    complain(house, first[0])
    assert {house.delivery(each).state for each in letters(house, creek, 0)} <= {"sent"}
    with house.read() as session:
        assert open_brakes(session, house.now) == []
    complain(house, first[1])
    with house.read() as session:
        [brake] = open_brakes(session, house.now)
        assert (brake.level, brake.until_at) == ("pause", house.now + timedelta(days=1))
    complain(house, first[2])
    kinds = {name: letters(house, creek, 1, name)[0] for name in TO_MANY}
    [elsewhere] = letters(house, porch, 1)
    thread = house.writes("Nb5" if "Nb5" in house.people else "Maya")
    with house.services.db.write() as session:
        row = session.get_one(Thread, thread)
        row.chapter_id = creek
        said = answer(session, row, house.people["Maya"], "Yes!", house.now, key="a").id
    house.send()
    assert house.delivery(said).state == house.delivery(elsewhere).state == "sent"
    for each in kinds.values():
        row_ = house.delivery(each)
        assert row_.state == "queued"
        assert "3 of 5 readers called its letters unwanted" in (row_.refusal or "") and "must lift" in (
            row_.refusal or ""
        )
    with house.read() as session:
        [brake] = open_brakes(session, house.now)
        assert (brake.level, brake.until_at, brake.chapter_id) == ("stop", None, creek)
        titles = list(session.scalars(select(Task.title).where(Task.chapter_id == creek).order_by(Task.id)))
        assert [title.split(":")[0] for title in titles] == [
            "Letters of Creek to many are paused", "Letters of Creek to many are stopped",
        ]  # fmt: skip
    house.later(days=3)
    house.send()
    assert {house.delivery(each).state for each in kinds.values()} == {"queued"}
    with pytest.raises(Invalid), house.services.db.write() as session:
        lift(session, brake.id, house.people["Maya"], " ", house.now)
    with house.services.db.write() as session:
        assert lift(session, brake.id, house.people["Maya"], "They had been imported by mistake; taken out.", house.now)
        assert not lift(session, brake.id, house.people["Maya"], "Again.", house.now)
    with house.read() as session:
        assert to_release(session) == [brake.id]
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.verb == "brake_lifted"))
        assert entry.actor_id == house.people["Maya"] and entry.chapter_id == creek
    assert release(house.services.db, brake.id, house.now) == len(kinds)
    house.send()
    assert {house.delivery(each).state for each in kinds.values()} == {"sent"}
    # What was before it was lifted counts no more; one further complaint decides nothing.
    complain(house, first[3])
    with house.read() as session:
        assert open_brakes(session, house.now) == []


def test_one_reader_who_marks_three_letters_is_one_who_complains(house: House) -> None:
    creek = chapter(house, "Creek")
    first = letters(house, creek, 5)
    house.send()
    with house.services.db.write() as session:
        member_id = session.get_one(Delivery, first[0]).member_id
        session.execute(update(Delivery).where(Delivery.id.in_(first[:3])).values(member_id=member_id))
    complain(house, *first[:3])
    with house.read() as session:
        assert open_brakes(session, house.now) == []
    # A second reader is the second.
    complain(house, first[3])
    with house.read() as session:
        assert [each.level for each in open_brakes(session, house.now)] == ["pause"]


def test_a_pause_ends_after_a_day_and_a_further_complaint_begins_another(house: House) -> None:
    creek = chapter(house, "Creek")
    first = letters(house, creek, 8)
    house.send()
    with house.services.db.write() as session:
        count_mail(session, "sent", [Delivery(chapter_id=creek, channel="email")] * 1200, house.now)
    complain(house, first[0], first[1])
    [waits] = letters(house, creek, 1)
    house.send()
    assert house.delivery(waits).send_at == house.now + timedelta(days=1)
    house.later(days=1, minutes=1)
    house.send()
    assert house.delivery(waits).state == "sent"
    complain(house, first[2])
    [waits] = letters(house, creek, 1)
    house.send()
    assert "3 of 1,209 readers" in (house.delivery(waits).refusal or "")


def test_returned_letters_do_the_same_whether_at_once_or_later(house: House) -> None:
    creek = chapter(house, "Creek")
    sent = letters(house, creek, 12)
    house.send()
    for each in sent[:9]:
        with house.services.db.write() as session:
            assert bounced(session, each, True, "5.2.0", "no", f"dsn:{each}", None, house.now)
    with house.read() as session:
        assert open_brakes(session, house.now) == []
    house.relay.domain_replies["home.example"] = "550 5.1.1 nobody here"
    last = letters(house, creek, 1)
    house.send()
    assert house.delivery(last[0]).state == "failed"
    with house.read() as session:
        [brake] = open_brakes(session, house.now)
        assert brake.kind == "bounced" and "10 of 12 letters came back" in brake.says


@on_both_databases
def test_judging_a_chapter_reads_its_hours_and_no_letter(
    new_database: Callable[[Path], Database], tmp_path: Path
) -> None:
    db = new_database(tmp_path)
    said: list[str] = []

    def heard(_c: Connection, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    with db.write() as session:
        for hour in range(24 * 7):
            count_mail(session, "sent", [Delivery(chapter_id=7, channel="email")] * 50, START - timedelta(hours=hour))
        event.listen(db.engine, "before_cursor_execute", heard)
        note_trouble(session, "complained", [Delivery(chapter_id=7, channel="email")], START)
    assert len(said) <= 8 and not any(" delivery " in each for each in said)


def test_a_complaint_after_the_window_is_counted_when_it_comes_and_older_ones_no_more(house: House) -> None:
    creek = chapter(house, "Creek")
    first = letters(house, creek, 5)
    house.send()
    complain(house, first[0])
    house.later(days=8)
    complain(house, first[1])
    with house.read() as session:
        assert open_brakes(session, house.now) == []
    # Two in the same window decide, though their letters left long before it.
    complain(house, first[2])
    with house.read() as session:
        [brake] = open_brakes(session, house.now)
        assert (brake.kind, brake.level) == ("complained", "pause")


def stopped_and_lifted(house: House) -> tuple[int, list[int]]:
    """A chapter's brake that Maya lifted, by its id, and eight letters of before; two hours and four letters later."""
    creek = chapter(house, "Creek")
    first = letters(house, creek, 8)
    house.send()
    complain(house, *first[:3])
    with house.read() as session:
        [stop] = open_brakes(session, house.now)
    with house.services.db.write() as session:
        assert lift(session, stop.id, house.people["Maya"], "The list was mended.", house.now)
    house.later(hours=2)
    letters(house, creek, 4)
    house.send()
    return stop.id, first


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_what_a_courier_takes_while_it_is_brought_back_stands_in_the_queue_once(house: House) -> None:
    stop_id, _ = stopped_and_lifted(house)
    creek = chapter(house, "Bank")
    [waits] = letters(house, creek, 1)
    with house.services.db.write() as session:
        # Put off by the brake until a minute from now; whoever brings it back began before that.
        row, brake = session.get_one(Delivery, waits), session.get_one(Brake, stop_id)
        brake.chapter_id, brake.released_at, row.refusal = creek, None, brake.says
        queue.move(session, row, house.now + timedelta(minutes=1))
    began = house.now
    house.later(minutes=1)
    with house.services.db.write() as session:
        claimed = claim_due(session, house.services.settings, house.now, 10, "email")
        assert [each.id for each in claimed.deliveries] == [waits]
        bringing = threading.Thread(target=release, args=(house.services.db, stop_id, began))
        bringing.start()
        bringing.join(1.0)
    bringing.join(30.0)
    with house.read() as session:
        [lease] = session.scalars(select(OutboxDue.leased_until_at).where(OutboxDue.delivery_id == waits))
    assert lease is not None


def test_a_brake_that_was_lifted_is_put_on_again_by_new_complaints_alone(house: House) -> None:
    stop_id, first = stopped_and_lifted(house)
    complain(house, first[3])
    with house.read() as session:
        assert open_brakes(session, house.now) == []
    complain(house, first[4])
    with house.read() as session:
        [again] = open_brakes(session, house.now)
        assert again.id != stop_id and (again.level, again.lifted_at) == ("pause", None)
        assert "2 of 4 readers" in again.says
