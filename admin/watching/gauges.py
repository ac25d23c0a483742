"""Gauges: what the database knows, read when somebody asks and then kept for a few seconds."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.base.errors import Unavailable
from engine.base.ids import id_at
from engine.base.lease import Lease
from engine.base.services import Services
from engine.conversations.balance import balance
from engine.conversations.handing_over import orphans
from engine.conversations.received import OUTCOMES, Received
from engine.conversations.storm import lately
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Due
from engine.enrollments.signal import Signal
from engine.outbox.line import Breaker
from engine.outbox.probe import Probe, way_in
from engine.outbox.waiting import SEND_WITHIN, waiting
from engine.runner.presence import workers_seen

#: A received row without outcome for longer than this is an alarm.
SETTLE_WITHIN = timedelta(minutes=10)
#: A step that was due this long ago means that nothing moves.
STEP_WITHIN = timedelta(minutes=5)
#: Wall seconds that figures are kept; however often somebody asks, and however large the tables, reading them takes
#: no more than a hundredth of the time.
KEPT_SECONDS, SHARE = 5.0, 100
#: The whole balance walks along an index of everything ever received.
BALANCE_KEPT_SECONDS = 60.0

Read = Callable[[Session, datetime], list[Metric]]


class DatabaseGauges(Collector):
    """The database's figures, by group; a database that is away is one figure too."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._groups = [_Group(read, KEPT_SECONDS) for read in (_waiting, _sending, _moving, _answering, _hearing)]
        self._groups.append(_Group(_balance, BALANCE_KEPT_SECONDS))

    def collect(self) -> Iterator[Metric]:
        """Every figure, or only that the database is away."""
        up = GaugeMetricFamily("hearthline_database_up", "1 while the database can be read.")
        with self._lock:
            try:
                found = [metric for group in self._groups for metric in group.metrics(self._services)]
            except Unavailable:
                found = []
        up.add_metric([], 1 if found else 0)
        yield up
        yield from found


class _Group:
    """Figures that are read together, and kept."""

    def __init__(self, read: Read, kept_seconds: float) -> None:
        self._read = read
        self._kept_seconds = kept_seconds
        self._until = float("-inf")
        self._found: list[Metric] = []

    def metrics(self, services: Services) -> list[Metric]:
        if time.monotonic() >= self._until:
            began = time.monotonic()
            with services.db.read() as session:
                self._found = self._read(session, services.clock.now())
            ended = time.monotonic()
            self._until = ended + max(self._kept_seconds, SHARE * (ended - began))
        return self._found


def late_settling() -> tuple[ColumnElement[bool], ...]:
    """The conditions of a received row that should have its outcome by now."""
    # Ids are made from wall time, whatever the sandbox's clock says.
    before = id_at(int((datetime.now(UTC) - SETTLE_WITHIN).timestamp() * 1000))
    return Received.outcome.is_(None), Received.id < before


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hearthline_{name}", says, value=value)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _waiting(session: Session, _now: datetime) -> list[Metric]:
    return [
        _gauge(
            "received_unsettled", "Received rows without an outcome yet.", _count(session, Received.outcome.is_(None))
        ),
        _gauge(
            "received_unsettled_late",
            f"Received rows without an outcome for over {SETTLE_WITHIN.seconds // 60} minutes.",
            _count(session, *late_settling()),
        ),
    ]


def _sending(session: Session, now: datetime) -> list[Metric]:
    due = GaugeMetricFamily(
        "hearthline_outbox_due", "Deliveries that may leave now, by class.", labels=["message_class"]
    )
    oldest = GaugeMetricFamily(
        "hearthline_outbox_oldest_due_seconds", "How long the oldest of them has been due.", labels=["message_class"]
    )
    queues = waiting(session, now)
    for queue in queues:
        due.add_metric([queue.message_class], queue.due)
        oldest.add_metric([queue.message_class], (now - queue.since).total_seconds() if queue.since else 0)
    says = f"Deliveries that no courier has taken within {SEND_WITHIN.seconds // 60} minutes of their time."
    open_breakers = GaugeMetricFamily(
        "hearthline_breaker_open", "1 while a way out is left alone because it answered nothing but errors.",
        labels=["way"],
    )  # fmt: skip
    for breaker in session.scalars(select(Breaker).order_by(Breaker.way)):
        open_breakers.add_metric([breaker.way], 1 if breaker.opened_at is not None else 0)
    return [due, oldest, _gauge("outbox_late", says, sum(queue.late for queue in queues)), open_breakers]


def _moving(session: Session, now: datetime) -> list[Metric]:
    first = session.scalar(select(func.min(Due.due_at)).where(Due.due_at <= now))
    lease = session.get(Lease, "scheduler")
    held = lease is not None and lease.until_at > datetime.now(UTC)
    return [
        _gauge("steps_due", "Steps of journeys that are due.", _count(session, Due.due_at <= now) if first else 0),
        _gauge(
            "steps_late",
            f"Steps that have been due for over {STEP_WITHIN.seconds // 60} minutes.",
            _count(session, Due.due_at < now - STEP_WITHIN) if first and first < now - STEP_WITHIN else 0,
        ),
        _gauge(
            "steps_oldest_due_seconds",
            "How long the oldest due step has been due.",
            (now - first).total_seconds() if first else 0,
        ),
        _gauge("signals_waiting", "Facts that no journey has heard yet.", _count(session, Signal.handled_at.is_(None))),
        _gauge("workers", "Worker processes that gave a sign of life lately.", workers_seen(session)),
        _gauge("scheduler_lease_held", "1 while some process leads the scheduling.", 1 if held else 0),
    ]


def _answering(session: Session, now: datetime) -> list[Metric]:
    overdue = _count(session, Thread.answer_due_at < now, Thread.closure_id.is_(None))
    alone = session.scalar(select(func.count()).select_from(Thread).where(*orphans(now))) or 0
    return [
        _gauge("answers_overdue", "People who have waited for an answer longer than promised.", overdue),
        _gauge("conversations_without_a_person", "Open conversations that nobody who answers here has.", alone),
    ]


_SIGNS = {"green": 1, "red": 0, "unknown": -1}


def _hearing(session: Session, now: datetime) -> list[Metric]:
    last = session.scalar(select(func.max(Probe.came_at)))
    return [
        _gauge(
            "replies_arrive",
            "1 while our hourly test mail comes back by our own door, 0 when it does not, -1 before the first.",
            _SIGNS[way_in(session, now).sign],
        ),
        _gauge(
            "probe_last_back_seconds",
            "How long ago a test mail last came in by our door; -1 for never.",
            (now - last).total_seconds() if last is not None else -1,
        ),
        _gauge(
            "storms", "Conversations muted within the last day: one sender wrote too often.", len(lately(session, now))
        ),
    ]


def _balance(session: Session, _now: datetime) -> list[Metric]:
    found = balance(session)
    outcomes = GaugeMetricFamily("hearthline_received", "Everything received, by its outcome.", labels=["outcome"])
    for outcome in OUTCOMES:
        outcomes.add_metric([outcome], found.outcomes.get(outcome, 0))
    outcomes.add_metric(["unsettled"], found.unsettled)
    return [outcomes]
