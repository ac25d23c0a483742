"""What the provider tells of a text afterwards: how far it came. It never moves back, and each word counts once."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.db import after_commit
from engine.base.ids import new_id
from engine.base.metrics import TEXT_STATUSES
from engine.channels.sms_failures import row_of
from engine.outbox import queue
from engine.outbox.claim import settle
from engine.outbox.delivery import Delivery, Receipt
from engine.outbox.receipts import count_once
from engine.outbox.said import said_now, unsay
from engine.outbox.text_trouble import follow
from engine.outbox.tries import PATIENCE_WITH_TEXTS, pause_after
from engine.outbox.trouble import ask_a_person

#: The provider's words, by how far a text has come (https://www.twilio.com/docs/messaging/api/message-resource,
#: "Message Status values"). A status that is not here says nothing of the way a text took.
HOW_FAR = {
    "accepted": 0, "scheduled": 0, "queued": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 3, "undelivered": 3,
    "failed": 3, "canceled": 3,
}  # fmt: skip
#: Words that end a text's way: well, and badly.
ARRIVED = frozenset({"delivered", "read"})
LOST = frozenset({"undelivered", "failed", "canceled"})
#: States of a delivery that may have left without our knowing: the provider's word settles them.
_OPEN = frozenset({"calling", "unsure", "queued"})


def tell_status(
    session: Session, delivery_id: int, sid: str, status: str, error_code: int | None, now: datetime
) -> bool:
    """The delivery is as far as the provider says, or stays where it was if it was further; False for old news.

    `status` and `error_code` are the provider's own. Told again, or out of order, nothing changes. A text of which we
    did not know whether it had left is known to have, under this sid.
    """
    delivery = session.scalar(
        select(Delivery).where(Delivery.id == delivery_id).with_for_update().execution_options(populate_existing=True)
    )
    status = status.strip().lower()
    if delivery is None or delivery.channel != "sms" or status not in HOW_FAR or not sid:
        return False
    if delivery.provider_id is None and not _adopt(session, delivery, sid, now):
        return False
    if delivery.provider_id != sid:
        return False
    if delivery.provider_status is not None and HOW_FAR[status] <= HOW_FAR.get(delivery.provider_status, 0):
        return False
    if (status in ARRIVED or status in LOST) and not _once(session, delivery, sid, status, error_code, now):
        return False
    delivery.provider_status = status
    after_commit(session, TEXT_STATUSES.labels(status).inc)
    if status in LOST:
        _lost(session, delivery, error_code, now)
    session.flush()
    return True


def _adopt(session: Session, delivery: Delivery, sid: str, now: datetime) -> bool:
    """A text we tried and did not know about was sent under this sid; False when it cannot be that one."""
    if delivery.attempts == 0 or delivery.state not in _OPEN or _is_over(session, delivery, sid):
        return False
    delivery.state, delivery.state_at, delivery.sent_at = "sent", now, now
    delivery.provider_id, delivery.provider_status = sid, None
    delivery.error_code, delivery.error_says, delivery.refusal = None, None, None
    if delivery.attempts > 1:
        said_now(session, delivery, now)
    settle(session, [delivery])
    return True


def _is_over(session: Session, delivery: Delivery, sid: str) -> bool:
    """Whether this sid was an earlier try of the delivery, which came to its end."""
    keys = session.scalars(select(Receipt.provider_key).where(Receipt.delivery_id == delivery.id))
    return any(key.startswith(f"{sid}:") for key in keys)


def _lost(session: Session, delivery: Delivery, error_code: int | None, now: datetime) -> None:
    """A text that left did not arrive: what that means for it, for the phone, and for whoever must know."""
    row = row_of(error_code)
    says = row.why if row else "the carrier did not deliver it, and gives no reason"
    says = f"{says[:1].upper()}{says[1:]}{f' ({error_code})' if error_code else ''}."
    delivery.error_code, delivery.error_says = str(error_code or "undelivered")[:40], says[:400]
    rests = follow(session, delivery, error_code, now)
    since = delivery.tried_since or delivery.sent_at or now
    pause = pause_after(delivery.attempts, delivery.id)
    if row is not None and row.again and not rests and now + pause - since < PATIENCE_WITH_TEXTS:
        # It surely never arrived, so the same words may go once more; its sid stays until the next call.
        delivery.state, delivery.state_at, delivery.tried_since, delivery.refusal = "queued", now, since, says[:300]
        queue.move(session, delivery, now + pause)
        return
    delivery.state, delivery.state_at = "failed", now
    unsay(session, delivery, now)
    if rests or delivery.message_class == "answer" or row is None or row.about == "message" or row.again:
        ask_a_person(session, delivery, says, now)


def _once(session: Session, delivery: Delivery, sid: str, status: str, error_code: int | None, now: datetime) -> bool:
    row = row_of(error_code)
    receipt = Receipt(
        id=new_id(),
        created_at=now,
        delivery_id=delivery.id,
        kind="bounced" if status in LOST else "delivered",
        status=str(error_code or status)[:20],
        says=(row.why if row else "")[:400],
        provider_key=f"{sid}:{status}"[:120],
    )
    return count_once(session, receipt)
