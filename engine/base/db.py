"""The database: one engine, one way to read and one way to write, SQLite or PostgreSQL by URL.

A transaction is opened at the edge (one job, one request, one command) with `read()` or `write()`; code below takes
the `Session` and never commits.
"""

import functools
import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from typing import Annotated, Any, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    Delete,
    Engine,
    Integer,
    MetaData,
    Table,
    Update,
    bindparam,
    create_engine,
    event,
    func,
    select,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapper, Session, UOWTransaction, mapped_column
from sqlalchemy.orm.unitofwork import SaveUpdateAll
from sqlalchemy.types import JSON

from engine.base.errors import Invalid, Unavailable
from engine.base.metrics import DATABASE_ERRORS
from engine.base.stored_time import UTCDateTime
from journeys.folding import folded

#: How long a SQLite connection waits for another process's write lock, in milliseconds.
BUSY_TIMEOUT_MS = 10_000

#: PostgreSQL: seconds for a connection to be made, and signs by which one to a machine that vanished is given up.
CONNECTING = {"connect_timeout": 5, "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3}
#: What PostgreSQL, or its driver before it, says of a zero byte.
_ZERO_BYTE = re.compile(r"NUL|\\u0000")

#: JSON as JSONB where the database has it.
Json = JSON().with_variant(JSONB(), "postgresql")

#: 64 bits everywhere; on SQLite spelled INTEGER, so that a primary key is the row's own key and needs no second index.
Big = BigInteger().with_variant(Integer(), "sqlite")

#: A row's id, made by engine.base.ids before the row is written.
Id = Annotated[int, mapped_column(Big, primary_key=True, autoincrement=False)]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's base; a table lives in the room of its noun."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        int: Big,
        datetime: UTCDateTime,
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
    }


def table_of(row: type[Base]) -> Table:
    """The table of a class of rows, for statements about many of them at once."""
    table = row.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{row.__name__} has no table of its own")
    return table


class InOrder(Session):
    """A session that writes rows after those they point at.

    Else it would know no order between tables without relationships, and each row would have to be flushed by itself.
    """


@event.listens_for(InOrder, "before_flush")
def _in_order(session: Session, unit: UOWTransaction, _only: object) -> None:
    mappers = {row.__mapper__ for row in session.new}
    if len(mappers) < 2:
        return
    by_table = {mapper.local_table: mapper for mapper in mappers}
    for mapper in mappers:
        for table in _pointed_at(mapper):
            first = by_table.get(table)
            if first is not None and first is not mapper:
                unit.dependencies.add((_written(unit, first.base_mapper), _written(unit, mapper.base_mapper)))


def _written(unit: UOWTransaction, mapper: Mapper[Any]) -> SaveUpdateAll:
    return SaveUpdateAll(unit, mapper)  # type: ignore[no-untyped-call]


@functools.cache
def _pointed_at(mapper: Mapper[Any]) -> frozenset[Any]:
    return frozenset(key.column.table for key in mapper.local_table.foreign_keys)


