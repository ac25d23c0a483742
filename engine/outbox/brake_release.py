"""Brake release: what a brake had put off is due again at once when a person has lifted it.

It walks along the queue of what goes to many, so its cost is that of what waits, and each batch is a transaction.
"""

from datetime import datetime

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.orm import Session

from engine.base.db import Database
from engine.outbox.brakes import Brake
from engine.outbox.classes import ranks_to_many
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.gate import rule_of
from engine.outbox.mail_tally import NONE

#: Rows of the queue looked at in one transaction.
BATCH = 1000

Place = tuple[int, datetime, int]


def to_release(session: Session) -> list[int | None]:
    """The brakes that were lifted and whose letters still stand where they were put off to."""
    query = select(Brake.id).where(Brake.lifted_at.is_not(None), Brake.released_at.is_(None)).order_by(Brake.id)
    return list(session.scalars(query))


def release(db: Database, brake_id: int, now: datetime) -> int:
    """What the brake had put off may leave now; how many. Done again after a crash, it goes on."""
    after: Place | None = None
    count = 0
    while True:
        with db.write() as session:
            after, some = _release_some(session, session.get_one(Brake, brake_id), after, now)
            count += some
            if after is None:
                session.get_one(Brake, brake_id).released_at = now
                return count


def _release_some(session: Session, brake: Brake, after: Place | None, now: datetime) -> tuple[Place | None, int]:
    ranks = sorted(ranks_to_many("email") | ranks_to_many("sms"))
    key = tuple_(OutboxDue.rank, OutboxDue.send_at, OutboxDue.delivery_id)
    query = (
        select(OutboxDue.rank, OutboxDue.send_at, OutboxDue.delivery_id)
        .where(OutboxDue.rank.in_(ranks), OutboxDue.send_at > now, OutboxDue.leased_until_at.is_(None))
        .order_by(OutboxDue.rank, OutboxDue.send_at, OutboxDue.delivery_id)
        .limit(BATCH)
        # What a courier takes at this moment, due meanwhile, is its own: brought back it would stand here twice.
        .with_for_update(skip_locked=True)
    )
    rows = [(rank, at, row_id) for rank, at, row_id in session.execute(query.where(key > after) if after else query)]
    if not rows:
        return None, 0
    chapter = None if brake.chapter_id == NONE else brake.chapter_id
    theirs = session.execute(
        select(Delivery.id, Delivery.refusal).where(
            Delivery.id.in_([row_id for _, _, row_id in rows]), Delivery.state == "queued",
            Delivery.chapter_id.is_(None) if chapter is None else Delivery.chapter_id == chapter,
        )
    )  # fmt: skip
    held = {row_id for row_id, refusal in theirs if rule_of(refusal or "") == "brake"}
    mine = [row for row in rows if row[2] in held]
    if mine:
        table = OutboxDue.__table__
        session.execute(table.delete().where(key.in_(mine)))  # type: ignore[attr-defined]
        session.execute(
            insert(OutboxDue), [{"rank": rank, "send_at": now, "delivery_id": row_id} for rank, _, row_id in mine]
        )
        session.execute(update(Delivery).where(Delivery.id.in_(held)).values(send_at=now, refusal=None))
    return (rows[-1] if len(rows) == BATCH else None), len(mine)
