"""Stored time: how an aware time is kept by each database, by the ORM and past it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware time. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone reached the database")
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The aware UTC time of so many microseconds since 1970."""
    seconds, microseconds = divmod(value, 1_000_000)
    return _EPOCH + timedelta(0, seconds, microseconds)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC time: timestamptz on PostgreSQL, integer microseconds on SQLite.

    SQLite itself drops zones, and its text form is slow to bind.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if dialect.name == "postgresql":
            if value.tzinfo is None:
                raise ValueError("a time without a zone reached the database")
            return value
        return to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else read_time(value)


def read_time(value: Any) -> datetime:
    """The aware UTC time of what the driver of either database gives."""
    return value.astimezone(UTC) if isinstance(value, datetime) else from_microseconds(value)


def stored_time(session: Session, moment: datetime) -> Any:
    """A time as the driver stores it, for `bulk_insert` and hand-written statements."""
    return time_storer(session)(moment)


def time_storer(session: Session) -> Callable[[datetime], Any]:
    """What makes of a time what the driver stores, for many of them."""
    return _as_it_is if session.get_bind().dialect.name == "postgresql" else to_microseconds


def time_loader(session: Session) -> Callable[[Any], datetime]:
    """What makes a time of what the driver gives, for many of them."""
    return _as_it_is if session.get_bind().dialect.name == "postgresql" else from_microseconds


def _as_it_is(value: Any) -> Any:
    return value
