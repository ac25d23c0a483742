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
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.log import logger
from engine.base.services import MailChannel, NotSent, OutgoingMail, Sent, Services
from engine.channels.dkim_keys import KeyRing
from engine.channels.failures import is_down
from engine.conversations.message import Message
from engine.conversations.question import Question, ask
from engine.outbox import breaker, queue
from engine.outbox.claim import Claim, claim_due, count, settle
from engine.outbox.delivery import Delivery
from engine.outbox.letter import Press, Unwritable, Written, press, write
from engine.outbox.mail_turns import note_mail
from engine.outbox.material import Material
from engine.outbox.said import UNSURE, Words, said, said_anew, said_now, unsay
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
    rows: list[Message | Question] = []
    for detached, mail in written:
        delivery = session.merge(detached, load=False)
        if isinstance(mail, Unwritable):
            _fail(session, delivery, mail.code, mail.says, now)
            failed.append(delivery)
            log.warning("a message could not be written", delivery_id=delivery.id, says=mail.says)
            continue
        if delivery.id in taken_back or paused:
            delivery.state, delivery.state_at = "queued", now
            queue.move(session, delivery, delivery.send_at)
            put_back.append(delivery)
            continue
        first, author_id = delivery.internet_message_id is None, delivery.author_id
        delivery.state, delivery.state_at, delivery.attempts = "calling", now, delivery.attempts + 1
        delivery.internet_message_id, delivery.subject = mail.message_id, mail.subject[:400]
        delivery.to_address, delivery.author_id = mail.to_address, mail.author_id
        words = Words(mail.text, mail.author_id, mail.author_name, mail.subject, mail.message_id)
        if first:
            rows += said(session, delivery, words, material, now)
        elif author_id != mail.author_id:
            said_anew(session, delivery, words)
        calls.append(Call(delivery, mail, delivery.attempts))
    session.add_all(each for each in rows if isinstance(each, Message))
    ask(session, (each for each in rows if isinstance(each, Question)))
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
    settled: list[Delivery] = []
    noted: list[Delivery] = []
    sent, put_off, lost = list[Delivery](), list[Delivery](), list[Delivery]()
    ids = [call.delivery.id for call, _ in results]
    known = {row.id: row for row in session.scalars(select(Delivery).where(Delivery.id.in_(ids)))}
    for call, outcome in results:
        delivery = known.get(call.delivery.id)
        if delivery is None or delivery.state != "calling" or delivery.attempts != call.attempt:
            continue  # our lease ran out, and another courier has it now
        match outcome:
            case None:
                delivery.state, delivery.state_at, delivery.attempts = "queued", now, call.attempt - 1
                queue.move(session, delivery, delivery.send_at)
            case Sent(provider_id=provider_id):
                delivery.state, delivery.state_at, delivery.sent_at = "sent", now, now
                delivery.provider_id, delivery.error_code, delivery.error_says = provider_id or None, None, None
                settled.append(delivery)
                sent.append(delivery)
                if call.attempt > 1:
                    said_now(session, delivery, now)
            case NotSent():
                if _again(session, delivery, outcome, now):
                    put_off.append(delivery)
                else:
                    settled.append(delivery)
                    if outcome.permanent and outcome.about == "address":
                        lost.append(delivery)
            case _:
                assert_never(outcome)
        if outcome is not None:
            noted.append(delivery)
    settle(session, settled)
    note_mail(session, sent, put_off, lost, now)
    tried = [outcome for _, outcome in results if outcome is not None]
    down = [each for each in tried if isinstance(each, NotSent) and is_down(each)]
    answered = [not (isinstance(each, NotSent) and is_down(each)) for each in tried]
    breaker.note(session, answered, down[-1].says if down else "", now, breaker.MAIL)
    count(session, noted, queued="again")
    session.flush()


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
