"""Copying from SQLite to PostgreSQL: every table, every kind of value, whole or not at all."""

import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    LargeBinary,
    SmallInteger,
    Table,
    event,
    func,
    null,
    select,
    text,
)

from engine.base.db import Database
from engine.base.errors import HearthlineError, Invalid, Unavailable
from engine.base.stored_time import UTCDateTime
from engine.migrations import copying, migrate
from engine.migrations.copying import Copied, make_ready
from engine.people.member import add_member
from engine.tables import metadata
from tests.database import MIGRATED, postgres_database

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
#: Ids as large as they get.
IDS = 2**63 - 4
AWKWARD = "\U0001f33b\U0001f468\u200d\U0001f469 Núñez \u202e\u0301 '\"\\\r\n\t\x7f\x01{}%s$1 東京 "
DEEP = {
    "z": 1, "a": [None, True, 0.1, 1.0, 1e22, 1e-7, -0.0, 2**60, 12345678901234567890123], "é": {"": {}, "\t": []},
    "words": AWKWARD, "half": 1.5, "1": "one", "10": "ten",
}  # fmt: skip
JSONS = (DEEP, ["\U0001f33b", [], 7], None)
TIMES = (
    datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), NOW.replace(microsecond=123457),
)  # fmt: skip


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A PostgreSQL database without a row, at the present shape; `bare`: with nothing in it at all."""
    with postgres_database(None if getattr(request, "param", "") == "bare" else MIGRATED) as url:
        db = Database(url)
        yield db
        db.close()


bare = pytest.mark.parametrize("target", ["bare"], indirect=True)


def copied(source: Database, target: Database, told: copying.Told = lambda _table, _rows: None) -> Copied:
    """What the command does, below its words."""
    make_ready(target, NOW)
    return copying.copy(source, target, told)


def value_of(column: Column[Any], row: int) -> Any:
    """An awkward value for that column of the row (0, 1 or 2), another for each; NULLs in the last row."""
    pointed = next(iter(column.foreign_keys), None)
    if pointed is not None and pointed.column.table is column.table:
        return IDS + 2 - row  # the first row points at the last, which is not there yet
    if row == 2 and column.nullable:
        return null()
    match column.type:
        case UTCDateTime():
            return TIMES[row]
        case Date():
            return (date.min, date.max, date(2024, 2, 29))[row]
        case Boolean():
            return row != 1
        case SmallInteger():
            return (-(2**15), 2**15 - 1, 0)[row]
        case Float():
            return (0.1 + 0.2, -1e308, 5e-324)[row]
        case JSON():
            return JSONS[row]
        case LargeBinary(length=length):
            return (bytes([row, *range(256)]) * 8)[: length or 2000]
    if column.type.python_type is str:
        words = f"{row}{AWKWARD}" * 200
        return words[: getattr(column.type, "length", None) or 20_000]
    if pointed is None and not column.primary_key:
        return (2**63 - 1, -(2**63), 0)[row]
    return IDS + row


def rows_of(db: Database, table: Table) -> list[tuple[Any, ...]]:
    """Every row as our own code reads it, and of each column whether it is NULL, which JSON's null is not."""
    asked = (*table.columns, *(column.is_(null()) for column in table.columns))
    with db.read() as session:
        return sorted((tuple(row) for row in session.execute(select(*asked))), key=lambda row: repr(row[:3]))


def fill(db: Database) -> None:
    """Three awkward rows stand in every table."""
    with db.write() as session:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        for table in metadata.sorted_tables:
            for row in range(3):
                session.execute(table.insert().values({each.name: value_of(each, row) for each in table.columns}))


def add_rosa(db: Database, **values: object) -> int:
    """One member, some of whose values were written past our own code; her id."""
    with db.write() as session:
        rosa = add_member(session, "Rosa", NOW).id
    for name, value in values.items():
        _write(db, name, value)
    return rosa


def rows_left(target: Database) -> int:
    """How many rows a refused copy left."""
    return copying.rows_in(target)


@bare
def test_every_table_arrives_with_every_value_and_is_compared(db: Database, target: Database) -> None:
    fill(db)
    before = {table.name: rows_of(db, table) for table in metadata.sorted_tables}
    met: dict[str, int] = {}
    done = copied(db, target, lambda table, rows: met.update({table: met.get(table, 0) + rows}))
    for table in metadata.sorted_tables:
        assert rows_of(target, table) == before[table.name], table.name
        assert rows_of(db, table) == before[table.name], "the source is as it was"
    assert {table.name: table.rows for table in done.tables} == dict.fromkeys(before, 3)
    assert len({table.digest for table in done.tables}) > len(before) * 0.9, "a digest is of the rows"
    assert met == dict.fromkeys(before, 6), "each row is told of as it goes, and as it was read back"
    assert done.mended == {}
    with target.read() as session:
        # Whoever brings in a sequence has to set it when a database is copied.
        assert session.scalar(text("SELECT count(*) FROM pg_sequences")) == 0
        assert session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'member'")) == 3, "statistics stand"


