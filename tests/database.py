"""The database of a test: real, at the present shape, which is made once and copied, on SQLite and on PostgreSQL."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Shape:
    """What a new database begins with, and with what: made once a process on SQLite and once a run on PostgreSQL, then
    copied. What `fill` returns, as JSON has it, is what those who use a copy may ask for."""

    name: str
    fill: Callable[[Database], Any]
    on: "Shape | None" = None

    def known(self, kind: str) -> Any:
        """What filling it returned, on `sqlite` or `postgresql`."""
        return (self.file if kind == "sqlite" else self.template)()[1]

    @cache  # noqa: B019 (shapes are few and stand as long as the process)
    def file(self) -> tuple[bytes, Any]:
        """SQLite's file of it."""
        with TemporaryDirectory() as folder:
            db = database_in(Path(folder), self.on)
            known = self.fill(db)
            db.close()  # the last connection's end brings the log into the file
            return (Path(folder) / "hearthline.db").read_bytes(), known

    @cache  # noqa: B019
    def template(self) -> tuple[str, Any]:
        """The name of PostgreSQL's database of it, of which every other is a copy."""
        server, name = shared.url_of("postgres"), f"hearthline_{self.name}"
        before = self.on.template()[0] if self.on else "template0"
        with shared.alone(name) as done:
            if not done.stat().st_size:
                _administer(server, f"CREATE DATABASE {name} TEMPLATE {before} STRATEGY FILE_COPY")
                db = opened(_with_name(server, name))
                done.write_text(json.dumps(self.fill(db)), "utf-8")
                db.close()
            return name, json.loads(done.read_text("utf-8"))


#: At the present shape, and empty.
MIGRATED = Shape("migrated", migrate.upgrade)


def database_in(folder: Path, shape: Shape | None = MIGRATED) -> Database:
    """A database of its own in the folder's `hearthline.db`, migrated or of another shape; the caller closes it."""
    file = folder / "hearthline.db"
    if shape is not None:
        file.write_bytes(shape.file()[0])
    return opened(f"sqlite:///{file}")


@contextmanager
def postgres_database(shape: Shape | None = MIGRATED) -> Iterator[str]:
    """The URL of a PostgreSQL database of one's own, of that shape or without any, until the block ends."""
    server = shared.url_of("postgres")
    template = shape.template()[0] if shape else "template0"
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield _with_name(server, name)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def _with_name(server: str, name: str) -> str:
    return re.sub(r"[^/]+$", name, server)
