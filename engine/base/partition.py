"""Partitions: on PostgreSQL the tables that only grow are cut by month, and next months' parts stand before their time.

Received, delivery and visit rows are written at their end and read near it; a month that retention has emptied leaves
by dropping a table. Key tables are never cut. Rows of no month's part go to the default one, so that none is refused.
SQLite has no partitions, and nothing here does anything there.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.db import Base, one_at_a_time
from engine.base.ids import id_at
from engine.base.log import logger
from engine.base.services import Services
from engine.base.stored_time import UTCDateTime
from engine.base.sweep import Sweep

#: Months made beforehand, beside the present one.
MONTHS_AHEAD = 2
#: How long the tables may be locked for it; if they are busy it is tried again at the next sweep.
LOCK_TIMEOUT = "2s"

log = logger(__name__)


def register(broker: Broker, services: Services) -> None:
    """The job `partitions.ahead` is known."""

    def work(_row_id: int | None) -> None:
        with services.db.write() as session:
            ahead(session, services.clock.now())

    broker.register("partitions.ahead", work)


def ahead(session: Session, now: datetime) -> list[str]:
    """This month's and the next months' partitions stand, as far as they can; the names of those made now.

    `now`: the clock's. A table that is busy is left for the next time.
    """
    if session.get_bind().dialect.name != "postgresql":
        return []
    one_at_a_time(session, "partitions")
    session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    made: list[str] = []
    for name, statement in _missing(session, now):
        try:
            with session.begin_nested():
                session.execute(text(statement))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            log.info("a partition was not made", partition=name, error=type(error.orig).__name__)
        else:
            made.append(name)
    return made


def _missing(session: Session, now: datetime) -> Iterator[tuple[str, str]]:
    """The name of each partition that is not there and can be, with the statement that makes it."""
    for table in Base.metadata.sorted_tables:
        cut = table.dialect_options["postgresql"]["partition_by"]
        if not cut:
            continue
        column = table.c[cut.removeprefix("RANGE (").removesuffix(")")]
        of_time = isinstance(column.type, UTCDateTime)
        # Ids are made by the wall's clock, whatever the sandbox's says.
        for begins, ends in _months(now if of_time else datetime.now(UTC)):
            name = f"{table.name}_{begins:%Y_%m}"
            low, high = (f"'{each.isoformat()}'" if of_time else str(_id_at(each)) for each in (begins, ends))
            if session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
                continue
            stands = f"SELECT 1 FROM {table.name}_rest WHERE {column.name} >= {low} AND {column.name} < {high} LIMIT 1"  # noqa: S608
            # A month that began before us stands in the default partition already, and stays there.
            if session.scalar(text(stands)) is None:
                yield name, f"CREATE TABLE {name} PARTITION OF {table.name} FOR VALUES FROM ({low}) TO ({high})"


def _months(now: datetime) -> Iterator[tuple[datetime, datetime]]:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(MONTHS_AHEAD + 1):
        following = (first + timedelta(days=32)).replace(day=1)
        yield first, following
        first = following


def _id_at(moment: datetime) -> int:
    return id_at(int(moment.timestamp() * 1000))


def _wanted(session: Session, now: datetime) -> list[int | None]:
    if session.get_bind().dialect.name != "postgresql":
        return []
    return [None] if next(_missing(session, now), None) is not None else []


SWEEPS = (Sweep("partitions.ahead", _wanted, timedelta(minutes=10)),)
