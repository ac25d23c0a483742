"""Overtaken: messages of a journey that wait in the outbox for somebody who is further by now never leave."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.outbox import queue
from engine.outbox.delivery import Delivery
from engine.outbox.held import settle_held

REASON = "What they did took them further before this left, and it has nothing to tell them any more."


def refuse_overtaken(session: Session, lifted: Mapping[int, int], now: datetime) -> None:
    """What waits for these enrollments (each with its member) has been refused, with the reason; what left has left."""
    if not lifted:
        return
    query = select(Delivery).where(
        among(session, Delivery.member_id, set(lifted.values())),
        Delivery.state == "queued",
        Delivery.message_class == "journey",
    )
    # Asked of the rows and not of the database: what waits for one member is little.
    waiting = session.scalars(query.order_by(Delivery.id).with_for_update(skip_locked=True))
    rows = [each for each in waiting if each.enrollment_id in lifted]
    for delivery in rows:
        delivery.state, delivery.state_at, delivery.refusal = "refused", now, REASON
    queue.remove(session, rows)
    settle_held(session, [each.id for each in rows], sorted(set(lifted.values())))
    session.flush()