class Database:
    """One database, shared by all threads of a process."""

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        # The driver is ours to choose, not the operator's to spell: SQLAlchemy would take psycopg 2 for a bare name.
        self.url = url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
        self.is_sqlite = url.startswith("sqlite")
        # What people said, and tokens, must not come into a log by way of a failed statement.
        options: dict[str, Any] = {"pool_pre_ping": not self.is_sqlite, "hide_parameters": True}
        if self.is_sqlite:
            options["connect_args"] = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
        else:
            options["connect_args"] = CONNECTING
        self.engine: Engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size, **options)
        # PostgreSQL's own level would give every statement a snapshot of its own.
        self._reader = (
            self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        #: What every session of it can be asked for, in its `info`.
        self.about: dict[str, Any] = {}
        #: Set by the wiring: what is woken once a transaction that asked for it has committed (engine.base.broker).
        self.waker: Callable[[str, int | None], None] | None = None
        # SQLite has one writer at a time anyway: waiting here is fair; the busy handler is not.
        self._writer = threading.RLock()
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            from engine.base.postgres_lists import write_whole_lists  # the driver is not read in where SQLite is enough

            event.listen(self.engine, "connect", write_whole_lists)

    @property
    def name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot; nothing written in it stays."""
        with self._translated(), Session(self._reader, expire_on_commit=False, info=self.about) as session:
            yield session
            session.expunge_all()  # what was read stays readable: a rollback would empty every row
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends, and undone when it raises.

        Raises Unavailable when the database or the disk is gone.
        """
        if not self.is_sqlite:
            own = InOrder(self.engine, expire_on_commit=False, info=self.about)
            with self._translated(), own as session, session.begin():
                yield session
        else:
            with self._writer, self._translated():
                connection = self.engine.connect().execution_options(hearthline_write=True)
                own = InOrder(connection, expire_on_commit=False, info=self.about)
                with connection, own as session, session.begin():
                    yield session
        for done in session.info.pop("after_commit", ()):
            done()
        if self.waker is not None:
            for name, row_id in session.info.pop("wakes", ()):
                self.waker(name, row_id)

    @contextmanager
    def undone(self) -> Iterator[Session]:
        """A session that writes as any other, and whose work is undone when the block ends: nothing stays of it, and
        nobody is woken. Raises Unavailable when the database cannot be used."""
        alone = self._writer if self.is_sqlite else nullcontext()
        with alone, self._translated(), self.engine.connect() as plain:
            connection = plain.execution_options(hearthline_write=True)
            with InOrder(connection, expire_on_commit=False, info=self.about) as session:
                yield session
                session.expunge_all()
                session.rollback()

    def shred(self) -> None:
        """What was deleted is in no file of the database any more (SQLite; https://www.sqlite.org/lang_vacuum.html).

        PostgreSQL frees such space by itself, in its own time. Raises Unavailable while somebody else writes.
        """
        if not self.is_sqlite:
            return
        with self._writer, self._translated(), closing(self.engine.raw_connection()) as raw:
            for statement in ("PRAGMA secure_delete = ON", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                raw.cursor().execute(statement).fetchall()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            cause = self._our_trouble(error)
            if cause is None:
                if isinstance(error, DataError) and _ZERO_BYTE.search(str(error.orig)):
                    # Only programs put it into a form or an address, and PostgreSQL's text and JSON cannot hold it.
                    raise Invalid("A zero byte (NUL) is no sign of any word.") from error
                raise
            DATABASE_ERRORS.labels(type(cause).__name__).inc()
            raise Unavailable(f"The database cannot be used just now ({_short(cause)}).") from error

    def _our_trouble(self, error: Exception) -> BaseException | None:
        """What the driver said, where the database is away or refuses; None for any other error."""
        if isinstance(error, DBAPIError):
            return error.orig if isinstance(error, OperationalError) or error.connection_invalidated else None
        # Fast paths speak to the driver itself, and a pool that is used up is our own trouble too.
        ours = isinstance(error, (PoolTimeout, self.engine.dialect.loaded_dbapi.OperationalError))
        return error if ours else None

    def close(self) -> None:
        """All pooled connections are given back."""
        self.engine.dispose()


def _short(cause: BaseException) -> str:
    return (str(cause).splitlines() or [type(cause).__name__])[0][:200]


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own deferred BEGIN would fail later with BUSY
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # NORMAL may roll back commits already acknowledged to a sender at a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-32768")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()
    # SQLite's own knows A to Z only; PostgreSQL's knows É.
    connection.create_function("lower", 1, _lower, deterministic=True)
    connection.create_function("folded", 1, _folded, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _folded(value: Any) -> Any:
    return folded(value) if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("hearthline_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def after_commit(session: Session, done: Callable[[], None]) -> None:
    """`done` is called once this session's transaction has committed, and not at all if it does not."""
    session.info.setdefault("after_commit", []).append(done)


def one_at_a_time(session: Session | Connection, what: str) -> None:
    """No other transaction, of any process, does `what` until this one ends. On SQLite writers are alone anyway."""
    bind = session if isinstance(session, Connection) else session.connection()
    if bind.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
        bind.execute(select(func.pg_advisory_xact_lock(number)))


def one_member_at_a_time(session: Session, member_ids: Iterable[int]) -> None:
    """No other transaction that asks so counts for one of these members until this one ends.

    In one order, so that two never wait for one another; without a row's lock, which would be written to its page.
    """
    wanted = sorted(set(member_ids))
    if wanted and session.get_bind().dialect.name == "postgresql":
        ordered = select(func.unnest(bindparam(None, wanted, ARRAY(BigInteger))).label("id")).subquery()
        session.execute(select(func.pg_advisory_xact_lock(ordered.c.id)))


def changed_by(session: Session, statement: Update | Delete) -> int:
    """The statement has run; how many rows it changed or took away."""
    return cast(CursorResult[Any], session.execute(statement)).rowcount
