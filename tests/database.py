"""The database of a test: real, at the present shape, which is made once and copied, on SQLite and on PostgreSQL."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from sqlalchemy.util import LRUCache

import engine.tables  # noqa: F401  (every table is known before the first query)
from engine.base.db import Database
from engine.migrations import migrate
from tests.servers import shared

#: What tests run on that do not say; HEARTHLINE_TEST_DATABASE=postgresql runs them all there.
KIND = os.environ.get("HEARTHLINE_TEST_DATABASE", "sqlite")
#: A test that runs on both: what a database does for us at a race, a conflict, a batch, differs most.
on_both_databases = pytest.mark.parametrize("new_database", ["sqlite", "postgresql"], indirect=True)

#: The migrated database that every other of the cluster is a copy of.
TEMPLATE = "hearthline_template"
_numbers = count(1)


class _Compiled(LRUCache[tuple[Any, ...], Any]):
    """Statements compiled once for all databases of this process, each by its kind.

    SQLAlchemy keeps them by engine. A new database for each test would compile everything anew, which took a tenth of
    the time of all tests.
    """

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(self._by_kind(key), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__(self._by_kind(key), compiled)

    @staticmethod
    def _by_kind(key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect, *rest = key
        return (dialect.name, *rest)


_COMPILED = _Compiled(3_000)


def opened(url: str) -> Database:
    """A database of one of the tests; the caller closes it."""
    db = Database(url)
    for each in (db.engine, db._reader):
        each._compiled_cache = _COMPILED
    return db


def database_in(folder: Path) -> Database:
    """A database of its own, empty and migrated, in the folder's `hearthline.db`; the caller closes it."""
    file = folder / "hearthline.db"
    file.write_bytes(_migrated())
    return opened(f"sqlite:///{file}")


@contextmanager
def postgres_database(*, migrated: bool = True) -> Iterator[str]:
    """The URL of a PostgreSQL database of one's own, at the present shape or empty, until the block ends."""
    server = shared.url_of("postgres")
    if migrated:
        _prepare_template(server)
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template0'} STRATEGY FILE_COPY")
    try:
        yield _with_name(server, name)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "hearthline.db"
        db = Database(f"sqlite:///{file}")
        migrate.upgrade(db)
        db.close()  # the last connection's end brings the log into the file
        return file.read_bytes()


@cache
def _prepare_template(server: str) -> None:
    """The template stands, made by the first process of the run that asks."""
    with shared.alone("template") as done:
        if done.stat().st_size:
            return
        _administer(server, f"CREATE DATABASE {TEMPLATE}")
        db = Database(_with_name(server, TEMPLATE))
        migrate.upgrade(db)
        db.close()
        done.write_text("made", "ascii")


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def _with_name(server: str, name: str) -> str:
    return re.sub(r"[^/]+$", name, server)
