"""The courier of mail; texts have one of their own (text_courier). Three transactions: claim, calling, record.

claim    takes due deliveries, higher classes first, and asks the gate in the same transaction.
calling  is committed before the relay is spoken to: after a crash we know what may have left.
record   notes what the relay said. Between calling and record no transaction is open.

A delivery found in `calling` after a crash goes out again with the same Message-ID, so that the receiver can tell.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.orm import Session

from engine.base.db import among, plain_rows, table_of
from engine.base.log import logger
from engine.base.services import MailChannel, NotSent, OutgoingMail, Sent, Services
from engine.channels.dkim_keys import KeyRing
from engine.channels.failures import is_down
from engine.outbox import breaker, queue
from engine.outbox.claim import Claim, claim_due, count, settle
from engine.outbox.delivery import Delivery
from engine.outbox.letter import Press, Unwritable, Written, press, write
from engine.outbox.mail_turns import note_mail
from engine.outbox.material import Material
from engine.outbox.said import UNSURE, Said, Words, enter, said, said_anew, said_now, unsay
from engine.outbox.sending_pause import open_pause
from engine.outbox.signing import names_taken_back
from engine.outbox.tries import PATIENCE, gives_up_after, pause_after
from engine.outbox.trouble import ask_a_person, strike

#: Wall seconds of one batch in which new messages may begin. What is left goes back to the queue, so that behind a slow
#: relay an answer never waits for a batch of broadcasts.
BATCH_SECONDS = 3.0

#: Opened once in a process; which of them sign is asked in every claim.
KEYS = KeyRing()

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One mail about to be handed over: which try it is."""

    delivery: Delivery
    written: Written
    attempt: int


Outcome = Sent | NotSent | None


def send_due(services: Services, *, limit: int = 100) -> int:
    """At most `limit` due deliveries are settled or put off; returns how many the queue gave."""
    with_ = press(services.settings, services.tokens)
    now = services.clock.now()
    with services.db.write() as session:
        many = breaker.lets_through(session, now, limit, breaker.MAIL)
        if not many:
            return 0
        claimed = claim_due(session, services.settings, now, many, "email")
        if claimed.deliveries:
            signer = KEYS.signer(session, services.tokens, services.settings.mail.domain)
            with_ = replace(with_, signer=signer)
    if claimed.deliveries:
        with queue.leased_on(services.db, claimed.deliveries):
            _carry(services, claimed, with_, now)
    return claimed.seen


def _carry(services: Services, claimed: Claim, with_: Press, now: datetime) -> None:
    """What was claimed was handed over, and what came of it is noted."""
    written = [(each, written_or_not(each, claimed.material, with_, now)) for each in claimed.deliveries]
    with services.db.write() as session:
        calls = calling(session, written, claimed.material, now)
    outcomes = hand_over(services.mail, calls)
    now = services.clock.now()
    with services.db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), now)


def written_or_not(delivery: Delivery, material: Material, with_: Press, now: datetime) -> Written | Unwritable:
    """The delivery as a mail, or why not; whatever breaks in the writing of one stops no other."""
    try:
        return write(delivery, material, with_, now)
    except Exception as error:
        log.exception("a message broke while it was written", delivery_id=delivery.id)
        return Unwritable("broken", f"It broke while it was written ({type(error).__name__}).")


def calling(
    session: Session,
    written: Sequence[tuple[Delivery, Written | Unwritable]],
    material: Material,
    now: datetime,
) -> list[Call]:
    """It stands written that these mails are about to be handed over, and what they say stands in the timeline.

    What could not be written has failed, with the reason; what bears a name that was taken back meanwhile, or may not
    leave since everything was paused, is in its queue again.
    """
    calls: list[Call] = []
    failed: list[Delivery] = []
    put_back: list[Delivery] = []
    signed = [(row, mail.author_id) for row, mail in written if isinstance(mail, Written)]
    taken_back = names_taken_back(session, signed)
    paused = open_pause(session) is not None
    rows: list[Said] = []
    for detached, mail in written:
        if isinstance(mail, Unwritable):
            delivery = session.merge(detached, load=False)
            _fail(session, delivery, mail.code, mail.says, now)
            failed.append(delivery)
            log.warning("a message could not be written", delivery_id=delivery.id, says=mail.says)
            continue
        if detached.id in taken_back or paused:
            delivery = session.merge(detached, load=False)
            delivery.state, delivery.state_at = "queued", now
            queue.move(session, delivery, delivery.send_at)
            put_back.append(delivery)
            continue
        words = Words(mail.text, mail.author_id, mail.author_name, mail.subject, mail.message_id)
        if detached.internet_message_id is None:
            rows.append(said(session, detached, words, material, now))
        elif detached.author_id != mail.author_id:
            said_anew(session, detached, words)
        calls.append(Call(detached, mail, detached.attempts + 1))
    _note(session, _CALLING, [_about_to_be_called(each, now) for each in calls])
    enter(session, rows)
    settle(session, failed)
    count(session, [*failed, *put_back])
    session.flush()
    return calls


def hand_over(mail: MailChannel, calls: Sequence[Call]) -> list[Outcome]:
    """What the relay said to each mail, in order; None for those not begun in time. No transaction is open."""
    if not calls:
        return []
    mails = [OutgoingMail(each.written.return_path, each.written.recipient, each.written.message) for each in calls]
    return mail.send_many(mails, time.monotonic() + BATCH_SECONDS)


