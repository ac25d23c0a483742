"""The queue on Redis: dramatiq's, made to wait without polling and to never keep anybody waiting while Redis is away.

A wake is offered once: a key that lives for a few seconds says that it is queued already. Whoever wakes waits for
nothing: one thread of the process carries the wakes to Redis. Whatever is lost here (Redis emptied, killed, away) is
found again in the rows by a sweep, so nothing is kept or tried again for long.
"""

import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

import dramatiq
import dramatiq.worker
import redis
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.base.log import logger

#: Prefix of everything of ours in Redis.
NAMESPACE = "hearthline"
#: How long Redis may take to answer: half a second, and once more if a kept connection had died.
WAKE_SECONDS = 0.5
#: How long a process that ends waits for its last wakes to be on Redis.
FLUSH_SECONDS = 2.0
#: After a wake that failed, the next ones are not even offered for so long.
AWAY_SECONDS = 1.0
#: How long an idle consumer waits for a message before it gives a sign of life.
IDLE_SECONDS = 1
#: How long a wake counts as queued. A worker that died with it in hand is forgotten after that.
QUEUED_MS = 10_000
#: A worker without a sign of life for so long has its messages given to others, at a chance in a million a command.
HEARTBEAT_MS, MAINTENANCE = 15_000, 10_000
#: Messages that no worker knew how to run are kept for an hour, for whoever asks why.
DEAD_MS = 3_600_000

#: A message takes its place in the queue, as the library's own `enqueue` puts it there, unless it has one already.
_OFFER = """
if redis.call("set", KEYS[1], 1, "NX", "PX", ARGV[1]) then
    redis.call("hset", KEYS[2], ARGV[2], ARGV[3])
    redis.call("rpush", KEYS[3], ARGV[2])
end
"""

log = logger(__name__)

# The library waits three seconds; a Redis that was restarted is there sooner.
dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = AWAY_SECONDS
# It tells of every try to reach Redis, as critical and with its stack; we tell once that it is away, and once that it
# is back.
logging.getLogger("dramatiq").setLevel(logging.CRITICAL + 1)


