"""Receive: what came in is durable before anybody hears yes (law 1).

One thread takes everything that waits, writes it in one transaction and only then answers each waiter: under load a
hundred messages share one sync to the disk, alone a message waits for nothing.
"""

import hashlib
import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.bulk import bulk_insert, insert_into
from engine.base.clock import Clock
from engine.base.db import Database, table_of
from engine.base.errors import Unavailable
from engine.base.ids import new_id
from engine.base.log import logger
from engine.base.metrics import ACCEPTED, PUT_OFF
from engine.base.stored_time import stored_time
from engine.conversations.received import FiledKey, Received, ReceivedBytes

#: The job that is woken for each new row.
ROUTE = "route"
#: What one transaction takes at most, so that a pile neither holds the writer's lock long nor doubles in memory.
BATCH_MESSAGES = 256
BATCH_BYTES = 64 * 2**20

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message or webhook as it came, with its envelope. `mail_from` is empty for the null sender."""

    door: str
    recipients: tuple[str, ...]
    body: bytes
    peer: str = ""
    helo: str = ""
    mail_from: str = ""
    provider: str = ""
    provider_id: str = ""
    #: Kept only where nothing is filed under this key (engine.conversations.received.FiledKey), and from then on it is
    #: its own; empty: kept in any case. For what nobody waits to hear our yes to.
    key: bytes = b""


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is on the disk: one received row per recipient, in their order; none for what was here by its key."""

    received_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NotNow:
    """Our own trouble: nothing was kept that was promised, and the sender should try again."""

    reason: str


Answer = Accepted | NotNow


class Waiter(Protocol):
    """Whoever waits for an answer, in any thread; a Future is one."""

    def set_running_or_notify_cancel(self) -> bool:
        """Whether they wait still: it is begun now."""
        ...

    def set_result(self, answer: Answer) -> None:
        """They hear the answer."""
        ...


_Waiting = tuple[Arrival, Waiter]


