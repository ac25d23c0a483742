"""The router's job: every received row is taken to where it belongs, once."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.db import changed_by
from engine.base.errors import Unread
from engine.base.log import logger
from engine.base.metrics import SETTLED
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.conversations.junk import forget_junk, old_junk
from engine.conversations.received import Received
from engine.conversations.reply_test import due_tests
from reply_router.reply_test import test_replies
from reply_router.routing import route_due

ROUTE = "route"
#: What the retention rules take away.
FORGET = "router.forget_junk"
#: Whether replies reach whoever conversations were handed to.
TEST = "router.test_replies"
#: Rows that one sweep wakes.
MOST_ROWS = 500

log = logger(__name__)


def register(broker: Broker, services: Services) -> None:
    """The job `route` is known."""
    if services.db.is_sqlite:
        # One process holds a SQLite file: whatever is still leased was left by one that died.
        with services.db.write() as session:
            freed = free(session)
        if freed:
            log.info("mails left by a process that ended are taken up again", count=freed)

    def route(row_id: int | None) -> None:
        if row_id is not None:
            with suppress(Unread):  # told where it happened; the row rests, and is tried again
                for outcome in route_due(services, row_id).values():
                    SETTLED.labels(outcome).inc()

    def forget(_row_id: int | None) -> None:
        with services.db.write() as session:
            forgotten = forget_junk(session, services.clock.now())
        if forgotten:
            log.info("junk was kept for sixty days and is gone", count=forgotten)

    def test(_row_id: int | None) -> None:
        test_replies(services)

    broker.register(ROUTE, route)
    broker.register(TEST, test)
    broker.register(FORGET, forget)


def free(session: Session) -> int:
    """Rows that a worker left behind when it died are due again at once; how many. Only for a process alone."""
    return changed_by(
        session,
        update(Received)
        .where(Received.outcome.is_(None), Received.leased_until_at.is_not(None))
        .values(leased_until_at=None),
    )


def _unsettled(session: Session, _now: datetime) -> list[int | None]:
    # Leases are wall time: the sandbox's clock may stand still while a worker dies.
    wall = datetime.now(UTC)
    rows = session.scalars(
        select(Received.id)
        .where(
            Received.outcome.is_(None),
            or_(Received.leased_until_at.is_(None), Received.leased_until_at <= wall),
        )
        .order_by(Received.id)
        .limit(MOST_ROWS)
    )
    return list(rows)


def _old_junk(session: Session, now: datetime) -> list[int | None]:
    return [None] if old_junk(session, now) else []


def _untested(session: Session, _now: datetime) -> list[int | None]:
    return [None] if due_tests(session, 1) else []


SWEEPS = (
    Sweep(ROUTE, _unsettled, timedelta(seconds=1)),
    Sweep(FORGET, _old_junk, timedelta(hours=1)),
    Sweep(TEST, _untested, timedelta(seconds=30)),
)
