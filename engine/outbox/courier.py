"""The courier of mail; texts have one of their own (text_courier). Three transactions: claim, calling, record.

claim    takes due deliveries, higher classes first, and asks the gate in the same transaction.
calling  is committed before the relay is spoken to: after a crash we know what may have left.
record   notes what the relay said. Between calling and record no transaction is open.

A delivery found in `calling` after a crash goes out again with the same Message-ID, so that the receiver can tell.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import ManyAsked
from engine.base.bulk import bulk_update
from engine.base.db import table_of
from engine.base.log import logger
from engine.base.services import MailChannel, NotSent, OutgoingMail, Sent, Services
from engine.base.stored_time import stored_time
from engine.channels.dkim import Signer
from engine.channels.dkim_keys import KeyRing
from engine.channels.failures import is_down
from engine.outbox import breaker, queue
from engine.outbox.claim import Claim, claim_due, count, settle, still_claimed
from engine.outbox.delivery import Delivery, Taken
from engine.outbox.letter import Unwritable, Written
from engine.outbox.mail_turns import note_mail, untried
from engine.outbox.material import Material
from engine.outbox.press import press
from engine.outbox.said import UNSURE, Said, Words, enter, may_have_left, said, said_anew, said_now, unsay
from engine.outbox.sending_pause import open_pause
from engine.outbox.signing import names_taken_back
from engine.outbox.tries import PATIENCE, gives_up_after, pause_after
from engine.outbox.trouble import ask_a_person, strike
from engine.outbox.writing import write_batch

#: Wall seconds of one batch in which new messages may begin. What is left goes back to the queue, so that behind a slow
#: relay an answer never waits for a batch of broadcasts.
BATCH_SECONDS = 3.0

#: Opened once in a process; which of them sign is asked in every claim.
KEYS = KeyRing()

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One mail about to be handed over: which try it is."""

    delivery: Taken
    written: Written
    attempt: int


Outcome = Sent | NotSent | None


def send_due(services: Services, *, limit: int = 100) -> int:
    """At most `limit` due deliveries are settled or put off; returns how many the queue gave."""
    now = services.clock.now()
    with services.db.write() as session:
        many = breaker.lets_through(session, now, limit, breaker.MAIL)
        if not many:
            return 0
        claimed = claim_due(session, services.settings, now, many, "email")
        if many < limit and claimed.seen and not claimed.deliveries:
            breaker.give_back(session, now, breaker.MAIL)
        if claimed.deliveries:
            signer = KEYS.signer(session, services.tokens, services.settings.mail)
    if claimed.deliveries:
        with queue.leased_on(services.db, claimed.deliveries):
            _carry(services, claimed, signer, now)
    return claimed.seen


def _carry(services: Services, claimed: Claim, signer: Signer, now: datetime) -> None:
    """What was claimed was handed over, and what came of it is noted."""
    with_ = press(services.settings, services.tokens)
    written = list(write_batch(claimed.deliveries, claimed.material, with_, signer, now))
    with services.db.write() as session:
        calls = calling(session, written, claimed.material, now)
    outcomes = hand_over(services.mail, calls)
    now = services.clock.now()
    with services.db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), now)


