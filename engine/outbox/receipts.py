"""Receipts: what came back afterwards for a delivery that had left: a bounce, or a complaint. Each counts once."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.bulk import new_in
from engine.base.db import table_of
from engine.base.ids import new_id
from engine.conversations.thread import mark, open_person_thread
from engine.enrollments.signal import signal
from engine.outbox import mail_pace
from engine.outbox.brakes import note_trouble
from engine.outbox.claim import settle
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery, Receipt
from engine.outbox.gate import scope_of
from engine.outbox.mail_domains import hosts_of
from engine.outbox.trouble import ask_a_person, strike
from engine.people.consent import EVERYTHING, Said, latest_complaint, record_consent

#: Reports on one letter within so long are the same trouble, told by two.
ONE_TROUBLE = timedelta(days=1)


def bounced(
    session: Session,
    delivery_id: int,
    permanent: bool,
    status: str,
    says: str,
    provider_key: str,
    received_id: int | None,
    now: datetime,
    lost: bool = False,
) -> bool:
    """The delivery came back or is late, and that counts against its address; False when it was counted before.

    When the address rests because of it (engine.people.health), a person is told. An answer that comes back is its
    author's to know at the first time, also if only the letter was `lost`: no server tries it again, though its address
    may take another one tomorrow (RFC 3463 section 2, class 4). `status`: as RFC 3463 writes it, such as 5.1.1.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or not _once(
        session, delivery_id, "bounced" if permanent or lost else "deferred", status, says, provider_key, now
    ):
        return False
    rests = strike(session, delivery, status, now, permanent=permanent, received_id=received_id)
    if not permanent and mail_pace.asks_for_less(status):
        # Our relay tried for us, and the readers' host told it what it would have told us.
        [host] = hosts_of(session, [delivery.to_address or ""], now).values()
        mail_pace.learn(session, {host: f"{status} {says}".strip()}, now)
    if permanent:
        note_trouble(session, "bounced", [delivery], now)
        delivery.error_code, delivery.error_says = status[:40] or "bounced", says[:400]
        delivery.state_at = now
        if rests or delivery.message_class == "answer":
            ask_a_person(session, delivery, f"The mail came back: {says or status}.", now)
    elif lost and delivery.message_class == "answer":
        ask_a_person(session, delivery, f"The mail came back, and nobody tries it again: {says or status}.", now)
    session.flush()
    return True


def arrived(session: Session, delivery_id: int, says: str, provider_key: str, now: datetime) -> bool:
    """The provider says that the receiving server took the letter; False when it said so before.

    That says nothing of who reads it. What a crash between the relay's yes and our note left open is settled by it.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or not _once(session, delivery_id, "delivered", "", says, provider_key, now):
        return False
    answered(session, delivery_id, now)
    return True


def answered(session: Session, delivery_id: int, now: datetime) -> None:
    """The letter arrived, for it was answered or taken: what a crash between the relay's yes and our note left open is
    settled.

    Else it would wait until the talk it began was over, and then go out again.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.attempts == 0 or delivery.state not in ("queued", "claimed", "calling"):
        return
    delivery.state, delivery.state_at, delivery.sent_at = "sent", now, now
    delivery.error_code = delivery.error_says = delivery.refusal = None
    settle(session, [delivery])
    session.flush()


def complained(
    session: Session, delivery_id: int, says: str, provider_key: str, received_id: int | None, now: datetime
) -> bool:
    """The member gets no more mail of that kind, as if they had unsubscribed; False when it was counted before.

    A complaint about a person's own words stops all our mail: they want none of it.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or not _once(session, delivery_id, "complained", "", says, provider_key, now):
        return False
    # One reader who marks three letters of ours in one go is one who complains, not three.
    before = latest_complaint(session, delivery.member_id) if delivery.member_id is not None else None
    if before is None or before <= now - ONE_TROUBLE:
        note_trouble(session, "complained", [delivery], now)
    if delivery.member_id is not None:
        row = CLASSES[delivery.message_class]
        scope = scope_of(row, delivery.chapter_id) if row.list_unsubscribe else EVERYTHING
        said = Said("complaint", evidence=says, received_id=received_id)
        record_consent(session, delivery.member_id, "email", scope, False, said, now)
        signal(session, "opted_out", delivery.member_id, now, channel="email", scope=scope)
        thread = open_person_thread(session, delivery.member_id)
        if thread is not None:
            mark(thread, "called our mail unwanted")
    session.flush()
    return True


def count_once(session: Session, receipt: Receipt) -> bool:
    """The receipt stands in the books; False, and nothing is changed, when its provider's key did before."""
    table = table_of(Receipt)
    values = {column.name: getattr(receipt, column.name) for column in table.columns}
    new = new_in(session, table).returning(table.c.id)
    return session.scalar(new, values) is not None


def _once(
    session: Session, delivery_id: int, kind: str, status: str, says: str, provider_key: str, now: datetime
) -> bool:
    receipt = Receipt(
        id=new_id(),
        created_at=now,
        delivery_id=delivery_id,
        kind=kind,
        status=status[:20],
        says=says[:400],
        provider_key=provider_key[:120],
    )
    if not count_once(session, receipt):
        return False
    # A provider tells it by webhook and the receiving server by mail: it came back once, and was unwanted once.
    return kind not in ("bounced", "complained") or not _told_before(session, receipt)


def _told_before(session: Session, receipt: Receipt) -> bool:
    """Whether the same stands in the books by another key. Two workers with one each ask one after the other."""
    session.execute(select(Delivery.id).where(Delivery.id == receipt.delivery_id).with_for_update())
    same = select(Receipt.id).where(
        Receipt.delivery_id == receipt.delivery_id,
        Receipt.kind == receipt.kind,
        Receipt.id != receipt.id,
        Receipt.created_at > receipt.created_at - ONE_TROUBLE,
    )
    return session.scalar(same.limit(1)) is not None
