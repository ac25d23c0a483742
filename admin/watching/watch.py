"""Watch: what one process tells of itself to whoever watches it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from admin.watching.gauges import DatabaseGauges
from engine.base.db import Database
from engine.base.errors import HearthlineError
from engine.base.lease import Lease
from engine.base.metrics import REGISTRY
from engine.base.services import Services
from engine.migrations import migrate

#: A scheduler whose lease ended longer ago is not there; within it another one takes over.
SCHEDULER_WITHIN = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a process needs for its work, and whether it has it. `says` names nobody and no secret."""

    name: str
    ok: bool
    says: str


class Watch:
    """One process as it is seen from outside: its own counters, the database's figures, and whether it can work."""

    def __init__(
        self,
        services: Services,
        parts: Mapping[str, Callable[[], bool]] | None = None,
        *,
        needs_scheduler: bool = True,
    ) -> None:
        """`parts` are the process's own: the name of each, and whether it is open. A process that only takes in what
        others work on does so without a scheduler too, and `needs_scheduler` is False."""
        self._services = services
        self._parts = dict(parts or {})
        self._needs_scheduler = needs_scheduler
        self._registry = CollectorRegistry()
        for collector in (DatabaseGauges(services), _Queues(services), REGISTRY):
            self._registry.register(collector)
        # The program does not change under a running process.
        self._newest = migrate.newest()

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """The figures in the text form that `accept` asks for, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def names(self) -> dict[str, str]:
        """Every metric that is told now, with its type."""
        return {each.name: each.type for each in self._registry.collect()}

    def readiness(self) -> tuple[Part, ...]:
        """Everything the process needs for its work; it is ready when all of it is there."""
        parts = [Part(name, is_open(), "") for name, is_open in self._parts.items()]
        parts = [Part(each.name, each.ok, "open" if each.ok else "not open") for each in parts]
        try:
            found = [_shape(self._services.db, self._newest)]
            with self._services.db.read() as session:
                scheduler = _scheduler(session)
            if self._needs_scheduler:
                found.append(scheduler)
        except HearthlineError as trouble:
            found = [Part("database", False, str(trouble))]
        return (*found, *parts)


class _Queues(Collector):
    """How many messages wait in the queue, by its name; nothing while the queue is away."""

    def __init__(self, services: Services) -> None:
        self._broker = services.broker

    def collect(self) -> list[Metric]:
        waiting = GaugeMetricFamily("hearthline_queue_messages", "Wakes waiting in the queue.", labels=["queue"])
        for queue, many in sorted(self._broker.waiting().items()):
            waiting.add_metric([queue], many)
        return [waiting]


def _shape(db: Database, newest: str) -> Part:
    at = migrate.current(db)
    if at == newest:
        return Part("database", True, f"at revision {at}")
    return Part("database", False, f"at revision {at or 'none'}; this program needs {newest}")


def _scheduler(session: Session) -> Part:
    lease = session.get(Lease, "scheduler")
    if lease is not None and lease.until_at > datetime.now(UTC) - SCHEDULER_WITHIN:
        return Part("scheduler", True, "seen lately")
    return Part("scheduler", False, "not seen lately")
