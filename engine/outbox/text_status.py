"""What the provider tells of a text afterwards: how far it came. It never moves back, and each word counts once."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.outbox.delivery import Delivery

#: The provider's words, by how far a text has come (https://www.twilio.com/docs/messaging/api/message-resource,
#: "Message Status values"). A status that is not here says nothing of the way a text took.
HOW_FAR = {
    "accepted": 0, "scheduled": 0, "queued": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 3, "undelivered": 3,
    "failed": 3, "canceled": 3,
}  # fmt: skip
#: Words that end a text's way, badly.
LOST = frozenset({"undelivered", "failed", "canceled"})


def tell_status(
    session: Session, delivery_id: int, sid: str, status: str, error_code: int | None, now: datetime
) -> bool:
    """The delivery is as far as the provider says, or stays where it was if it was further; False for old news.

    `status` and `error_code` are the provider's own. Told again, or out of order, nothing changes.
    """
    delivery = session.get(Delivery, delivery_id, with_for_update=True)
    status = status.strip().lower()
    if delivery is None or delivery.channel != "sms" or status not in HOW_FAR:
        return False
    if delivery.provider_status is not None and HOW_FAR[status] <= HOW_FAR.get(delivery.provider_status, 0):
        return False
    delivery.provider_status = status
    session.flush()
    return True
