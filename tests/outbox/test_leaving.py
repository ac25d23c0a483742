"""Leaving a chapter: what waits of its news does not leave, found by an index however much was sent before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from engine.base.db import Database
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import join
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.leaving import leave_chapter
from engine.people.consent import Said
from engine.people.member import add_member
from tests.database import on_both_databases

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@on_both_databases
def test_whoever_leaves_gets_none_of_what_waits_and_no_table_is_walked_for_it(
    new_database: Callable[[Path], Database], tmp_path: Path
) -> None:
    db = new_database(tmp_path)
    ran: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if statement.lstrip().startswith("SELECT") and "FROM delivery" in statement and not many:
            ran.append((statement, parameters))

    with db.write() as session:
        rosa, walt = (add_member(session, name, NOW, zone="America/New_York").id for name in ("Rosa", "Walt"))
        chapters = [new_id(), new_id()]
        for number, chapter_id in enumerate(chapters):
            session.add(Chapter(id=chapter_id, created_at=NOW, slug=f"c{number}", name=f"C{number}", zone="UTC"))
        session.flush()
        join(session, rosa, chapters[0], NOW)
        waits = [
            _news(session, rosa, chapters[0], "queued"), _news(session, rosa, chapters[0], "sent"),
            _news(session, rosa, chapters[1], "queued"), _news(session, walt, chapters[0], "queued"),
        ]  # fmt: skip
    event.listen(db.engine, "before_cursor_execute", note)
    with db.write() as session:
        leave_chapter(session, rosa, chapters[0], "email", Said("web", "Leave"), NOW + timedelta(minutes=1))
    event.remove(db.engine, "before_cursor_execute", note)
    with db.read() as session:
        states = [session.get_one(Delivery, each).state for each in waits]
        assert states == ["refused", "sent", "queued", "queued"]
        assert [session.get(OutboxDue, (rank_of("chapter", "email"), NOW, each)) is None for each in waits[2:]] == [
            False,
            False,
        ]
    assert ran
    with db.write() as session:
        connection = session.connection()
        if db.is_sqlite:
            plan = [
                str(row[3])
                for each in ran
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each[0]}", each[1])
            ]
            assert all("ix_delivery_chapter_waits" in line for line in plan), plan
        else:
            # So small a table would be read whole whatever indexes it has.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = [str(row[0]) for each in ran for row in connection.exec_driver_sql(f"EXPLAIN {each[0]}", each[1])]
            assert not any("Seq Scan" in line for line in plan), plan
            assert any("Index Cond: (member_id" in line for line in plan), plan


def _news(session: Any, member_id: int, chapter_id: int, state: str) -> int:
    row = Delivery(
        id=new_id(), created_at=NOW, message_class="chapter", channel="email", member_id=member_id,
        chapter_id=chapter_id, send_at=NOW, state=state, state_at=NOW,
    )  # fmt: skip
    session.add(row)
    if state == "queued":
        session.add(OutboxDue(rank=rank_of("chapter", "email"), send_at=NOW, delivery_id=row.id))
    return row.id