def calling(
    session: Session,
    written: Sequence[tuple[Taken, Written | Unwritable]],
    material: Material,
    now: datetime,
) -> list[Call]:
    """It stands written that these mails are about to be handed over, and what they say stands in the timeline.

    What could not be written has failed, with the reason; what bears a name that was taken back meanwhile, or may not
    leave since everything was paused, is in its queue again. What is claimed no more is left to whoever has it.
    """
    ours = still_claimed(session, [row for row, _ in written])
    written = [each for each in written if each[0].id in ours]
    calls: list[Call] = []
    failed: list[Delivery] = []
    put_back: list[Delivery] = []
    signed = [(row, mail.author_id) for row, mail in written if isinstance(mail, Written)]
    taken_back = names_taken_back(session, signed)
    paused = open_pause(session) is not None
    stays = {row.id for row, _ in written if row.id in taken_back or (paused and not row.tells_of_pause)}
    known = queue.rows(session, [row.id for row, mail in written if isinstance(mail, Unwritable) or row.id in stays])
    rows: list[Said] = []
    for taken, mail in written:
        if isinstance(mail, Unwritable):
            delivery = known[taken.id]
            _fail(session, delivery, mail.code, mail.says, now)
            failed.append(delivery)
            log.warning("a message could not be written", delivery_id=delivery.id, says=mail.says)
            continue
        if taken.id in stays:
            delivery = known[taken.id]
            delivery.state, delivery.state_at = "queued", now
            queue.move(session, delivery, delivery.send_at)
            put_back.append(delivery)
            continue
        words = Words(mail.rendered.text, mail.author_id, mail.author_name, mail.rendered.subject, mail.message_id)
        if taken.internet_message_id is None:
            rows.append(said(session, taken, words, material, now))
        elif taken.author_id != mail.author_id:
            said_anew(session, taken, words)
        calls.append(Call(taken, mail, taken.attempts + 1))
    _note_calling(session, calls, now)
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
    _note_sent(session, taken, now)
    sent = [call.delivery for call, _ in taken]
    for call, _ in taken:
        if call.delivery.internet_message_id is not None:  # it stands in the timeline since an earlier try
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
    """What was not taken goes back to its queue, or has failed; which the readers' hosts put off, which are lost."""
    settled, noted, put_off, lost = list[Delivery](), list[Delivery](), list[Delivery](), list[Delivery]()
    uncounted: list[Delivery] = []
    others = [(call, said) for call, said in results if not isinstance(said, Sent)]
    ids = [call.delivery.id for call, _ in others]
    known = queue.rows(session, ids)
    for call, outcome in others:
        delivery = known[call.delivery.id]
        if not isinstance(outcome, NotSent) or outcome.at_the_door:
            # The relay was not asked about this one: it has lost no try.
            delivery.state, delivery.state_at, delivery.attempts = "queued", now, call.attempt - 1
            when = delivery.send_at
            if outcome is not None:
                delivery.error_code = _code(outcome.code, unsure=may_have_left(delivery))
                delivery.error_says, when = outcome.says[:400], now + pause_after(1, delivery.id)
            queue.move(session, delivery, when)
            uncounted.append(delivery)
            continue
        noted.append(delivery)
        if _again(session, delivery, outcome, now):
            if outcome.of_recipient:
                put_off.append(delivery)
        else:
            settled.append(delivery)
            if outcome.permanent and outcome.about == "address":
                lost.append(delivery)
    settle(session, settled)
    untried(session, uncounted, now)
    count(session, noted, queued="again")
    return put_off, lost


_DELIVERY = table_of(Delivery)
_STANDS = ManyAsked(lambda among: select(Delivery.id, Delivery.state, Delivery.attempts).where(among(Delivery.id)))


def _note_calling(session: Session, calls: Sequence[Call], now: datetime) -> None:
    """Written past the rows as objects: of a batch of hundreds each is touched twice, by nothing but its id."""
    columns = ("attempts", "internet_message_id", "subject", "to_address", "author_id")
    rows = [
        (call.delivery.id, call.attempt, mail.message_id, mail.rendered.subject[:400], mail.to_address, mail.author_id)
        for call in calls
        for mail in (call.written,)
    ]
    alike = {"state": "calling", "state_at": stored_time(session, now)}
    bulk_update(session, _DELIVERY, ("id",), columns, rows, alike)


def _note_sent(session: Session, taken: Sequence[tuple[Call, Sent]], now: datetime) -> None:
    moment = stored_time(session, now)
    rows = [(call.delivery.id, "calling", said.provider_id or None) for call, said in taken]
    alike = {"state": "sent", "state_at": moment, "sent_at": moment, "error_code": None, "error_says": None}
    bulk_update(session, _DELIVERY, ("id", "state"), ("provider_id",), rows, alike)


def _still_ours(session: Session, calls: Sequence[Call]) -> frozenset[int]:
    """Those that no other courier has: it would have them after our lease ran out."""
    rows = _STANDS.rows(session, [call.delivery.id for call in calls])
    known = {row_id: (state, attempts) for row_id, state, attempts in rows}
    return frozenset(call.delivery.id for call in calls if known.get(call.delivery.id) == ("calling", call.attempt))


def _again(session: Session, delivery: Delivery, reason: NotSent, now: datetime) -> bool:
    """True when the delivery is tried again later; False when it has failed for good and a person knows."""
    delivery.error_code = _code(reason.code, unsure=reason.unknown or may_have_left(delivery))
    delivery.error_says = reason.says[:400]
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


def _code(code: str, *, unsure: bool) -> str:
    """The code as it is noted: once a try may have come through, no later one says that none did."""
    return f"{UNSURE} {code}"[:40] if unsure else code[:40]


def _fail(session: Session, delivery: Delivery, code: str, says: str, now: datetime) -> None:
    delivery.state, delivery.state_at = "failed", now
    delivery.error_code, delivery.error_says = _code(code, unsure=may_have_left(delivery)), says[:400]
    unsay(session, delivery, now)
    if delivery.message_class == "answer" and delivery.internet_message_id is None:
        ask_a_person(session, delivery, says, now)
