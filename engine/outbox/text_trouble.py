"""What follows from the provider's "no" to a text, besides the text's own fate: one function for each effect."""

from datetime import datetime
from typing import assert_never

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.base.ids import new_id
from engine.base.log import logger
from engine.channels.sms_failures import Effect, row_of
from engine.enrollments.signal import signal
from engine.outbox import breaker, pace
from engine.outbox.delivery import Delivery, Receipt
from engine.people.address import Address, AddressStrike
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.health import STRIKES, WITHIN
from engine.people.text_stop import TextStop

log = logger(__name__)


def follow(session: Session, delivery: Delivery, code: str | int | None, now: datetime) -> bool:
    """What the provider's code asks for is done; True when the phone takes no texts from now on, because of it."""
    row = row_of(code)
    if row is None or delivery.to_address is None:
        return False
    match row.effect:
        case Effect.NONE:
            return False
        case Effect.OPTED_OUT:
            return carrier_stopped(session, delivery.to_address, row.why, now)
        case Effect.NUMBER_OFF:
            return _rest(session, delivery.to_address, str(row.code), f"{row.why} ({row.code}).", now, at_once=True)
        case Effect.STRIKE if _was_lost_before(session, delivery):
            # Tried again and again to a phone that is off for an hour, one text is one trouble.
            return False
        case Effect.STRIKE:
            return _rest(session, delivery.to_address, str(row.code), row.why, now, at_once=False)
        case Effect.SLOW_DOWN:
            if delivery.our_number:
                pace.slow_down(session, delivery.our_number, now)
            log.error("a number of ours sends more slowly for an hour", code=row.code, why=row.why, page=row.page)
            return False
        case Effect.STOP_ALL:
            breaker.stop(session, f"{row.why} ({row.code}); see {row.page}", now)
            return False
        case _:
            assert_never(row.effect)


def carrier_stopped(session: Session, phone: str, why: str, now: datetime) -> bool:
    """The phone is stopped and the ledger of everybody who holds it says so; False when it was already.

    The carrier heard the stop before us: no text of theirs is here to show, only the provider's word.
    """
    try:
        with session.begin_nested():
            session.add(
                TextStop(id=new_id(), created_at=now, phone=phone, how="carrier", evidence=why[:400], received_id=None)
            )
            session.flush()
    except IntegrityError:
        return False
    for address in _held_by(session, phone):
        said = Said("carrier", evidence=why, address_id=address.id)
        record_consent(session, address.member_id, "sms", EVERYTHING, False, said, now)
        signal(session, "opted_out", address.member_id, now, channel="sms", scope=EVERYTHING)
    return True


def _rest(session: Session, phone: str, status: str, why: str, now: datetime, *, at_once: bool) -> bool:
    """Everybody's address with this phone has one more strike, and rests if that was enough."""
    rests = False
    for address in _held_by(session, phone):
        session.add(
            AddressStrike(id=new_id(), created_at=now, address_id=address.id, permanent=True, status=status[:20])
        )
        session.flush()
        if address.resting_since is not None:
            continue
        reason = why
        if not at_once:
            strikes = session.scalar(
                select(func.count()).where(
                    AddressStrike.address_id == address.id, AddressStrike.created_at > now - WITHIN
                )
            )
            if (strikes or 0) < STRIKES:
                continue
            reason = f"texts did not arrive {strikes} times within {WITHIN.days} days (last: {why})."
        address.resting_since, address.resting_reason = now, reason[:200]
        rests = True
    session.flush()
    return rests


def _was_lost_before(session: Session, delivery: Delivery) -> bool:
    """Whether more than one try of this text is known to be lost; the one that is told now among them."""
    lost = select(func.count()).where(Receipt.delivery_id == delivery.id, Receipt.kind == "bounced")
    return (session.scalar(lost) or 0) > 1


def _held_by(session: Session, phone: str) -> list[Address]:
    query = select(Address).where(Address.kind == "phone", Address.value == phone)
    return list(session.scalars(query.order_by(Address.id)))
