"""Partitions on PostgreSQL: next months' parts stand before their time, and no row is ever refused."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.base.db import Database
from engine.base.ids import id_at, new_id
from engine.base.partition import SWEEPS, ahead
from engine.enrollments.enrollment import Visit

MOMENT = datetime(2031, 12, 15, tzinfo=UTC)
CUT = ("delivery", "received", "received_bytes", "visit")


def home_of(session: Session, table: str) -> list[str]:
    """The partitions in which the table's rows lie."""
    return [name for (name,) in session.execute(text(f"select distinct tableoid::regclass::text from {table}"))]


def test_this_months_and_two_more_stand_for_every_table_that_only_grows(postgres_db: Database) -> None:
    with postgres_db.write() as session:
        made = ahead(session, MOMENT)
    assert {name for name in made if name.startswith("visit")} == {"visit_2031_12", "visit_2032_01", "visit_2032_02"}
    assert len(made) == 3 * len(CUT)
    with postgres_db.write() as session:
        assert ahead(session, MOMENT) == [], "asked again, nothing changes"


def test_a_row_lies_in_its_months_part_and_one_of_no_part_in_the_default(postgres_db: Database) -> None:
    with postgres_db.write() as session:
        ahead(session, MOMENT)
        session.execute(
            text("insert into received_bytes (id, created_at, sha256, size, body) values (:id, now(), 'x', 1, 'x')"),
            [{"id": new_id()}, {"id": id_at(int(datetime(2021, 1, 1, tzinfo=UTC).timestamp() * 1000)) + 1}],
        )
        assert sorted(home_of(session, "received_bytes")) == [
            f"received_bytes_{datetime.now(UTC):%Y_%m}",
            "received_bytes_rest",
        ]


def test_the_sweep_is_still_once_all_stand_and_wakes_again_when_the_month_turns(postgres_db: Database) -> None:
    (sweep,) = SWEEPS
    with postgres_db.write() as session:
        assert sweep.due(session, MOMENT) == [None]
        ahead(session, MOMENT)
        assert sweep.due(session, MOMENT) == []
        assert sweep.due(session, MOMENT + timedelta(days=31)) == [None]


def test_a_month_whose_rows_stand_in_the_default_part_stays_there_and_troubles_nobody(postgres_db: Database) -> None:
    with postgres_db.write() as session:
        third = datetime(2031, 12, 3, tzinfo=UTC)
        session.add(
            Visit(visit_at=third, enrollment_id=1, version_id=1, step=0, phase=0, acted_at=third, outcome="sent")
        )
        session.flush()
        made = ahead(session, MOMENT)
        assert "visit_2031_12" not in made
        assert "visit_2032_01" in made
        (sweep,) = SWEEPS
        assert sweep.due(session, MOMENT) == []


def test_on_sqlite_there_is_nothing_to_do(db: Database) -> None:
    with db.write() as session:
        assert ahead(session, MOMENT) == []
        assert SWEEPS[0].due(session, MOMENT) == []
