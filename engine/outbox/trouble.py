"""Trouble: what becomes of a delivery that does not arrive, so that a person knows and somebody's address may rest."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.ids import new_id
from engine.conversations.task import Task, give_task
from engine.conversations.thread import Thread, mark
from engine.outbox.delivery import Delivery
from engine.people.address import Address, AddressStrike, masked
from engine.people.member import Member

#: Statuses that say by themselves that an address is dead (RFC 3463 3.2, 3.3).
HARD = ("5.1.", "5.2.1")
#: So many other strikes within so long do the same.
SOFT_STRIKES, SOFT_WITHIN = 3, timedelta(days=14)
#: By when somebody should look at mail that does not arrive.
LOOK_WITHIN = timedelta(days=2)


def strike(
    session: Session,
    delivery: Delivery,
    status: str,
    now: datetime,
    *,
    permanent: bool,
    received_id: int | None = None,
) -> bool:
    """The delivery's address has one more strike; True when it rests from now on, because of it."""
    address = _address(session, delivery)
    if address is None:
        return False
    row = AddressStrike(
        id=new_id(),
        created_at=now,
        address_id=address.id,
        permanent=permanent,
        status=status[:20],
        received_id=received_id,
    )
    session.add(row)
    session.flush()
    if address.resting_since is not None:
        return False
    enhanced = status.rsplit(" ", 1)[-1]
    strikes = (
        session.scalar(
            select(func.count()).where(
                AddressStrike.address_id == address.id,
                AddressStrike.permanent.is_(True),
                AddressStrike.created_at > now - SOFT_WITHIN,
            )
        )
        or 0
    )
    if permanent and enhanced.startswith(HARD):
        reason = f"mail came back for good ({enhanced}): the mailbox is not there."
    elif strikes >= SOFT_STRIKES:
        reason = f"mail came back {strikes} times within {SOFT_WITHIN.days} days (last: {status})."
    else:
        return False
    address.resting_since, address.resting_reason = now, reason[:200]
    session.flush()
    return True


def ask_a_person(session: Session, delivery: Delivery, says: str, now: datetime) -> Task | None:
    """Somebody has the task to reach the person another way; None when such a task is open already.

    An undelivered answer is its author's, everything else the member's organizer's.
    """
    member = session.get(Member, delivery.member_id) if delivery.member_id is not None else None
    thread = session.get(Thread, delivery.thread_id) if delivery.thread_id is not None else None
    called = called_in(member, thread)
    about = {"member_id": delivery.member_id, "chapter_id": delivery.chapter_id, "thread_id": delivery.thread_id}
    if delivery.message_class == "answer":
        if thread is not None:
            mark(thread, "answer did not arrive")
        about |= {"assignee_id": delivery.author_id}
        title = f"Your answer to {called} did not arrive"
    else:
        if _asked_already(session, delivery):
            return None
        about |= {"assignee_id": member.organizer_id if member else None}
        what = "Texts" if delivery.channel == "sms" else "Mail"
        title = f"{what} to {called} {'do' if what == 'Texts' else 'does'} not arrive: try another way"
    return give_task(
        session,
        title,
        now + LOOK_WITHIN,
        now,
        script=f"{says} What was said is kept; nothing is lost.",
        detail={"why": "undelivered", "delivery_id": delivery.id},
        **about,
    )


def called_in(member: Member | None, thread: Thread | None) -> str:
    """How a task names whom a message was for; an address or phone only masked (law 8)."""
    if member is not None:
        return member.called
    if thread is None:
        return "somebody"
    return thread.correspondent_name or masked(thread.correspondent) or "somebody"


def _asked_already(session: Session, delivery: Delivery) -> bool:
    if delivery.member_id is None:
        return False
    tasks = session.scalars(select(Task).where(Task.member_id == delivery.member_id, Task.done_at.is_(None)))
    return any(task.detail.get("why") == "undelivered" for task in tasks)


def _address(session: Session, delivery: Delivery) -> Address | None:
    if delivery.member_id is None or delivery.to_address is None:
        return None
    return session.scalar(
        select(Address).where(
            Address.member_id == delivery.member_id,
            Address.kind == "email",
            Address.value == delivery.to_address.lower(),
        )
    )
