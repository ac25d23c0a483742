"""Copying: everything in a SQLite database stands in an empty PostgreSQL one too, whole or not at all.

The source's write lock is held meanwhile, so what is copied is what stands there; the target is one transaction, which
is committed once every table has been read back and is the same. Ids are made by us (engine/base/ids.py): there are no
sequences to set.
"""

import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError, OperationalError

from engine.base.db import CONNECTING, Database
from engine.base.errors import HearthlineError, Invalid, Unavailable
from engine.base.partition import ahead
from engine.migrations import migrate
from engine.migrations.neutral import Digest, Lane, Unfit, lanes_of, pages
from engine.tables import metadata

#: How long the target's tables are waited for. Nobody has a reason to hold them.
LOCK_TIMEOUT: Final = "5s"
_NOTHING: Final = "Nothing was copied."
_ANOTHER: Final = "Name a new, empty database, for example one made by `createdb --encoding=UTF8 --template=template0`."
#: Every table in reach, by name.
_TABLES: Final = text(
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
)

#: Told of so many rows of a table that are on their way, and again once they were read back.
Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """One table: its rows, and what they come to on both sides."""

    name: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied, and how many values of which column had a character that PostgreSQL keeps in no text."""

    tables: list[CopiedTable] = field(default_factory=list)
    mended: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


def make_ready(target: Database, now: datetime) -> None:
    """The target has this program's shape and its months' partitions, and no row. Raises Invalid or Unavailable, having
    changed nothing that was there."""
    # SQLAlchemy connects to no database that keeps text as bytes, so the first look is the driver's own.
    url = target.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with _said(target), psycopg.connect(url, connect_timeout=CONNECTING["connect_timeout"]) as server:
        encoding = server.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Invalid(
            f"{_named(target)} keeps text as {encoding}, and not every character is one there. {_NOTHING} {_ANOTHER}"
        )
    with _said(target), target.read() as session:
        there = set(session.scalars(_TABLES))
    at = migrate.current(target) if there else ""
    if there and at != migrate.newest():
        shape = (
            f"at revision {at}, and this program needs {migrate.newest()}"
            if at
            else "not empty, and holds no Hearthline"
        )
        raise Invalid(f"{_named(target)} is {shape}. {_NOTHING} {_ANOTHER}")
    with _said(target):
        migrate.upgrade(target)
        with target.engine.begin() as connection:
            _alone(target, connection)
        with target.write() as session:
            ahead(session, now)


def rows_in(source: Database) -> int:
    """All rows there are to copy."""
    counts = (f'SELECT count(*) FROM "{table.name}"' for table in metadata.sorted_tables)  # noqa: S608
    with source.read() as session:
        return sum(session.scalar(text(count)) or 0 for count in counts)


def copy(source: Database, target: Database, told: Told) -> Copied:
    """Every row of the source, at this program's shape, stands in the target, which is ready for it.

    Raises Invalid or Unavailable, and then no row stands there.
    """
    copied = Copied()
    with _held(source) as there, _said(target), target.engine.connect() as here:
        transaction = here.begin()
        _alone(target, here)
        # A server may end what takes long, or holds a transaction while it reads SQLite.
        here.execute(text("SET LOCAL statement_timeout = 0"))
        here.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        here.execute(text("SET LOCAL timezone = 'UTC'"))
        try:
            for table in metadata.sorted_tables:
                copied.tables.append(_carry(there, here, table, told, copied.mended))
        except sqlite3.Error as error:
            says = str(error).rstrip(".")
            raise Unavailable(f"{source.engine.url.database} cannot be read: {says}. {_NOTHING}") from error
        # Else the first hours go by guesses about empty tables.
        here.execute(text(f"ANALYZE {', '.join(table.name for table in metadata.sorted_tables)}"))
        try:
            transaction.commit()
        except OperationalError as error:
            raise Unavailable(
                f"{_named(target)} went away in the moment in which everything was to stay. Type the same again: if it "
                "says then that the database is not empty, all of it is there."
            ) from error
    return copied


@contextmanager
def _held(source: Database) -> Iterator[Connection]:
    """A connection that has the write lock: nothing is written to the source until the block ends."""
    with source.engine.connect().execution_options(hearthline_write=True) as connection:
        try:
            transaction = connection.begin()
        except DBAPIError as error:
            raise Unavailable(
                f"Another program is writing to {source.engine.url.database} ({error.orig}). {_NOTHING} "
                "End it, and type the same again."
            ) from error
        with transaction:
            yield connection


def _alone(target: Database, connection: Connection) -> None:
    """Nobody else writes to the target until this transaction ends, and it has no row. Raises Invalid."""
    names = [table.name for table in metadata.sorted_tables]
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"LOCK TABLE {', '.join(names)} IN EXCLUSIVE MODE"))
    rows = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)  # noqa: S608
    filled = connection.scalars(text(rows)).all()
    if filled:
        more = f" and {len(filled) - 1} other tables" if len(filled) > 1 else ""
        raise Invalid(f"{_named(target)} is not empty: there are rows in {filled[0]}{more}. {_NOTHING} {_ANOTHER}")


def _carry(there: Connection, here: Connection, table: Table, told: Told, mended: dict[str, int]) -> CopiedTable:
    """All rows of a table stand on the other side, and were read back there."""
    lanes = lanes_of(table)
    names = ", ".join(f'"{lane.name}"' for lane in lanes)
    wanted = Digest(lanes)
    file = str(there.engine.url.database)
    source: Any = there.connection.cursor()
    target: psycopg.Cursor[Any] = here.connection.driver_connection.cursor()  # type: ignore[union-attr]
    try:
        (count,) = source.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()  # noqa: S608
        rows = source.execute(f'SELECT {names} FROM "{table.name}"')  # noqa: S608
        with target.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'.encode()) as written:
            written.set_types([lane.kind for lane in lanes])
            for page in pages(rows, lanes):
                columns = [
                    _taken(lane, table, values, page, file)
                    for lane, values in zip(lanes, zip(*page, strict=True), strict=True)
                ]
                wanted.add(columns)
                for row in zip(
                    *(lane.handed(values) for lane, values in zip(lanes, columns, strict=True)), strict=True
                ):
                    written.write_row(row)
                told(table.name, len(page))
        found = Digest(lanes)
        asked = f'SELECT {", ".join(lane.asked for lane in lanes)} FROM "{table.name}"'  # noqa: S608
        for page in pages(target.stream(asked.encode(), binary=True), lanes):
            found.add([lane.found(values) for lane, values in zip(lanes, zip(*page, strict=True), strict=True)])
            told(table.name, len(page))
    finally:
        source.close()
        target.close()
    if not count == wanted.rows == found.rows or str(wanted) != str(found):
        raise HearthlineError(
            f"What was read back of {table.name} ({found.rows} rows) is not what stands in SQLite ({count} rows). "
            f"{_NOTHING} Please tell us."
        )
    mended.update({f"{table.name}.{lane.name}": lane.mended for lane in lanes if lane.mended})
    return CopiedTable(table.name, count, str(found))


def _taken(lane: Lane, table: Table, values: Any, page: list[tuple[Any, ...]], file: str) -> Any:
    try:
        return lane.taken(values)
    except Unfit as unfit:
        row = dict(zip(table.columns.keys(), page[unfit.place], strict=True))
        key = ", ".join(f"{column.name} = {row[column.name]!r}" for column in table.primary_key)
        by = (
            f"Shorten what is too long there by: sqlite3 {shlex.join((file, unfit.mend))}"
            if unfit.mend
            else "Change it"
        )
        raise Invalid(
            f"PostgreSQL cannot keep {table.name}.{lane.name} of the row with {key}: {unfit.why}. {_NOTHING} "
            f"{by}, and type the same again."
        ) from unfit


@contextmanager
def _said(target: Database) -> Iterator[None]:
    """What the target says against it is a sentence. Raises Invalid or Unavailable."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        says = " ".join(_words(cause).split()).rstrip(".?")
        kind = Unavailable if isinstance(cause, psycopg.OperationalError) else Invalid
        raise kind(f"{_named(target)} cannot be copied to: {says}. {_NOTHING}") from error


def _words(cause: BaseException | None) -> str:
    """What the server says, without the words of people that it may quote."""
    match cause:
        case psycopg.errors.LockNotAvailable():
            return "another program has its tables; end it"
        case psycopg.errors.ForeignKeyViolation() | psycopg.errors.UniqueViolation():
            return f"{cause.diag.message_primary}: {cause.diag.message_detail}"
        case psycopg.Error() if cause.diag.message_primary:
            return cause.diag.message_primary
        case _:
            return str(cause)


def _named(target: Database) -> str:
    url = target.engine.url
    return f"The database {url.database} on {url.host or 'this machine'}"