class Acceptor:
    """Takes arrivals from every door of this process and commits them in groups."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        broker: Broker,
        *,
        max_waiting: int = 1000,
        max_waiting_bytes: int = 128 * 2**20,
    ) -> None:
        self._db = db
        self._clock = clock
        self._broker = broker
        self._file = _DatabaseFile(db)
        self._max_waiting = max_waiting
        self._max_waiting_bytes = max_waiting_bytes
        self._queue: deque[_Waiting] = deque()
        self._queue_bytes = 0
        self._changed = threading.Condition()
        self._stopping = True
        self._writer: threading.Thread | None = None

    def start(self) -> None:
        """Arrivals are taken from now on."""
        with self._changed:
            self._stopping = False
        self._writer = threading.Thread(target=self._write, name="acceptor", daemon=True)
        self._writer.start()

    def stop(self, timeout_seconds: float = 15) -> None:
        """What waited is written or, after `timeout_seconds`, told to come again; nothing new is taken."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._writer is not None:
            self._writer.join(timeout_seconds)
            self._writer = None
        with self._changed:
            left = [self._queue.popleft() for _ in range(len(self._queue))]
            self._queue_bytes = 0
        for _, future in left:
            if future.set_running_or_notify_cancel():
                future.set_result(NotNow("Hearthline is stopping."))

    def submit(self, arrival: Arrival) -> "Future[Answer]":
        """A future that is answered once the arrival is durable, or cannot be. Never blocks, never raises.

        A waiter that goes away cancels it: what was not begun is then not written, and the sender's retry is the only
        copy.
        """
        future: Future[Answer] = Future()
        self.take(arrival, future)
        return future

    def take(self, arrival: Arrival, waiter: Waiter) -> None:
        """The waiter is answered once the arrival is durable, or cannot be: `submit` for who brings their own."""
        size = len(arrival.body)
        with self._changed:
            if self._stopping:
                why = "Hearthline is stopping."
            elif self._queue and (
                len(self._queue) >= self._max_waiting or self._queue_bytes + size > self._max_waiting_bytes
            ):
                why = "Too much is waiting to be stored."
            else:
                self._queue.append((arrival, waiter))
                self._queue_bytes += size
                self._changed.notify_all()
                return
        PUT_OFF.labels(arrival.door).inc()
        waiter.set_result(NotNow(why))

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._stopping:
                    self._changed.wait()
                if not self._queue:
                    return
                batch = self._take()
            if batch:
                self._settle(batch)

    def _take(self) -> list[_Waiting]:
        """What waits, up to one transaction's worth; those whose waiter left are dropped."""
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < BATCH_MESSAGES and (not batch or size < BATCH_BYTES):
            arrival, future = self._queue.popleft()
            self._queue_bytes -= len(arrival.body)
            if future.set_running_or_notify_cancel():
                batch.append((arrival, future))
                size += len(arrival.body)
        return batch

    def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Every waiter of the batch has an answer."""
        try:
            answers: Iterable[Answer] = self._commit([arrival for arrival, _ in batch])
        except Exception as error:
            self._file.forget()
            log.warning("a group of arrivals was not stored; trying one by one", count=len(batch), error=str(error))
            self._settle_singly(batch)
            return
        self._tell(zip(batch, answers, strict=True))

    def _settle_singly(self, batch: Sequence[_Waiting]) -> None:
        """One that cannot be stored no longer takes the others with it. Smallest first: the disk may be nearly full."""
        away: str | None = None
        for waiting in sorted(batch, key=lambda each: len(each[0].body)):
            answer: Answer
            if away is not None:
                answer = NotNow(away)
            else:
                try:
                    answer = self._commit([waiting[0]])[0]
                except Unavailable as error:
                    # Trying each of a hundred against a locked database would take the lock's whole time-out each.
                    away = str(error)
                    answer = NotNow(away)
                except Exception as error:
                    log.exception("an arrival could not be stored")
                    answer = NotNow(type(error).__name__)
            self._tell([(waiting, answer)])
        if away is not None:
            self._file.forget()

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Accepted]:
        """All arrivals are rows on the disk. Raises Unavailable and whatever the database raises; then none is."""
        now = self._clock.now()
        self._file.must_be_ours()
        with self._db.write() as session:
            accepted = keep(session, arrivals, now)
        self._file.must_be_ours()
        return accepted

    def _tell(self, answered: Iterable[tuple[_Waiting, Answer]]) -> None:
        woken: list[int] = []
        kept: Counter[str] = Counter()
        put_off: Counter[str] = Counter()
        for (arrival, future), answer in answered:
            future.set_result(answer)
            if isinstance(answer, Accepted):
                kept[arrival.door] += len(answer.received_ids)
                woken += answer.received_ids
            else:
                put_off[arrival.door] += 1
        for counter, counts in ((ACCEPTED, kept), (PUT_OFF, put_off)):
            for door, count in counts.items():
                counter.labels(door).inc(count)
        for received_id in woken:
            try:
                self._broker.wake(ROUTE, received_id)
            except Exception:
                # It is committed and answered; the router's sweep finds every unsettled row.
                log.exception("a received row could not be announced; a sweep will find it")


def keep(session: Session, arrivals: Sequence[Arrival], now: datetime) -> list[Accepted]:
    """All arrivals are rows of this transaction, in their order, but for those whose key is another's already; no one
    is woken for them yet."""
    # Bytes get their id before their rows: within a moment after it, rows that have the same bytes are looked for.
    ids = [(new_id(), tuple(new_id() for _ in arrival.recipients)) for arrival in arrivals]
    refused = _others(session, zip(arrivals, (mine for _, mine in ids), strict=True), now)
    bodies: list[tuple[object, ...]] = []
    rows: list[tuple[object, ...]] = []
    at = stored_time(session, now)
    accepted: list[Accepted] = []
    for arrival, (bytes_id, mine) in zip(arrivals, ids, strict=True):
        if not refused.isdisjoint(mine):
            accepted.append(Accepted(()))
            continue
        digest = hashlib.sha256(arrival.body).digest()
        size = len(arrival.body)
        bodies.append((bytes_id, at, digest, size, arrival.body))
        envelope = (
            at,
            arrival.door,
            _stored(arrival.peer, 64),
            _stored(arrival.helo, 255),
            _stored(arrival.mail_from, 320),
            bytes_id,
            size,
            digest,
            arrival.provider,
            _stored(arrival.provider_id, 64),
            *_REST.values(),
        )
        rows += [(each, _stored(to, 320), *envelope) for each, to in zip(mine, arrival.recipients, strict=True)]
        accepted.append(Accepted(mine))
    if rows:
        # Past the ORM: every sender waits for this.
        bulk_insert(session, table_of(ReceivedBytes), _BYTES, bodies)
        bulk_insert(session, table_of(Received), (*_ENVELOPE, *_REST), rows)
    return accepted


_BYTES = ("id", "created_at", "sha256", "size", "body")
_ENVELOPE = (
    "id", "rcpt_to", "created_at", "door", "peer", "helo", "mail_from", "bytes_id", "size", "sha256", "provider",
    "provider_id",
)  # fmt: skip
#: What every row begins with besides: the table's own defaults, as drivers store them.
_REST: dict[str, object] = {
    column.name: cast(Any, column.default).arg if column.default.is_scalar else "{}"
    for column in table_of(Received).columns
    if column.default is not None and column.name not in _ENVELOPE
}


def _others(session: Session, arrived: Iterable[tuple[Arrival, tuple[int, ...]]], now: datetime) -> set[int]:
    """The first ids of those whose key is another's already; every other key is now its arrival's. Insert and see,
    never look first: two who list the same at the same moment both find it missing (law 5)."""
    keyed = [(arrival.key, mine[0]) for arrival, mine in arrived if arrival.key and mine]
    if not keyed:
        return set()
    owners: dict[bytes, int] = {}
    for key, row_id in keyed:
        owners.setdefault(key, row_id)
    table = table_of(FiledKey)
    # In one order, so that two never wait for one another.
    rows = [{"key": key, "created_at": now, "received_id": owners[key]} for key in sorted(owners)]
    new = session.scalars(insert_into(session, table).on_conflict_do_nothing().returning(table.c.key), rows)
    ours = {owners[bytes(key)] for key in new}
    return {row_id for _, row_id in keyed} - ours


class _DatabaseFile:
    """The SQLite file our connections were opened on.

    Somebody who moves or deletes the file (a restore, a wrong rm) leaves SQLite writing happily into a file without a
    name: in WAL mode it does not look. What is committed there is lost, so we look before we say yes.
    """

    def __init__(self, db: Database) -> None:
        name = db.engine.url.database if db.is_sqlite else None
        self._db = db
        self._path = Path(name) if name and name != ":memory:" else None
        self._known: tuple[int, int] | None = None

    def must_be_ours(self) -> None:
        """The file at the path is the one we knew. Raises Unavailable; the next call then knows the one it finds."""
        if self._path is None:
            return
        try:
            status = self._path.stat()
        except OSError as error:
            self.forget()
            raise Unavailable("The database file is not there.") from error
        found = (status.st_dev, status.st_ino)
        if self._known is None:
            self._known = found
        elif self._known != found:
            self.forget()
            raise Unavailable("The database file was replaced under us.")

    def forget(self) -> None:
        """The next transaction opens the file anew."""
        self._known = None
        self._db.engine.dispose()


def _stored(text: str, length: int) -> str:
    """`text` as every database takes it: no NUL, no lone surrogates, no longer than its column."""
    if text.isascii() and "\0" not in text:
        return text[:length]
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")[:length]