class RedisQueue(RedisBroker):
    """dramatiq's broker on Redis 6.2 or newer (Valkey too), without delayed messages: due times live in rows."""

    def __init__(self, url: str, lost: Callable[[str], None] = lambda _actor: None) -> None:
        """`lost` hears the actor's name of each wake that Redis did not take."""
        stale = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        super().__init__(  # type: ignore[no-untyped-call]
            client=redis.Redis.from_url(
                url, socket_timeout=WAKE_SECONDS, socket_connect_timeout=WAKE_SECONDS, retry=stale
            ),
            middleware=[],
            namespace=NAMESPACE,
            heartbeat_timeout=HEARTBEAT_MS,
            maintenance_chance=MAINTENANCE,
            dead_message_ttl=DEAD_MS,
        )
        self.blocking: redis.Redis = redis.Redis.from_url(
            url, socket_timeout=IDLE_SECONDS + 2, socket_connect_timeout=WAKE_SECONDS, retry=stale
        )
        self._offer = self.client.register_script(_OFFER)
        self._lost = lost
        self._on_the_way: queue.SimpleQueue[tuple[dramatiq.Message[Any], str] | threading.Event | None]
        self._on_the_way = queue.SimpleQueue()
        self._carrier: threading.Thread | None = None
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._away = False

    @property
    def consumer_class(self) -> type[Any]:
        """What takes messages off a queue."""
        return _PromptConsumer

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer when it was last spoken to."""
        return self._away

    def declare_queue(self, queue_name: str) -> None:
        """Workers take messages of this queue."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def offer(self, message: "dramatiq.Message[Any]", wake: str) -> None:
        """The message will be queued in a moment, if it is not yet, or `lost` hears of it. Waits for nothing."""
        if time.monotonic() < self._away_until:
            self._lost(message.actor_name)
            return
        if self._carrier is None:
            self._start_carrier()
        self._on_the_way.put((message, wake))

    def carried(self) -> bool:
        """Whether every wake offered before is on Redis, or lost, after two seconds at most."""
        if self._carrier is None or not self._carrier.is_alive():
            return True
        there = threading.Event()
        self._on_the_way.put(there)
        return there.wait(FLUSH_SECONDS)

    def _start_carrier(self) -> None:
        with self._lock:
            if self._carrier is None:
                self._carrier = threading.Thread(target=self._carry, name="wakes", daemon=True)
                self._carrier.start()

    def _carry(self) -> None:
        """Wakes are taken to Redis in the order in which they came, until None comes."""
        while (next_one := self._on_the_way.get()) is not None:
            if isinstance(next_one, threading.Event):
                next_one.set()
            elif not self._put_down(*next_one):
                self._lost(next_one[0].actor_name)

    def _put_down(self, message: "dramatiq.Message[Any]", wake: str) -> bool:
        if time.monotonic() < self._away_until:
            return False
        try:
            # An id for each place in the queue, since a message may be taken back and offered again.
            place = str(uuid.uuid4())
            queued = message.copy(options={"redis_message_id": place})
            queue_key = f"{NAMESPACE}:{message.queue_name}"
            self._offer(keys=[_key(wake), f"{queue_key}.msgs", queue_key], args=[QUEUED_MS, place, queued.encode()])
        except (redis.RedisError, OSError) as error:
            self.seen(error)
            return False
        self.seen(None)
        return True

    def begun(self, wake: str) -> None:
        """The wake is in a worker's hands: whoever wakes it from now on wakes it once more."""
        try:
            self.client.delete(_key(wake))
        except (redis.RedisError, OSError) as error:
            self.seen(error)

    def waiting(self, queue_name: str) -> int:
        """Messages waiting in the queue, our own on their way included. Raises redis.RedisError while Redis is away."""
        self.carried()
        return int(cast(int, self.client.llen(f"{NAMESPACE}:{queue_name}")))

    def seen(self, trouble: BaseException | None) -> None:
        """Redis answered, or did not: told once, when it changes."""
        with self._lock:
            was_away, self._away = self._away, trouble is not None
            if trouble is not None:
                self._away_until = time.monotonic() + AWAY_SECONDS
        if trouble is not None and not was_away:
            log.warning("Redis is away; sweeps find the work meanwhile", error=type(trouble).__name__)
        elif trouble is None and was_away:
            log.info("Redis is back")

    def close(self) -> None:
        """What was offered is on Redis, if it answers, and no connection is left."""
        self.carried()
        with self._lock:
            carrier, self._carrier = self._carrier, None
        if carrier is not None:
            self._on_the_way.put(None)
            carrier.join(FLUSH_SECONDS)
        self.client.close()
        self.blocking.close()


class _PromptConsumer(_RedisConsumer):
    """Waits in Redis for the next message instead of asking again and again, and never insists on an answer."""

    def __next__(self) -> Any:
        broker: RedisQueue = self.broker
        try:
            if not self.message_cache and self.outstanding_message_count < self.prefetch:
                # Moves the head of the list onto itself: that is to wait for a message and leave it where it is.
                queue = f"{NAMESPACE}:{self.queue_name}"
                broker.blocking.blmove(queue, queue, IDLE_SECONDS, "LEFT", "LEFT")
                self.misses = 0
            found = super().__next__()  # type: ignore[no-untyped-call]
        except (redis.RedisError, ConnectionClosed, OSError) as error:
            broker.seen(error)
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        broker.seen(None)
        return found

    def ack(self, message: Any) -> None:
        """The message is done with, if Redis hears it; if not, its rows show that there is nothing left to do."""
        self._try(super().ack, message)

    def nack(self, message: Any) -> None:
        """The message is put aside, if Redis hears it."""
        self._try(super().nack, message)

    def requeue(self, messages: Any) -> None:
        """The messages are back in the queue, if Redis hears it; if not, a sweep finds their rows."""
        self._try(super().requeue, messages)

    def _try(self, tell: Any, what: Any) -> None:
        try:
            tell(what)
        except (redis.RedisError, ConnectionClosed, OSError) as error:
            self.broker.seen(error)


def _key(wake: str) -> str:
    return f"{NAMESPACE}:wake:{wake}"
