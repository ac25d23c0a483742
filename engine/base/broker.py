"""The queue only wakes: a message carries a job's name and a row id, and an emptied queue loses nothing.

Jobs are registered by name, so a lower room can wake a higher one without knowing it. A job that fails is not retried
by the queue: its row is still due, and a sweep finds it again.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from sqlalchemy.orm import Session

from engine.base.log import logger
from engine.base.metrics import JOB_FAILURES, JOB_SECONDS, WAKES_LOST

log = logger(__name__)
Job = Callable[[int | None], None]


def wake_on_commit(session: Session, name: str, row_id: int | None = None) -> None:
    """Job `name` is woken once this session's transaction has committed, and not at all if it does not."""
    wakes: list[tuple[str, int | None]] = session.info.setdefault("wakes", [])
    if (name, row_id) not in wakes:
        wakes.append((name, row_id))


class Broker:
    """A dramatiq broker, in this process or on Redis, spoken to by job name."""

    def __init__(self, redis_url: str | None = None, *, threads: int = 4) -> None:
        # None of dramatiq's middleware: a job is not retried by the queue, and what takes long bounds itself.
        middleware: list[dramatiq.Middleware] = []
        if redis_url:
            from dramatiq.brokers.redis import RedisBroker

            self.kind = "redis"
            self._broker: dramatiq.Broker = RedisBroker(url=redis_url, middleware=middleware)  # type: ignore[no-untyped-call]
        else:
            self.kind = "in-process"
            self._broker = StubBroker(middleware=middleware)
        self._threads = threads
        self._worker: dramatiq.Worker | None = None
        self._names: set[str] = set()
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, int | None], int] = {}
        self._in_flight = 0

    def register(self, name: str, job: Job) -> None:
        """`wake(name, ...)` runs `job` in a worker of this process or another that registered the same name."""

        def run(row_id: int | None = None) -> None:
            self._taken(name, row_id)
            try:
                with JOB_SECONDS.labels(name).time():
                    job(row_id)
            except Exception:
                JOB_FAILURES.labels(name).inc()
                log.exception("job failed; its row is still due", job=name, row_id=row_id)
            finally:
                self._finished()

        dramatiq.actor(actor_name=name, queue_name=_queue(name), broker=self._broker)(run)
        self._names.add(name)

    def wake(self, name: str, row_id: int | None = None) -> None:
        """Job `name` runs soon for that row; asked twice before it begins, it runs once (in this process)."""
        if self.kind == "in-process":
            with self._lock:
                if name not in self._names:
                    return  # this process does not do that work; its sweep, elsewhere or later, finds the row
                if (name, row_id) in self._waiting:
                    return
                self._waiting[(name, row_id)] = 1
                self._in_flight += 1
        queue = _queue(name)
        self._broker.declare_queue(queue)
        message: dramatiq.Message[Any] = dramatiq.Message(
            queue_name=queue, actor_name=name, args=(row_id,), kwargs={}, options={}
        )
        try:
            self._broker.enqueue(message)
        except Exception as error:
            # The row is committed and due; the sweep will find it when the queue is back.
            WAKES_LOST.labels(name).inc()
            log.warning(
                "the queue is away; a sweep will find the row",
                job=name,
                row_id=row_id,
                error=type(error).__name__,
            )

    def start(self) -> None:
        """Worker threads of this process take messages."""
        if self._worker is None:
            self._worker = dramatiq.Worker(self._broker, worker_threads=self._threads, worker_timeout=100)
            self._worker.start()

    def stop(self, timeout_seconds: float = 10) -> None:
        """Running jobs have ended (or `timeout_seconds` have passed) and no further one begins."""
        if self._worker is not None:
            self._worker.stop(timeout=int(timeout_seconds * 1000))
            self._worker = None
        self._broker.close()

    @property
    def in_flight(self) -> int:
        """Messages queued or running in this process (always 0 on Redis, where rows tell)."""
        with self._lock:
            return self._in_flight

    def waiting(self) -> dict[str, int]:
        """Messages waiting by queue; empty while Redis is away."""
        queues = sorted({_queue(name) for name in self._names})
        if isinstance(self._broker, StubBroker):
            return {name: self._broker.queues[name].qsize() for name in queues}
        try:
            client: Any = self._broker.client  # type: ignore[attr-defined]
            return {name: int(client.llen(f"dramatiq:{name}")) for name in queues}
        except Exception as error:
            log.warning("the queue is away", error=type(error).__name__)
            return {}

    def settle(self, timeout_seconds: float = 30) -> bool:
        """True once nothing is queued or running in this process."""
        deadline = time.monotonic() + timeout_seconds
        while self.in_flight:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def _taken(self, name: str, row_id: int | None) -> None:
        with self._lock:
            self._waiting.pop((name, row_id), None)

    def _finished(self) -> None:
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)


def _queue(name: str) -> str:
    return name.split(".", 1)[0]
