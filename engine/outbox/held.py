"""Held: what the gate put off because of a talk, or because a member asked us to pause, brought back when that ends."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.broker import wake_on_commit
from engine.conversations.hold import held_members
from engine.outbox import queue
from engine.outbox.delivery import Delivery, HeldDelivery
from engine.people.member_pace import paused_members

#: Held members looked at by one sweep.
BATCH = 500


def hold(session: Session, delivery: Delivery, until: datetime, now: datetime) -> None:
    """The delivery waits for the end of its member's talk, at the latest until then."""
    if delivery.member_id is not None:
        row = session.get(HeldDelivery, (delivery.member_id, delivery.id))
        if row is None:
            row = HeldDelivery(member_id=delivery.member_id, delivery_id=delivery.id, created_at=now)
            session.add(row)
        row.until_at = until
    queue.move(session, delivery, until)


def release_held(session: Session, member_id: int, now: datetime) -> int:
    """Everything held for the member is due when their talks end: now, if none goes on. Returns how many moved.

    The row that says it was held stays until the delivery is settled, so that the gate can tell what has grown stale.
    """
    until = _holds(session, [member_id], now).get(member_id)
    moved = 0
    for row, delivery in session.execute(
        select(HeldDelivery, Delivery)
        .join(Delivery, Delivery.id == HeldDelivery.delivery_id)
        .where(
            HeldDelivery.member_id == member_id,
            HeldDelivery.until_at.is_not(None),
            HeldDelivery.until_at.is_distinct_from(until),
            Delivery.state == "queued",
        )
    ).tuples():
        row.until_at = until
        queue.move(session, delivery, until or now)
        moved += 1
    session.flush()
    if moved and until is None:
        for couriers in queue.SEND.values():
            wake_on_commit(session, couriers)
    return moved


def over(session: Session, delivery: Delivery) -> None:
    """The delivery waits for something else now than for the end of a talk."""
    session.execute(
        update(HeldDelivery)
        .where(HeldDelivery.member_id == delivery.member_id, HeldDelivery.delivery_id == delivery.id)
        .values(until_at=None)
    )


def settle_held(session: Session, delivery_ids: Sequence[int], member_ids: Sequence[int]) -> None:
    """The deliveries are held no more: they left, or never will."""
    if delivery_ids and member_ids:
        session.execute(
            delete(HeldDelivery).where(
                among(session, HeldDelivery.member_id, member_ids),
                among(session, HeldDelivery.delivery_id, delivery_ids),
            )
        )


def ended_holds(session: Session, now: datetime) -> list[int]:
    """Members whose held deliveries still wait though no talk holds them: what the sweep brings back."""
    waiting = list(
        session.scalars(
            select(HeldDelivery.member_id)
            .where(HeldDelivery.until_at > now)
            .distinct()
            .order_by(HeldDelivery.member_id)
        )
    )
    ended: list[int] = []
    for first in range(0, len(waiting), BATCH):
        batch = waiting[first : first + BATCH]
        held = _holds(session, batch, now)
        ended += [member_id for member_id in batch if member_id not in held]
    return ended


def _holds(session: Session, member_ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    """What holds these members' messages, and until when: a talk, or their own wish."""
    return paused_members(session, member_ids, now) | held_members(session, member_ids, now)
