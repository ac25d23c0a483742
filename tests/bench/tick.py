"""The journey tick without rendering: against row by row, its growth, what the queue costs (P3, P4, P10).

Everything is measured in one run on two databases, 10,000 and 1,000,000 members on a journey, each with a letter behind
them. A due row means: its person, chapter and hold are looked up, a letter and its key and its place in the courier's
queue are written, and a visit and the next due row take the place of the due row.
"""

import re
import statistics
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.db import Database
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.chapters.membership import home_chapter
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Due, Enrollment, Visit
from engine.enrollments.journey import load_version
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery, DeliveryKey, OutboxDue
from engine.people.member import Member
from engine.runner.tick import LIMIT, tick
from journeys.steps import Ask
from tests.bench.crowd import APART, START, Crowd, gather_crowd
from tests.bench.figure import Figure
from tests.bench.places import KINDS, Fresh, Kind, place, redis_url

ROUNDS = 7
#: Recipients for whom one message of the queue may be spent (P10).
A_MESSAGE = 500
NAIVE_ROWS = 200
#: Batches settled before anything is measured: a process that has been up has its page cache filled.
WARM_UP_SMALL, WARM_UP_LARGE = 1, 20
#: Tables whose size is the crowd's: no statement of a tick may walk through one.
BIG = ("due", "member", "membership", "enrollment", "visit", "delivery", "delivery_key", "outbox_due", "thread")


@dataclass
class QueueClock:
    """A clock at which the next so many rows of the queue are due, and no more."""

    rows: int = 0

    def now(self) -> datetime:
        """When the last of them is due."""
        return START + APART * (self.rows - 1)


@dataclass
class Bench:
    """One crowd with a process around it, and what was measured there."""

    crowd: Crowd
    clock: QueueClock
    services: Services
    recipients: int = 0
    wakes: int = 0
    #: What each wake and each tick took.
    wake_seconds: list[float] = field(default_factory=list)
    tick_seconds: list[float] = field(default_factory=list)

    def tick(self) -> float:
        """One full batch has been settled; how many seconds it took for each of its rows."""
        self.clock.rows += LIMIT
        began = time.perf_counter()
        settled = tick(self.services)
        seconds = time.perf_counter() - began
        if settled != LIMIT:
            raise AssertionError(f"a tick settled {settled} rows of {LIMIT}")
        self.tick_seconds.append(seconds)
        self.recipients += settled
        return seconds / LIMIT

    def row_by_row(self, rows: int) -> float:
        """Seconds per due row of the naive way, which does the same work with one object and one commit a person."""
        began = time.perf_counter()
        for _ in range(rows):
            self.clock.rows += 1
            with self.services.db.write() as session:
                settle_one(session, self.clock.now())
        return (time.perf_counter() - began) / rows

    def wake(self, name: str, row_id: int | None) -> None:
        """The broker has the message; what that cost is noted."""
        began = time.perf_counter()
        self.services.broker.wake(name, row_id)
        self.wake_seconds.append(time.perf_counter() - began)
        self.wakes += 1

    def close(self) -> None:
        """Nothing of it runs any more."""
        self.services.broker.stop()
        self.crowd.db.close()


def bench(url: str, folder: Path, size: int, redis: str | None) -> Bench:
    """A crowd of that size with a broker whose workers take the wakes."""
    crowd, clock = gather_crowd(url, size), QueueClock()
    settings = Settings(data_dir=folder)
    services = Services(settings, clock, crowd.db, Broker(redis), TokenRing({1: b"k" * 32}), SmtpRelay(settings.mail))
    services.broker.register("outbox.send", lambda _row_id: None)
    services.broker.start()
    made = Bench(crowd, clock, services)
    crowd.db.waker = made.wake
    return made


def figures(quick: bool) -> Iterator[Figure]:
    """P3, P4 and P10 on SQLite with the queue in the process, and on PostgreSQL with the queue on Redis."""
    for kind in KINDS:
        with place(kind, quick=quick) as fresh, tempfile.TemporaryDirectory() as folder:
            yield from _figures(kind, fresh, Path(folder), quick)


