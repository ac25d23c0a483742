"""Stopping: a phone asks for no more texts of ours, or for texts again."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.base.db import changed_by
from engine.base.ids import new_id
from engine.enrollments.choice import choose, stop_everything
from engine.outbox import queue
from engine.outbox.delivery import Delivery
from engine.outbox.held import settle_held
from engine.outbox.trouble import ask_a_person
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Said
from engine.people.suppression import lift
from engine.people.text_stop import TextStop

_REASON = "They asked for no texts from us at all. Only they can undo that."


def stop_texts(
    session: Session, phone: str, how: str, evidence: str, now: datetime, *, received_id: int | None = None
) -> bool:
    """No text of ours goes to the phone any more but the one that confirms it; False when that held before.

    Every member with this phone has said no to texts, in the ledger; what waited for it in the outbox is refused.
    `how`: `text` (their own words to us) or `carrier` (the provider knows of it). Mail is untouched.
    """
    fresh = _stop_row(session, phone, how, evidence, now, received_id)
    holders = _holders(session, phone)
    for member_id, address_id in holders:
        said = Said(how, evidence, address_id=address_id, received_id=received_id, by_id=member_id)
        stop_everything(session, member_id, ("sms",), said, now)
    _refuse_waiting(session, phone, [member_id for member_id, _ in holders], now)
    return fresh


def start_texts(session: Session, phone: str, evidence: str, now: datetime, *, received_id: int | None = None) -> bool:
    """Texts may go to the phone again, and its members said so; False when nothing was stopped.

    A stop that came in after `received_id` stands, in whatever order workers got to the two.
    """
    # Whoever holds the phone asks for texts: if it was forgotten here once, it is not any more.
    lift(session, "phone", phone, now)
    here = [TextStop.phone == phone, TextStop.ended_at.is_(None)]
    if received_id is not None:
        here.append(_came_before(received_id))
    ended = changed_by(session, update(TextStop).where(*here).values(ended_at=now))
    if not ended:
        return False
    for member_id, address_id in _holders(session, phone):
        said = Said("text", evidence, address_id=address_id, received_id=received_id, by_id=member_id)
        choose(session, member_id, "sms", EVERYTHING, True, said, now)
    return True


def _stop_row(session: Session, phone: str, how: str, evidence: str, now: datetime, received_id: int | None) -> bool:
    try:
        with session.begin_nested():
            session.add(
                TextStop(
                    id=new_id(), created_at=now, phone=phone, how=how, evidence=evidence[:400], received_id=received_id
                )
            )
            session.flush()
    except IntegrityError:
        # It is stopped already, by whichever side saw it first; which stop was the last one tells `start_texts`.
        if received_id is not None:
            last = update(TextStop).where(
                TextStop.phone == phone, TextStop.ended_at.is_(None), _came_before(received_id)
            )
            session.execute(last.values(received_id=received_id))
        return False
    return True


def _came_before(received_id: int) -> ColumnElement[bool]:
    """The condition that the stop was said before this row came in: ids grow with time."""
    return or_(TextStop.received_id.is_(None), TextStop.received_id < received_id)


def _holders(session: Session, phone: str) -> list[tuple[int, int]]:
    """(member, address) of everybody reached at this phone."""
    rows = session.execute(
        select(Address.member_id, Address.id)
        .where(Address.kind == "phone", Address.value == phone)
        .order_by(Address.id)
    )
    return [(member_id, address_id) for member_id, address_id in rows]


def _refuse_waiting(session: Session, phone: str, member_ids: list[int], now: datetime) -> None:
    """Texts that wait for the phone never leave. What confirms a stop or answers HELP is about consent, and does."""
    waiting = select(Delivery).where(
        Delivery.channel == "sms", Delivery.state == "queued", Delivery.message_class != "consent"
    )
    rows = list(session.scalars(waiting.where(Delivery.to_address == phone)))
    if member_ids:
        # A journey's text is given its phone only when it leaves. Asked of the rows and not of the database: SQLite
        # would walk through everybody's texts without a phone, and a stop must not take longer while many wait.
        theirs = session.scalars(waiting.where(Delivery.member_id.in_(member_ids)))
        rows += [each for each in theirs if each.to_address is None]
    for delivery in rows:
        delivery.state, delivery.state_at, delivery.refusal = "refused", now, _REASON
        if delivery.message_class == "answer":
            ask_a_person(session, delivery, _REASON, now)
    queue.remove(session, rows)
    settle_held(session, [each.id for each in rows], member_ids)
    session.flush()
