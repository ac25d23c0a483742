"""The courier's queue: taking due deliveries, moving and removing them.

A row's time is always its delivery's `send_at`, so that either finds the other.
"""

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from engine.base.asking import ManyAsked
from engine.base.bulk import bulk_delete, bulk_update
from engine.base.db import Database, changed_by, table_of
from engine.base.errors import Unavailable
from engine.base.log import logger
from engine.base.stored_time import stored_time, time_loader, time_storer
from engine.outbox.classes import PROMPT, rank_of, ranks_of
from engine.outbox.delivery import AnyDelivery, Delivery, OutboxDue, Taken

#: How long a courier has for what it took, in wall time (the sandbox's clock may stand still while one dies). It asks
#: for more as long as it lives, for a relay may take minutes over one message.
LEASE = timedelta(seconds=20)

#: The couriers' jobs that take from it, by channel.
SEND = {"email": "outbox.send", "sms": "outbox.text"}

log = logger(__name__)


def take(
    session: Session, now: datetime, limit: int, channel: str = "email", closed: Collection[int] = ()
) -> list[Taken]:
    """At most `limit` due deliveries of a channel, higher classes first, taken by nobody else until the lease ends.

    Nothing is taken of the ranks that are `closed`.

    What somebody waits for is taken alone: it is not to wait until a hundred letters to many were written too.
    """
    taken: list[int] = []
    hurried = False
    prompt = {rank_of(name, channel) for name in PROMPT}
    # One walk along the key per rank: a single query over all ranks would pass over every row not due yet.
    for rank in (each for each in ranks_of(channel) if each not in closed):
        if len(taken) == limit or (hurried and rank not in prompt):
            break
        taken += session.scalars(
            select(OutboxDue.delivery_id)
            .where(OutboxDue.rank == rank, OutboxDue.send_at <= now, is_free())
            .order_by(OutboxDue.send_at, OutboxDue.delivery_id)
            .limit(limit - len(taken))
            .with_for_update(skip_locked=True)
        )
        hurried = hurried or (rank in prompt and bool(taken))
    if not taken:
        return []
    known = _read(session, taken)
    return [known[delivery_id] for delivery_id in taken if delivery_id in known]


def rows(session: Session, ids: Collection[int]) -> dict[int, Delivery]:
    """The rows of these deliveries, to be changed, by id."""
    return {row.id: row for row in _ROWS.found(session, ids)}


def is_free() -> ColumnElement[bool]:
    """The condition that no living courier has the row."""
    return or_(OutboxDue.leased_until_at.is_(None), OutboxDue.leased_until_at <= datetime.now(UTC))


def next_due(session: Session, channel: str) -> datetime | None:
    """When the next delivery of a channel that nobody works on is due; None when there is none."""
    firsts = [
        session.scalar(
            select(OutboxDue.send_at).where(OutboxDue.rank == rank, is_free()).order_by(OutboxDue.send_at).limit(1)
        )
        for rank in ranks_of(channel)
    ]
    return min((moment for moment in firsts if moment is not None), default=None)


def lease(session: Session, deliveries: Sequence[AnyDelivery]) -> None:
    """These deliveries are this courier's until the lease ends."""
    until = stored_time(session, datetime.now(UTC) + LEASE)
    bulk_update(session, _DUE, _KEY, (), _keys(session, deliveries), {"leased_until_at": until})


@contextmanager
def leased_on(db: Database, deliveries: Sequence[AnyDelivery]) -> Iterator[None]:
    """While the block runs the deliveries stay this courier's, however long it takes."""
    over = threading.Event()

    def ask_for_more() -> None:
        while not over.wait(LEASE.total_seconds() / 4):
            try:
                with db.write() as session:
                    lease_on(session, deliveries)
            except Unavailable as trouble:
                log.warning("a courier could not ask for more time", says=str(trouble))

    asking = threading.Thread(target=ask_for_more, name="lease", daemon=True)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()


def lease_on(session: Session, deliveries: Sequence[AnyDelivery]) -> None:
    """Those that still stand in the queue, and that no other transaction settles just now, have a new lease.

    Their courier's record takes the same rows: each waiting for the other's, PostgreSQL would end one of
    them, and what the relay said would be lost.
    """
    key = tuple_(OutboxDue.rank, OutboxDue.send_at, OutboxDue.delivery_id)
    wanted = [(each.rank, each.send_at, each.id) for each in deliveries]
    query = select(OutboxDue.delivery_id).where(key.in_(wanted)).order_by(OutboxDue.delivery_id)
    free = set(session.scalars(query.with_for_update(skip_locked=True)))
    lease(session, [each for each in deliveries if each.id in free])


def move(session: Session, delivery: Delivery, when: datetime) -> None:
    """The delivery is due at `when`, and nobody works on it."""
    remove(session, [delivery])
    delivery.send_at = when
    session.execute(
        insert(OutboxDue).values(
            rank=delivery.rank,
            send_at=when,
            delivery_id=delivery.id,
            leased_until_at=None,
        )
    )


def remove(session: Session, deliveries: Iterable[AnyDelivery]) -> None:
    """The deliveries are due no more."""
    bulk_delete(session, _DUE, _KEY, _keys(session, deliveries))


def free(session: Session) -> int:
    """Whatever a courier left behind when it died is due again at once; returns how many.

    Only for a process that knows it is alone; any other waits for the leases to end.
    """
    return changed_by(
        session, update(OutboxDue).where(OutboxDue.leased_until_at.is_not(None)).values(leased_until_at=None)
    )


_ROWS = ManyAsked(lambda among: select(Delivery).where(among(Delivery.id)))
_TIMES = ("created_at", "send_at", "state_at", "visit_at", "tried_since")
_REST = [name for name in Taken._fields if name not in ("id", *_TIMES, "data")]
_TAKEN = ManyAsked(
    lambda among: select(
        Delivery.id, *(getattr(Delivery, name) for name in _TIMES), Delivery.data,
        *(getattr(Delivery, name) for name in _REST),
    ).where(among(Delivery.id))
)  # fmt: skip


def _read(session: Session, ids: Sequence[int]) -> dict[int, Taken]:
    """These deliveries as they stand, by id. Objects of the rows take as long to make as all that is read of them."""
    time = time_loader(session)
    found: dict[int, Taken] = {}
    for row_id, created, send, state, visit, tried, data, *rest in _TAKEN.rows(session, ids):
        found[row_id] = Taken(
            row_id, time(created), time(send), time(state), None if visit is None else time(visit),
            None if tried is None else time(tried), json.loads(data) if isinstance(data, str) else data, *rest,
        )  # fmt: skip
    return found


_DUE = table_of(OutboxDue)
_KEY = ("rank", "send_at", "delivery_id")


def _keys(session: Session, deliveries: Iterable[AnyDelivery]) -> list[tuple[int, Any, int]]:
    """The key of each of these, as the driver stores it."""
    stored = time_storer(session)
    return [(each.rank, stored(each.send_at), each.id) for each in deliveries]