def _figures(kind: Kind, fresh: Fresh, folder: Path, quick: bool) -> Iterator[Figure]:
    small_size, large_size = (2_100, 2_400) if quick else (10_000, 1_000_000)
    rounds, naive_rows, warm_up = (1, 10, (1, 1)) if quick else (ROUNDS, NAIVE_ROWS, (WARM_UP_SMALL, WARM_UP_LARGE))
    redis = redis_url() if kind == "postgresql" else None
    small = bench(fresh("small"), folder, small_size, redis)
    large = bench(fresh("large"), folder, large_size, redis)
    try:
        for each, ticks in zip((small, large), warm_up, strict=True):
            if not quick:
                check_plans(each)
            each.row_by_row(5 if quick else 20)
            for _ in range(ticks):
                each.tick()
        wal = {each.crowd.size: 0 for each in (small, large)}
        _checkpoint(large.crowd.db)
        # Turn by turn, so that whatever else the machine does falls on all alike.
        taken: list[tuple[float, float, float]] = []
        for _ in range(rounds):
            seconds = []
            for each in (small, large):
                before = _written(each.crowd.db)
                seconds.append(each.tick())
                wal[each.crowd.size] += _written(each.crowd.db) - before
            taken.append((seconds[0], seconds[1], large.row_by_row(naive_rows)))
        at_small, at_large, by_row = (statistics.median(column) for column in zip(*taken, strict=True))
        goal = 50 if kind == "sqlite" else 20
        yield Figure(f"P3 tick at {large_size:,}", kind, 1 / by_row, 1 / at_large, goal, "due rows/s")
        growth = f"P4 {small_size:,} to {large_size:,}"
        on_time = 1.3 if kind == "sqlite" else None
        yield Figure(growth, kind, at_small * 1e6, at_large * 1e6, on_time, "us/due row", "at most")
        if kind == "postgresql":
            rows = rounds * LIMIT
            at_small, at_large = (wal[size] / rows for size in (small_size, large_size))
            yield Figure(growth, kind, at_small, at_large, 1.3, "WAL bytes/due row", "at most")
        recipients, wakes = small.recipients + large.recipients, small.wakes + large.wakes
        yield Figure("P10 messages", kind, recipients / A_MESSAGE, wakes, 1, "broker messages", "at most")
        each_tick = statistics.median(small.tick_seconds + large.tick_seconds)
        each_wake = statistics.median(small.wake_seconds + large.wake_seconds)
        yield Figure("P10 cost", kind, each_tick * 1e6, each_wake * 1e6, 0.02, "us/tick", "at most")
    finally:
        small.close()
        large.close()


def _checkpoint(db: Database) -> None:
    """Both crowds begin with no page in the log yet: the first touch of each costs a whole one."""
    if not db.is_sqlite:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CHECKPOINT")


def _written(db: Database) -> int:
    """Bytes of write-ahead log so far; 0 on SQLite, where time is judged."""
    if db.is_sqlite:
        return 0
    with db.read() as session:
        return int(session.scalar(text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")) or 0)


def check_plans(measured: Bench) -> None:
    """No statement of a tick walks through a table of the crowd's size. Raises AssertionError with the plan."""
    seen: dict[str, Any] = {}

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen.setdefault(statement, parameters[0] if many or isinstance(parameters, list) else parameters)

    engine = measured.services.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        measured.tick()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with measured.services.db.read() as session:
        for statement, parameters in seen.items():
            if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                for table in walked(session, statement, parameters):
                    raise AssertionError(f"a tick walks through {table}\n{statement}")


def walked(
    session: Session, statement: str, parameters: Any, big: Collection[str] = BIG, beyond: int = 100_000
) -> Iterator[str]:
    """The big tables, of more than `beyond` rows, that a statement would walk through."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        for *_, detail in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
            words = detail.split()
            if words[0] == "SCAN" and words[1] in big:
                yield words[1]
        return
    for (line,) in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters):
        found = re.search(r"Seq Scan on (\w+)", line)
        # What a crowd of ten thousand puts on a few pages is read whole, and rightly.
        if found and found[1] in big and (session.scalar(text(f"SELECT count(*) FROM {found[1]}")) or 0) > beyond:
            yield found[1]


def settle_one(session: Session, now: datetime) -> None:
    """The first due person is settled as one would write it first: objects, one query each."""
    due = session.scalars(select(Due).where(Due.due_at <= now).order_by(Due.due_at, Due.enrollment_id).limit(1)).one()
    enrollment = session.get_one(Enrollment, due.enrollment_id)
    member = session.get_one(Member, enrollment.member_id)
    version = load_version(session, enrollment.version_id)
    step = version.script.steps[due.step]
    if not isinstance(step, Ask):
        raise AssertionError("the bench's journey only asks")
    held = session.scalars(
        select(Thread).where(Thread.member_id == member.id, Thread.hold_until_at > now, Thread.closure_id.is_(None))
    ).first()
    if held is not None:
        raise AssertionError("nobody talks in the bench")
    delivery = Delivery(
        id=new_id(), created_at=now, message_class="journey", channel="email", member_id=member.id,
        chapter_id=home_chapter(session, member.id), template_version_id=version.template_version(
            step.template, member.language
        ),
        enrollment_id=enrollment.id, version_id=version.id, step=due.step, visit_at=due.due_at, send_at=now,
        state="queued", state_at=now, attempts=0,
    )  # fmt: skip
    next_at = max(now + step.timeout, due.due_at + timedelta(microseconds=1))
    session.add(delivery)
    session.add(DeliveryKey(due_at=due.due_at, enrollment_id=enrollment.id, channel="email", delivery_id=delivery.id))
    session.add(OutboxDue(rank=CLASSES["journey"].rank, send_at=now, delivery_id=delivery.id))
    session.add(
        Visit(
            visit_at=due.due_at, enrollment_id=enrollment.id, version_id=version.id, step=due.step, phase=due.phase,
            acted_at=now, outcome="asked", why="", next_at=next_at,
        )
    )  # fmt: skip
    session.add(
        Due(
            due_at=next_at, enrollment_id=enrollment.id, member_id=member.id, version_id=version.id, step=due.step,
            phase=1, prev_at=due.due_at, heard="", tries=0,
        )
    )  # fmt: skip
    session.delete(due)
