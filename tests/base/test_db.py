"""The database: times with a zone, one writer, work undone when it raises, jobs woken only after a commit."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

import engine.tables
from engine.base.broker import Broker, wake_on_commit
from engine.base.clock import ClockRow, SandboxClock, SystemClock
from engine.base.db import Database
from engine.base.errors import AlreadyRunning, Invalid, Unavailable
from engine.base.ids import id_at, new_id, new_ids
from engine.base.lease import take
from engine.base.lock import FolderLock
from engine.base.stored_time import from_microseconds, to_microseconds
from engine.migrations import migrate
from engine.people.member import Member, add_member

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)


@given(st.integers(0, 7_000_000_000_000_000))
def test_a_time_comes_back_to_the_microsecond(microseconds: int) -> None:
    moment = from_microseconds(microseconds)
    assert moment.tzinfo is UTC
    assert to_microseconds(moment) == microseconds
    assert to_microseconds(moment.astimezone(timezone(timedelta(hours=5)))) == microseconds


def test_a_time_without_a_zone_never_reaches_the_database(db: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"), db.write() as session:
        take(session, "x", "me", datetime(2026, 1, 1), timedelta(1))  # noqa: DTZ001


def test_a_time_in_another_zone_is_the_same_moment(db: Database) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-7)))
    with db.write() as session:
        session.add(ClockRow(id=1, created_at=elsewhere, offset_microseconds=0))
    with db.read() as session:
        assert session.scalars(select(ClockRow.created_at)).one() == NOW


def test_what_raises_leaves_nothing_behind(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as session:
        session.add(ClockRow(id=1, created_at=NOW, offset_microseconds=0))
        session.flush()
        raise ZeroDivisionError
    with db.read() as session:
        assert session.get(ClockRow, 1) is None


def test_a_job_is_woken_after_the_commit_once_and_never_without_one(db: Database) -> None:
    woken: list[tuple[str, int | None]] = []
    db.waker = lambda name, row_id: woken.append((name, row_id))
    with db.write() as session:
        wake_on_commit(session, "route", 1)
        wake_on_commit(session, "route", 1)
        assert woken == []
    assert woken == [("route", 1)]
    with pytest.raises(ZeroDivisionError), db.write() as session:
        wake_on_commit(session, "route", 2)
        raise ZeroDivisionError
    assert woken == [("route", 1)]


def test_many_writers_wait_for_each_other_and_none_fails(db: Database) -> None:
    def write() -> None:
        for _ in range(10):
            with db.write() as session:
                row = session.get(ClockRow, 1)
                if row is None:
                    session.add(ClockRow(id=1, created_at=NOW, offset_microseconds=1))
                else:
                    row.offset_microseconds += 1

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as session:
        assert session.get_one(ClockRow, 1).offset_microseconds == 80


def test_a_database_that_is_gone_is_our_own_temporary_trouble(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'no such folder' / 'test.db'}")
    with pytest.raises(Unavailable), db.read() as session:
        session.execute(select(ClockRow))


def test_migrations_go_up_down_and_up_again_and_end_at_the_tables(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    db = Database(f"sqlite:///{tmp_path / 'shape.db'}")
    assert migrate.current(db) == ""
    assert migrate.upgrade(db) == migrate.newest()
    migrate.downgrade(db)
    assert migrate.current(db) == ""
    migrate.upgrade(db)
    assert migrate.upgrade(db) == migrate.newest()
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), engine.tables.metadata) == []


def test_a_lease_has_one_holder_until_it_is_over(db: Database) -> None:
    length = timedelta(seconds=10)
    with db.write() as session:
        assert take(session, "scheduler", "a", NOW, length)
        assert not take(session, "scheduler", "b", NOW + length / 2, length)
        assert take(session, "scheduler", "a", NOW + length / 2, length)
        assert take(session, "scheduler", "b", NOW + 2 * length, length)
        assert not take(session, "scheduler", "a", NOW + 2 * length, length)


def test_a_folder_is_held_by_one_process_and_says_by_which(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.hold()
    with pytest.raises(AlreadyRunning, match="running on"):
        second.hold()
    first.release()
    second.hold()
    second.release()


def test_ids_grow_and_never_repeat_across_threads() -> None:
    made: list[int] = []

    def make() -> None:
        mine = [new_id() for _ in range(2000)] + list(new_ids(500))
        assert mine == sorted(mine)
        made.extend(mine)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == len(made) == 10_000
    assert all(0 < each < 2**63 for each in made)


def test_ids_begin_where_their_time_begins() -> None:
    before = int(datetime.now(UTC).timestamp() * 1000) - 1000
    assert id_at(before) < new_id() < id_at(before + 60_000)


def test_the_machines_clock_is_asked_only_at_the_edge_and_tells_an_aware_time() -> None:
    with freeze_time(NOW):
        assert SystemClock().now() == NOW
        assert SystemClock().now().tzinfo is UTC


def test_a_held_sandbox_clock_stands_still_and_every_process_sees_it(db: Database) -> None:
    here, elsewhere = SandboxClock(db), SandboxClock(db)
    here.hold(NOW)
    assert here.now() == elsewhere.now() == NOW
    assert here.now() == NOW


def test_a_sandbox_clock_set_going_goes_on_from_there(db: Database) -> None:
    clock = SandboxClock(db)
    clock.run_from(NOW)
    first = clock.now()
    assert NOW <= first < NOW + timedelta(minutes=1)
    assert clock.now() > first


def test_a_job_runs_once_for_two_wakes_before_it_begins() -> None:
    broker = Broker(threads=1)
    ran: list[int | None] = []
    broker.register("count.it", ran.append)
    broker.wake("count.it", 7)
    broker.wake("count.it", 7)
    broker.wake("count.it", 8)
    broker.start()
    assert broker.settle(10)
    broker.stop()
    assert ran == [7, 8]


def test_a_job_that_fails_leaves_the_worker_well() -> None:
    broker = Broker(threads=1)
    ran: list[int | None] = []

    def job(row_id: int | None) -> None:
        if row_id == 1:
            raise RuntimeError("this row is poison")
        ran.append(row_id)

    broker.register("poison.it", job)
    broker.start()
    broker.wake("poison.it", 1)
    broker.wake("poison.it", 2)
    assert broker.settle(10)
    broker.stop()
    assert ran == [2]


def test_a_wake_for_a_job_nobody_here_does_is_no_trouble() -> None:
    broker = Broker(threads=1)
    broker.wake("somebody.elses", 1)
    assert broker.in_flight == 0
    broker.stop()


def test_a_failed_statement_says_nothing_of_the_values_it_was_given(db: Database) -> None:
    with pytest.raises(IntegrityError) as failed, db.write() as session:
        for _ in range(2):
            session.execute(text("CREATE TABLE IF NOT EXISTS letter (words TEXT PRIMARY KEY)"))
            session.execute(text("INSERT INTO letter VALUES (:words)"), {"words": "my secret words"})
    assert "secret" not in str(failed.value)


def test_what_is_read_in_one_block_is_of_one_moment_on_postgresql(postgres_db: Database) -> None:
    with postgres_db.write() as session:
        session.execute(text("create table seen (id int)"))
    with postgres_db.read() as reading:
        assert reading.scalar(text("select count(*) from seen")) == 0
        with postgres_db.write() as writing:
            writing.execute(text("insert into seen values (1)"))
        assert reading.scalar(text("select count(*) from seen")) == 0
    with postgres_db.read() as reading:
        assert reading.scalar(text("select count(*) from seen")) == 1


def test_a_zero_byte_out_of_a_form_or_an_address_is_the_askers_mistake_on_postgresql(postgres_db: Database) -> None:
    with pytest.raises(Invalid, match="zero byte"), postgres_db.read() as reading:
        reading.scalar(select(Member.id).where(Member.name == "Rosa\0"))
    with pytest.raises(Invalid, match="zero byte"), postgres_db.write() as writing:
        add_member(writing, "Rosa\0", NOW)
    with pytest.raises(Invalid, match="zero byte"), postgres_db.write() as writing:
        add_member(writing, "Rosa", NOW, custom={"role": "baker\0"})