def test_the_tables_of_sqlite_are_those_that_are_copied(db: Database) -> None:
    with db.read() as session:
        there = set(session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    assert {name for name in there if not name.startswith("sqlite_")} == {*metadata.tables, "alembic_version"}


def test_rows_of_this_month_lie_in_this_months_part(db: Database, target: Database) -> None:
    with db.write() as session:
        table = metadata.tables["visit"]
        row = {column.name: value_of(column, 2) for column in table.columns}
        session.execute(table.insert().values(row | {"visit_at": NOW, "enrollment_id": 1}))
    copied(db, target)
    with target.read() as session:
        assert session.scalar(text("SELECT tableoid::regclass::text FROM visit")) == "visit_2026_03"


def test_a_character_that_postgresql_keeps_in_no_text_is_replaced_and_told_of(db: Database, target: Database) -> None:
    add_rosa(db, name="Ro\0sa\0 \U0001f33b", custom='{"a\\u0000": ["b\\u0000", "\\ud83c\\udf3b \\ud83c"]}')
    done = copied(db, target)
    assert done.mended == {"member.name": 1, "member.custom": 1}
    with target.read() as session:
        name, custom = session.execute(text("SELECT name, custom FROM member")).one()
    assert name == "Ro\ufffdsa\ufffd \U0001f33b"
    assert custom == {"a\ufffd": ["b\ufffd", "\U0001f33b \ufffd"]}


#: A column of a member, what stands there, what is said of it, and what could stand there.
UNFIT: tuple[tuple[str, object, str, object], ...] = (
    ("name", "x" * 500, "it is longer than", "Rosa"),
    ("custom", "{not JSON", "it is not JSON", "{}"),
    ("custom", '{"a": NaN}', "it is not JSON", "{}"),
    ("created_at", 2**62, "it must be from", 0),
    ("created_at", "Monday", "it is a value of another kind (str)", 0),
    ("engagement", 70_000, "it must be from -32768 to 32767", 0),
)


def test_a_value_that_cannot_be_kept_is_named_and_once_it_is_mended_all_goes(db: Database, target: Database) -> None:
    rosa = add_rosa(db)
    for column, unfit, says, fit in UNFIT:
        _write(db, column, unfit)
        with pytest.raises(
            Invalid, match=rf"member\.{column} of the row with id = {rosa}: {re.escape(says)}"
        ) as refused:
            copied(db, target)
        assert rows_left(target) == 0
        typed = re.search(r": (sqlite3 .*), and type the same again", str(refused.value))
        if typed is None:
            _write(db, column, fit)
        else:
            _, file, statement = shlex.split(typed[1])
            with closing(sqlite3.connect(file)) as plain, plain:
                assert plain.execute(statement).rowcount == 1
    assert copied(db, target).rows == 1


def _write(db: Database, column: str, value: object) -> None:
    with db.write() as session:
        session.execute(text(f"UPDATE member SET {column} = :value"), {"value": value})


def test_a_row_that_points_nowhere_is_refused_by_its_key(db: Database, target: Database) -> None:
    with closing(sqlite3.connect(str(db.engine.url.database))) as plain:
        plain.execute("INSERT INTO member_tag (member_id, tag, created_at) VALUES (99, 'gardener', 0)")
        plain.commit()
    with pytest.raises(Invalid, match=r"violates foreign key .*Key \(member_id\)=\(99\) is not present"):
        copied(db, target)
    assert rows_left(target) == 0


def test_what_the_server_says_of_a_row_does_not_hold_peoples_words(db: Database, target: Database) -> None:
    add_rosa(db)
    with target.write() as session:
        session.execute(text("ALTER TABLE member ADD CONSTRAINT nobody CHECK (id < 0)"))
    with pytest.raises(Invalid, match='violates check constraint "nobody"') as refused:
        copied(db, target)
    assert "Rosa" not in str(refused.value)


def test_nobody_writes_to_the_source_meanwhile(db: Database, target: Database) -> None:
    add_rosa(db)
    refused: list[str] = []

    def writes(_table: str, _rows: int) -> None:
        with closing(sqlite3.connect(str(db.engine.url.database), timeout=0)) as other:
            try:
                other.execute("UPDATE member SET name = 'Sam'")
            except sqlite3.OperationalError as error:
                refused.append(str(error))

    copied(db, target, writes)
    assert refused == ["database is locked"] * 2


def test_a_source_that_is_written_to_is_not_copied(db: Database, target: Database) -> None:
    with closing(sqlite3.connect(str(db.engine.url.database), timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        hurried = Database(db.url)
        with hurried.read() as session:
            session.execute(text("PRAGMA busy_timeout = 1"))
        with pytest.raises(Unavailable, match=r"Another program is writing to .*Nothing was copied"):
            copied(hurried, target)
        hurried.close()


def test_a_copy_that_is_broken_off_leaves_nothing_and_begins_anew(db: Database, target: Database) -> None:
    fill(db)

    def interrupted(table: str, _rows: int) -> None:
        if table == "thread":
            raise KeyboardInterrupt

    def cut_off(table: str, _rows: int) -> None:
        if table == "thread":
            with psycopg.connect(target.engine.url.set(drivername="postgresql").render_as_string(False)) as server:
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                    "pid <> pg_backend_pid()"
                )

    with pytest.raises(KeyboardInterrupt):
        copied(db, target, interrupted)
    assert rows_left(target) == 0
    with pytest.raises(Unavailable, match=r"cannot be copied to.*Nothing was copied"):
        copied(db, target, cut_off)
    target.close()
    assert rows_left(target) == 0
    assert copied(db, target).rows == 3 * len(metadata.tables)


def test_a_connection_lost_in_the_last_moment_leaves_it_open_and_the_next_try_says(
    db: Database, target: Database
) -> None:
    add_rosa(db)
    make_ready(target, NOW)

    def goes_away(connection: Connection) -> None:
        connection.connection.driver_connection.close()  # type: ignore[union-attr]

    event.listen(target.engine, "commit", goes_away)
    with pytest.raises(Unavailable, match="went away in the moment in which everything was to stay"):
        copying.copy(db, target, lambda _table, _rows: None)
    event.remove(target.engine, "commit", goes_away)
    assert copied(db, target).rows == 1


def test_a_target_that_another_program_holds_is_not_waited_for(
    db: Database, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "LOCK_TIMEOUT", "50ms")
    with target.write() as other:
        other.execute(text("LOCK TABLE member IN SHARE MODE"))
        with pytest.raises(Unavailable, match="cannot be copied to: another program has its tables; end it"):
            copied(db, target)


def test_what_comes_back_otherwise_is_found_and_nothing_stays(db: Database, target: Database) -> None:
    add_rosa(db, name="Rosa")
    make_ready(target, NOW)
    with target.write() as session:
        session.execute(text(
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.created_at := NEW.created_at + interval '1 microsecond'; RETURN NEW; END $$"
        ))  # fmt: skip
        session.execute(text("CREATE TRIGGER other BEFORE INSERT ON member FOR EACH ROW EXECUTE FUNCTION other()"))
    with pytest.raises(HearthlineError, match=r"What was read back of member \(1 rows\) is not what stands in SQLite"):
        copied(db, target)
    assert rows_left(target) == 0


def test_a_target_that_is_not_empty_is_left_as_it_is(db: Database, target: Database) -> None:
    add_rosa(db, name="Rosa")
    copied(db, target)
    with pytest.raises(Invalid, match=r"is not empty: there are rows in member\. Nothing was copied.*createdb"):
        copied(db, target)
    with target.read() as session:
        assert session.scalar(select(func.count()).select_from(metadata.tables["member"])) == 1


@bare
def test_a_target_at_another_revision_or_with_somebody_elses_tables_is_left_as_it_is(
    db: Database, target: Database
) -> None:
    migrate.upgrade(target, "0002")
    with pytest.raises(Invalid, match=rf"is at revision 0002, and this program needs {migrate.newest()}"):
        copied(db, target)
    assert migrate.current(target) == "0002"
    migrate.downgrade(target)
    with target.write() as session:
        session.execute(text("DROP TABLE alembic_version"))
        session.execute(text("CREATE TABLE recipes (id int)"))
    with pytest.raises(Invalid, match="is not empty, and holds no Hearthline"):
        copied(db, target)


def test_a_target_that_knows_not_every_character_is_refused(db: Database, target: Database) -> None:
    url = target.engine.url.set(drivername="postgresql")
    name = f"{url.database}_ascii"
    with psycopg.connect(url.render_as_string(False), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0".encode())
        other = Database(url.set(database=name).render_as_string(False))
        try:
            with pytest.raises(Invalid, match=r"keeps text as SQL_ASCII.*--encoding=UTF8"):
                copied(db, other)
        finally:
            other.close()
            server.execute(f"DROP DATABASE {name}".encode())
