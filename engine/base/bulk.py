"""Bulk: many rows written or taken away at once, past the ORM, in each database's own quick way."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import String, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def bulk_insert(session: Session, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """All `rows` are in `table` (values in the order of `columns`, as the driver stores them).

    The fast path of batches: COPY on PostgreSQL, the driver's own executemany on SQLite. Values bypass the ORM's types:
    pass times through `stored_time` and JSON as text. Raises IntegrityError like any insert.
    """
    if not rows:
        return
    connection = session.connection()
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "postgresql":
        kinds = _binary_kinds(table, columns)
        statement = f'COPY "{table.name}" ({names}) FROM STDIN{" (FORMAT BINARY)" if kinds else ""}'
        cursor = connection.connection.cursor()
        try:
            with cursor.copy(statement) as copy:
                if kinds:
                    copy.set_types(kinds)
                for row in rows:
                    copy.write_row(row)
        except connection.dialect.loaded_dbapi.IntegrityError as error:
            # The driver is spoken to directly here, so its error is ours to translate.
            raise IntegrityError(statement, None, error) from error
        finally:
            cursor.close()
        return
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))  # noqa: S608


#: What PostgreSQL calls the kinds of columns that a table with bytes in it has.
_BINARY = {"BIGINT": "int8", "INTEGER": "int4", "BYTEA": "bytea", "TIMESTAMP WITH TIME ZONE": "timestamptz"}


def _binary_kinds(table: Table, columns: Sequence[str]) -> list[str]:
    """The columns' kinds for a table of bytes, which as text would be twice as long; none for any other table."""
    kinds = [str(table.c[name].type.compile(postgresql.dialect())) for name in columns]  # type: ignore[no-untyped-call]
    return [_BINARY[kind] for kind in kinds] if "BYTEA" in kinds and set(kinds) <= set(_BINARY) else []


def insert_into(session: Session, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say ON CONFLICT: both databases know it, but each only in its own dialect's words."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_new(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each of these is in `table`; a row that was there under the same key stays as it was, whoever put it there."""
    if rows:
        session.execute(new_in(session, table), list(rows))


def new_in(session: Session, table: Table) -> postgresql.Insert | sqlite.Insert:
    """The statement by which rows are in `table`, and those that were there under the same key stay as they were."""
    return _new_in(session.get_bind().dialect.name, table)


@functools.cache
def _new_in(database: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    insert = postgresql.insert if database == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


def bulk_update(
    session: Session,
    table: Table,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    alike: Mapping[str, Any],
) -> None:
    """Whichever row of `table` has one of these keys has the values that come with it, and those that all get `alike`.

    A row is its values in the order of `keys`, then in that of `columns`, each as the driver stores it.
    """
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        lists, names = _lists(connection.dialect, table, (*keys, *columns))
        same = " AND ".join(f'"{table.name}"."{name}" = given."{name}"' for name in keys)
        new = ", ".join([*(f'"{name}" = given."{name}"' for name in columns), *(f'"{name}" = %s' for name in alike)])
        connection.exec_driver_sql(
            f'UPDATE "{table.name}" SET {new} FROM unnest({lists}) AS given({names}) WHERE {same}',  # noqa: S608
            (*alike.values(), *(list(column) for column in zip(*rows, strict=True))),
        )
        return
    same = " AND ".join(f'"{name}" = ?' for name in keys)
    new = ", ".join(f'"{name}" = ?' for name in (*columns, *alike))
    many, fixed = len(keys), tuple(alike.values())
    connection.exec_driver_sql(
        f'UPDATE "{table.name}" SET {new} WHERE {same}',  # noqa: S608
        [(*row[many:], *fixed, *row[:many]) for row in rows],
    )


def bulk_delete(session: Session, table: Table, columns: Sequence[str], keys: Sequence[tuple[Any, ...]]) -> None:
    """No row of `table` has one of these keys (values in the order of `columns`, as the driver stores them)."""
    if not keys:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        lists, names = _lists(connection.dialect, table, columns)
        same = " AND ".join(f'"{table.name}"."{name}" = gone."{name}"' for name in columns)
        connection.exec_driver_sql(
            f'DELETE FROM "{table.name}" USING unnest({lists}) AS gone({names}) WHERE {same}',  # noqa: S608
            tuple(list(column) for column in zip(*keys, strict=True)),
        )
        return
    same = " AND ".join(f'"{name}" = ?' for name in columns)
    connection.exec_driver_sql(f'DELETE FROM "{table.name}" WHERE {same}', list(keys))  # noqa: S608


def _lists(dialect: Dialect, table: Table, columns: Sequence[str]) -> tuple[str, str]:
    """One list of values for each of these columns, and their names: what PostgreSQL makes rows of again."""
    # As text: a kind with a length would cut off silently what the column itself refuses.
    kinds = ["TEXT" if isinstance(kind := table.c[name].type, String) else kind.compile(dialect) for name in columns]
    return ", ".join(f"%s::{kind}[]" for kind in kinds), ", ".join(f'"{name}"' for name in columns)
