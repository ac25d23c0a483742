"""Trouble: what becomes of a delivery that does not arrive, so that a person knows and somebody's address may rest."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.conversations.task import Task, give_task
from engine.conversations.thread import Thread, mark, open_person_thread, unmark
from engine.outbox.delivery import Delivery
from engine.outbox.text_answer import text_trouble
from engine.people.address import Address, masked
from engine.people.health import quiet, reset, struck
from engine.people.member import Member

#: By when somebody should look at mail that does not arrive.
LOOK_WITHIN = timedelta(days=2)


#: What an open conversation bears while no mail reaches the member.
DOES_NOT_ARRIVE = "mail does not arrive"


def strike(
    session: Session,
    delivery: Delivery,
    status: str,
    now: datetime,
    *,
    permanent: bool,
    received_id: int | None = None,
) -> bool:
    """Something came back from the delivery's address; True when it rests from now on, because of it.

    The mailbox of a household is as full or as gone for everybody who has it.
    """
    rests = False
    for address in _addresses(session, delivery):
        its_end = struck(session, address, status, now, permanent=permanent, received_id=received_id)
        if its_end and (thread := open_person_thread(session, address.member_id)) is not None:
            mark(thread, DOES_NOT_ARRIVE)
        rests = rests or (its_end and address.member_id == delivery.member_id)
    return rests


def set_right(session: Session, address: Address, by_id: int | None, why: str, now: datetime) -> bool:
    """The address is written to again, and the member's conversations say no more that mail does not arrive.

    False when it was all along. Raises Invalid for one that is somebody else's now.
    """
    if not reset(session, address, by_id, why, now):
        return False
    for thread in session.scalars(select(Thread).where(Thread.member_id == address.member_id)):
        unmark(thread, DOES_NOT_ARRIVE)
    session.flush()
    return True


def set_quiet_right(session: Session, now: datetime) -> int:
    """Addresses from which nothing came back for thirty days are tried again; how many."""
    found = quiet(session, now)
    for address in found:
        set_right(session, address, None, "thirty quiet days", now)
    return len(found)


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
        title = _title(session, delivery, member, called)
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


def _title(session: Session, delivery: Delivery, member: Member | None, called: str) -> str:
    if delivery.channel == "sms":
        return f"Texts to {called} do not arrive: try another way"
    if member is None or text_trouble(session, member) is not None:
        return f"Mail to {called} does not arrive: try another way"
    said = member.pronouns.strip().lower().partition("/")[0]
    return f"Mail to {called} does not arrive: text {_WHOM.get(said, 'them')}?"


#: How somebody is spoken of as whom one texts, by what they are called otherwise.
_WHOM = {"she": "her", "he": "him"}


def _asked_already(session: Session, delivery: Delivery) -> bool:
    if delivery.member_id is None:
        return False
    tasks = session.scalars(select(Task).where(Task.member_id == delivery.member_id, Task.done_at.is_(None)))
    return any(task.detail.get("why") == "undelivered" for task in tasks)


def _addresses(session: Session, delivery: Delivery) -> list[Address]:
    """The rows of the address it went to, everybody's: none when it was none of the member's."""
    if delivery.member_id is None or delivery.to_address is None:
        return []
    query = select(Address).where(Address.kind == "email", Address.value == delivery.to_address.lower())
    found = list(session.scalars(query.order_by(Address.id)))
    return found if any(each.member_id == delivery.member_id for each in found) else []
