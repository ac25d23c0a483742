"""The queue only wakes: a message carries a job's name and a row id, and an emptied queue loses nothing.

Jobs are registered by name, so a lower room can wake a higher one without knowing it. A job that fails is not retried
by the queue: its row is still due, and a sweep finds it again.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from engine.base.errors import Unavailable
from engine.base.log import logger
from engine.base.metrics import JOB_FAILURES, JOB_SECONDS, WAKES_LOST

if TYPE_CHECKING:
    from engine.base.redis_queue import RedisQueue

#: Messages a worker holds for each of its threads, so that none waits for the network between two short jobs.
PREFETCH = 8

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
        self._redis: RedisQueue | None = None
        if redis_url:
            from engine.base import redis_queue  # its import takes time that a process without Redis need not spend

            self.kind = "redis"
            # A row whose wake is lost is committed and due; a sweep finds it.
            self._redis = redis_queue.RedisQueue(redis_url, lost=lambda name: WAKES_LOST.labels(name).inc())
            self._broker: dramatiq.Broker = self._redis
        else:
            self.kind = "in-process"
            # None of dramatiq's middleware: a job is not retried by the queue, and what takes long bounds itself.
            self._broker = StubBroker(middleware=[])
        self._threads = threads
        self._worker: dramatiq.Worker | None = None
        self._jobs: dict[str, Callable[[int | None], None]] = {}
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, int | None], int] = {}
        self._in_flight = 0
        #: Jobs that go on for long end at the next good moment.
        self.is_stopping = False

    def register(self, name: str, job: Job) -> None:
        """`wake(name, ...)` runs `job` in a worker of this process or another that registered the same name.

        A job that looks for its rows itself takes half of a process's threads at most, so that others get on.
        """
        turns = Turns(max(1, self._threads // 2))

        def work(row_id: int | None) -> None:
            try:
                with bound_contextvars(job=name, row_id=row_id), JOB_SECONDS.labels(name).time():
                    job(row_id)
            except Unavailable as trouble:
                JOB_FAILURES.labels(name).inc()
                log.warning("a job waits for what is away; its row is still due", job=name, says=str(trouble))
            except Exception:
                JOB_FAILURES.labels(name).inc()
                log.exception("job failed; its row is still due", job=name, row_id=row_id)

        def run(row_id: int | None = None) -> None:
            self._taken(name, row_id)
            try:
                if row_id is None:
                    turns.take(lambda: work(None))
                else:
                    work(row_id)
            finally:
                self._finished()

        dramatiq.actor(actor_name=name, queue_name=_queue(name), broker=self._broker)(run)
        self._jobs[name] = work

    def wake(self, name: str, row_id: int | None = None) -> None:
        """Job `name` runs soon for that row; asked twice before it begins, it runs once."""
        if self._redis is None and name not in self._jobs:
            return  # this process does not do that work; its sweep, elsewhere or later, finds the row
        queue = _queue(name)
        message: dramatiq.Message[Any] = dramatiq.Message(
            queue_name=queue, actor_name=name, args=(row_id,), kwargs={}, options={}
        )
        if self._redis is not None:
            self._redis.offer(message, f"{name}:{row_id}")
            return
        with self._lock:
            if (name, row_id) in self._waiting:
                return
            self._waiting[(name, row_id)] = 1
            self._in_flight += 1
        self._broker.declare_queue(queue)
        self._broker.enqueue(message)

    def start(self) -> None:
        """Worker threads of this process take messages."""
        if self._worker is None:
            wait_ms = 20 if self._redis is not None else 100
            self._worker = dramatiq.Worker(self._broker, worker_threads=self._threads, worker_timeout=wait_ms)
            self._worker.queue_prefetch = self._threads * PREFETCH
            self._worker.start()

    def stop(self, timeout_seconds: float = 10) -> None:
        """Running jobs have ended (or `timeout_seconds` have passed) and no further one begins."""
        self.is_stopping = True
        if self._worker is not None:
            self._worker.stop(timeout=int(timeout_seconds * 1000))
            self._worker = None
        self.close()

    def close(self) -> None:
        """No connection to the queue is left."""
        self._broker.close()

    @property
    def is_shared(self) -> bool:
        """Whether other processes take messages of this queue too."""
        return self._redis is not None

    @property
    def is_away(self) -> bool:
        """Whether the queue does not answer; one in this process always does."""
        return self._redis is not None and self._redis.is_away

    def run_here(self, name: str, row_id: int | None) -> None:
        """The job has run in this thread, past the queue; an error of its own is logged. For when the queue is away."""
        if name in self._jobs:
            self._jobs[name](row_id)

    @property
    def in_flight(self) -> int:
        """Messages queued or running in this process (always 0 on Redis, where rows tell)."""
        with self._lock:
            return self._in_flight

    def waiting(self) -> dict[str, int]:
        """Messages waiting by queue; empty while Redis is away."""
        queues = sorted({_queue(name) for name in self._jobs})
        if isinstance(self._broker, StubBroker):
            return {name: self._broker.queues[name].qsize() for name in queues}
        try:
            return {name: self._redis.waiting(name) for name in queues} if self._redis else {}
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
        if self._redis is not None:
            self._redis.begun(f"{name}:{row_id}")
        with self._lock:
            self._waiting.pop((name, row_id), None)

    def _finished(self) -> None:
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)


class Turns:
    """At most so many threads do one job at a time; whoever comes beyond that makes one of them look once more."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._running = 0
        self._again = False
        self._lock = threading.Lock()

    def take(self, job: Callable[[], None]) -> None:
        """The job has run since this was called, in this thread or another, or will when another's run has ended."""
        with self._lock:
            if self._running >= self._most:
                self._again = True
                return
            self._running += 1
        while True:
            try:
                job()
            finally:
                with self._lock:
                    again, self._again = self._again, False
                    if not again:
                        self._running -= 1
            if not again:
                return


def _queue(name: str) -> str:
    return name.split(".", 1)[0]