def record(session: Session, results: Sequence[tuple[Call, Outcome]], now: datetime) -> None:
    """What the relay said is noted: sent, to be tried again, or failed with somebody told."""
    ours = _still_ours(session, [call for call, _ in results])
    taken = [(call, said) for call, said in results if isinstance(said, Sent) and call.delivery.id in ours]
    _note(session, _SENT, [_as_sent(call, said, now) for call, said in taken])
    sent = [call.delivery for call, _ in taken]
    for call, _ in taken:
        if call.attempt > 1:
            said_now(session, call.delivery, now)
    settle(session, sent)
    count(session, sent, became="sent")
    note_mail(session, sent, *_not_sent(session, [each for each in results if each[0].delivery.id in ours], now), now)
    tried = [outcome for _, outcome in results if outcome is not None]
    down = [each for each in tried if isinstance(each, NotSent) and is_down(each)]
    answered = [not (isinstance(each, NotSent) and is_down(each)) for each in tried]
    breaker.note(session, answered, down[-1].says if down else "", now, breaker.MAIL)
    session.flush()


def _not_sent(
    session: Session, results: Sequence[tuple[Call, Outcome]], now: datetime
) -> tuple[list[Delivery], list[Delivery]]:
    """What the relay did not take goes back to its queue, or has failed; which it put off, and which are lost."""
    settled, noted, put_off, lost = list[Delivery](), list[Delivery](), list[Delivery](), list[Delivery]()
    others = [(call, said) for call, said in results if not isinstance(said, Sent)]
    ids = [call.delivery.id for call, _ in others]
    known = {row.id: row for row in session.scalars(select(Delivery).where(Delivery.id.in_(ids)))} if ids else {}
    for call, outcome in others:
        delivery = known[call.delivery.id]
        if not isinstance(outcome, NotSent):
            delivery.state, delivery.state_at, delivery.attempts = "queued", now, call.attempt - 1
            queue.move(session, delivery, delivery.send_at)
            continue
        noted.append(delivery)
        if _again(session, delivery, outcome, now):
            put_off.append(delivery)
        else:
            settled.append(delivery)
            if outcome.permanent and outcome.about == "address":
                lost.append(delivery)
    settle(session, settled)
    count(session, noted, queued="again")
    return put_off, lost


_DELIVERY = table_of(Delivery)
_MOMENT = bindparam("moment", type_=_DELIVERY.c.state_at.type)
#: Written past the rows as objects: of a batch of hundreds each is touched twice, by nothing but its id.
_CALLING = (
    update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("its_id"))
    .values(
        state="calling", state_at=_MOMENT, attempts=bindparam("attempt"),
        internet_message_id=bindparam("message_id"), subject=bindparam("says"), to_address=bindparam("goes_to"),
        author_id=bindparam("author"),
    )
)  # fmt: skip
_SENT = (
    update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("its_id"), _DELIVERY.c.state == "calling")
    .values(
        state="sent", state_at=_MOMENT, sent_at=_MOMENT,
        provider_id=bindparam("provider"), error_code=None, error_says=None,
    )
)  # fmt: skip


def _note(session: Session, statement: Update, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(statement, rows)


def _about_to_be_called(call: Call, now: datetime) -> dict[str, Any]:
    mail = call.written
    return {
        "its_id": call.delivery.id, "moment": now, "attempt": call.attempt, "message_id": mail.message_id,
        "says": mail.subject[:400], "goes_to": mail.to_address, "author": mail.author_id,
    }  # fmt: skip


def _as_sent(call: Call, said: Sent, now: datetime) -> dict[str, Any]:
    return {"its_id": call.delivery.id, "moment": now, "provider": said.provider_id or None}


def _still_ours(session: Session, calls: Sequence[Call]) -> frozenset[int]:
    """Those that no other courier has: it would have them after our lease ran out."""
    query = select(_DELIVERY.c.id, _DELIVERY.c.state, _DELIVERY.c.attempts).where(
        among(session, _DELIVERY.c.id, [call.delivery.id for call in calls])
    )
    known = {row_id: (state, attempts) for row_id, state, attempts in plain_rows(session, query)}
    return frozenset(call.delivery.id for call in calls if known.get(call.delivery.id) == ("calling", call.attempt))


def _again(session: Session, delivery: Delivery, reason: NotSent, now: datetime) -> bool:
    """True when the delivery is tried again later; False when it has failed for good and a person knows."""
    code = f"{UNSURE} {reason.code}" if reason.unknown else reason.code
    delivery.error_code, delivery.error_says = code[:40], reason.says[:400]
    given_up = not reason.permanent and gives_up_after(delivery.attempts)
    if not reason.permanent and not given_up:
        delivery.state, delivery.state_at = "queued", now
        queue.move(session, delivery, now + (reason.retry_after or pause_after(delivery.attempts, delivery.id)))
        return True
    rests = reason.about == "address" and strike(session, delivery, reason.code, now, permanent=reason.permanent)
    _fail(session, delivery, reason.code, reason.says, now)
    if rests or given_up or delivery.message_class == "answer":
        says = f"It was tried for {PATIENCE.days} days. {reason.says}" if given_up else reason.says
        ask_a_person(session, delivery, says, now)
    return False


def _fail(session: Session, delivery: Delivery, code: str, says: str, now: datetime) -> None:
    delivery.state, delivery.state_at = "failed", now
    delivery.error_code, delivery.error_says = code[:40], says[:400]
    unsay(session, delivery, now)
    if delivery.message_class == "answer" and delivery.internet_message_id is None:
        ask_a_person(session, delivery, says, now)
