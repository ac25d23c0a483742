"""Time as an argument: a clock is asked once at an edge, and everything below takes `now` (aware UTC).

In the sandbox time is one row: an offset to wall time, shared by every process. While days are lived the clock is
*held* at an instant, so that a run repeats exactly whatever the machine's speed.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Database, Id
from engine.base.errors import Unavailable

#: How long a process may go on with a clock row it has read, in seconds of wall time.
CLOCK_MAX_AGE = 0.2


class Clock(Protocol):
    """Anything that knows what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)


class ClockRow(Base):
    """The sandbox's time: wall time plus an offset, or an instant at which it is held."""

    __tablename__ = "clock"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    offset_microseconds: Mapped[int] = mapped_column(default=0)
    held_at: Mapped[datetime | None]


class SandboxClock:
    """A clock that can be moved; every process with the same database sees the same time."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        # A process that is alone moves its clock itself. Of several one does, and the others must see it at once.
        self._max_age = CLOCK_MAX_AGE if db.is_sqlite else 0.0
        self._read_at = float("-inf")
        self._offset = timedelta()
        self._held: datetime | None = None

    def now(self) -> datetime:
        """The sandbox's present moment, aware, UTC."""
        with self._lock:
            if time.monotonic() - self._read_at > self._max_age:
                try:
                    self._load()
                except Unavailable:
                    if self._read_at == float("-inf"):
                        raise
                    # The database is away for a moment; time goes on as it last did.
            return self._held or datetime.now(UTC) + self._offset

    @property
    def is_set(self) -> bool:
        """Whether it was ever held or moved; else it shows the wall's time."""
        with self._db.read() as session:
            return session.get(ClockRow, 1) is not None

    def hold(self, moment: datetime) -> None:
        """Time stands still at `moment`."""
        self._store(timedelta(), moment)

    def run_from(self, moment: datetime) -> None:
        """Time is `moment` now and goes on from there with the wall's."""
        self._store(moment - datetime.now(UTC), None)

    def _store(self, offset: timedelta, held: datetime | None) -> None:
        # Never the database's writer while our own lock is held: whoever writes may be asking us the time.
        with self._db.write() as session:
            row = session.get(ClockRow, 1)
            if row is None:
                row = ClockRow(id=1, created_at=datetime.now(UTC))
                session.add(row)
            row.offset_microseconds = offset // timedelta(microseconds=1)
            row.held_at = held
        with self._lock:
            self._offset, self._held, self._read_at = offset, held, time.monotonic()

    def _load(self) -> None:
        with self._db.read() as session:
            row = session.get(ClockRow, 1)
            if row is not None:
                self._offset, self._held = timedelta(microseconds=row.offset_microseconds), row.held_at
        self._read_at = time.monotonic()
