"""The courier: everything that leaves, leaves here, in three transactions: claim, calling, record.

claim    takes due deliveries, higher classes first, and asks the gate in the same transaction.
calling  is committed before the relay is spoken to: after a crash we know what may have left.
record   notes what the relay said. Between calling and record no transaction is open.

A delivery found in `calling` after a crash goes out again with the same Message-ID, so that the receiver can tell.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engine.base.db import after_commit
from engine.base.ids import new_id
from engine.base.log import logger
from engine.base.metrics import DELIVERIES
from engine.base.services import MailChannel, NotSent, Sent, Services
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.outbox import held, queue
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery
from engine.outbox.gate import Allow, Facts, Letter, Limits, Refuse, WaitUntil, judge
from engine.outbox.letter import Press, Unwritable, Written, press, write
from engine.outbox.material import Material, read_facts, read_material
from engine.outbox.trouble import ask_a_person, strike
from journeys.steps import Ask
from templates.vocabulary import base_language

#: Wall seconds of one batch in which new messages may begin. What is left goes back to the queue, so that behind a slow
#: relay an answer never waits for a batch of broadcasts.
BATCH_SECONDS = 3.0
#: The first pause before another try, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
#: Pauses are given up after so long altogether; hours in which we ourselves were down do not count.
PATIENCE = timedelta(hours=72)
#: What an error code begins with when the message may have left all the same.
UNSURE = "unsure:"

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one courier has taken, with all it needs to write it."""

    deliveries: tuple[Delivery, ...]
    material: Material
    #: Rows the queue gave, allowed or not.
    seen: int


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
        claimed = claim(session, with_, now, limit)
    if claimed.deliveries:
        with queue.leased_on(services.db, claimed.deliveries):
            _carry(services, claimed, with_, now)
    return claimed.seen


def _carry(services: Services, claimed: Claim, with_: Press, now: datetime) -> None:
    """What was claimed was handed over, and what came of it is noted."""
    written = [(each, written_or_not(each, claimed.material, with_, now)) for each in claimed.deliveries]
    with services.db.write() as session:
        calls = calling(session, written, claimed.material, now)
    outcomes = hand_over(services.mail, calls, services.settings.mail.connections)
    now = services.clock.now()
    with services.db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), now)


def claim(session: Session, with_: Press, now: datetime, limit: int) -> Claim:
    """Due deliveries that the gate allows are this courier's; the others are put off or refused, with the reason."""
    taken = queue.take(session, now, limit)
    if not taken:
        return Claim((), Material(), 0)
    settings = with_.settings
    limits = Limits(
        settings.sending.letters_per_week,
        settings.sending.asks_per_month,
        timedelta(hours=settings.conversations.stale_after_hours),
    )
    material = read_material(session, taken, now, settings.mail)
    facts = read_facts(session, taken, material, now)
    allowed: list[Delivery] = []
    settled: list[Delivery] = []
    begun: dict[int, list[Letter]] = {}
    for delivery in taken:
        known = _with_this_batch(facts[delivery.id], begun.get(delivery.member_id or 0, []))
        verdict = judge(known, limits, now)
        match verdict:
            case Allow():
                allowed.append(delivery)
                delivery.state, delivery.state_at, delivery.refusal = "claimed", now, None
                if known.message_class.weekly_cap and delivery.member_id is not None:
                    begun.setdefault(delivery.member_id, []).append(Letter(now, known.speaks))
            case WaitUntil(when=when, reason=reason):
                delivery.state, delivery.state_at, delivery.refusal = "queued", now, reason
                if verdict.held:
                    held.hold(session, delivery, when, now)
                else:
                    held.over(session, delivery)
                    queue.move(session, delivery, when)
            case Refuse(reason=reason):
                if delivery.state == "queued" and not (delivery.error_code or "").startswith(UNSURE):
                    _unsay(session, delivery)
                delivery.state, delivery.state_at, delivery.refusal = "refused", now, reason
                settled.append(delivery)
                if delivery.message_class == "answer":
                    ask_a_person(session, delivery, reason, now)
            case _:
                assert_never(verdict)
    queue.lease(session, allowed)
    _settle(session, settled)
    _count(session, [each for each in taken if each.state != "claimed"])
    session.flush()
    return Claim(tuple(allowed), material, len(taken))


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

    What could not be written has failed, with the reason.
    """
    calls: list[Call] = []
    failed: list[Delivery] = []
    rows: list[Message | Question] = []
    for detached, mail in written:
        delivery = session.merge(detached, load=False)
        if isinstance(mail, Unwritable):
            _fail(session, delivery, mail.code, mail.says, now)
            failed.append(delivery)
            log.warning("a message could not be written", delivery_id=delivery.id, says=mail.says)
            continue
        first = delivery.internet_message_id is None
        delivery.state, delivery.state_at, delivery.attempts = "calling", now, delivery.attempts + 1
        delivery.internet_message_id, delivery.subject = mail.message_id, mail.subject[:400]
        delivery.to_address, delivery.author_id = mail.to_address, mail.author_id
        if first:
            rows += _said(session, delivery, mail, material, now)
        calls.append(Call(delivery, mail, delivery.attempts))
    session.add_all(rows)
    _settle(session, failed)
    _count(session, failed)
    session.flush()
    return calls


def hand_over(mail: MailChannel, calls: Sequence[Call], connections: int) -> list[Outcome]:
    """What the relay said to each mail, in order; None for those not begun in time. No transaction is open."""
    until = time.monotonic() + BATCH_SECONDS

    def one(call: Call) -> Outcome:
        if time.monotonic() > until:
            return None
        written = call.written
        try:
            return mail.send(written.return_path, written.recipient, written.message)
        except Exception as error:
            log.exception("the mail channel broke", delivery_id=written.delivery_id)
            return NotSent(False, "channel", f"Our own mail channel broke ({type(error).__name__}).", unknown=True)

    if len(calls) == 1 or connections <= 1:
        return [one(call) for call in calls]
    with ThreadPoolExecutor(max_workers=min(connections, len(calls)), thread_name_prefix="courier") as pool:
        return list(pool.map(one, calls))


def record(session: Session, results: Sequence[tuple[Call, Outcome]], now: datetime) -> None:
    """What the relay said is noted: sent, to be tried again, or failed with somebody told."""
    settled: list[Delivery] = []
    noted: list[Delivery] = []
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
                if call.attempt > 1:
                    _said_now(session, delivery, now)
            case NotSent():
                if not _again(session, delivery, outcome, now):
                    settled.append(delivery)
            case _:
                assert_never(outcome)
        if outcome is not None:
            noted.append(delivery)
    _settle(session, settled)
    _count(session, noted, queued="again")
    session.flush()


def pause_after(attempt: int, delivery_id: int) -> timedelta:
    """How long after the `attempt`th try the next one comes: doubling, with up to a fifth more or less by its id."""
    nominal = min(FIRST_PAUSE * (1 << min(attempt - 1, 10)), LONGEST_PAUSE)
    digest = hashlib.sha256(f"{delivery_id} {attempt}".encode()).digest()
    share: float = 0.8 + 0.4 * int.from_bytes(digest[:4], "big") / 2**32
    return nominal * share


def gives_up_after(attempt: int) -> bool:
    """Whether the pauses before this try add up to all our patience."""
    waited = sum((min(FIRST_PAUSE * (1 << min(n, 10)), LONGEST_PAUSE) for n in range(attempt - 1)), timedelta())
    return waited >= PATIENCE


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
    _unsay(session, delivery)
    if delivery.message_class == "answer" and delivery.internet_message_id is None:
        ask_a_person(session, delivery, says, now)


def _unsay(session: Session, delivery: Delivery) -> None:
    """A letter that never arrived was never said: it neither asks anything nor counts against a cap."""
    if delivery.internet_message_id is not None and CLASSES[delivery.message_class].list_unsubscribe:
        session.execute(delete(Question).where(Question.delivery_id == delivery.id))
        session.execute(delete(Message).where(Message.delivery_id == delivery.id, Message.kind == "journey"))


def _said(
    session: Session, delivery: Delivery, mail: Written, material: Material, now: datetime
) -> list[Message | Question]:
    """What the timeline gains with the first try: a letter and the question it asks. An answer stands there already."""
    row = CLASSES[delivery.message_class]
    if delivery.message_class == "answer":
        session.execute(
            update(Message)
            .where(Message.delivery_id == delivery.id, Message.kind == "out")
            .values(internet_message_id=mail.message_id, subject=mail.subject[:400])
        )
    if not row.list_unsubscribe or delivery.member_id is None:
        return []
    compiled = material.compiled[delivery.template_version_id or 0]
    rows: list[Message | Question] = [
        Message(
            id=new_id(),
            created_at=now,
            at=now,
            member_id=delivery.member_id,
            kind="journey",
            channel=delivery.channel,
            author_id=mail.author_id,
            author_name=mail.author_name[:200],
            subject=mail.subject[:400],
            text=mail.text,
            folded=[],
            attachments=[],
            delivery_id=delivery.id,
            internet_message_id=mail.message_id,
            detail={"class": delivery.message_class, "speaks": compiled.speaks, "counts": row.weekly_cap},
        )
    ]
    step = material.steps.get(delivery.id)
    if isinstance(step, Ask) and delivery.enrollment_id is not None:
        rows.append(
            Question(
                id=new_id(),
                created_at=now,
                member_id=delivery.member_id,
                kind=str(step.question.kind),
                subject_kind="enrollment",
                subject_id=delivery.enrollment_id,
                step=step.id,
                answers=[
                    {
                        "name": answer.name,
                        "label": answer.label_in(base_language(compiled.language)),
                        "words": list(answer.words_in(base_language(compiled.language))),
                    }
                    for answer in step.question.answers
                ],
                delivery_id=delivery.id,
                until_at=now + step.timeout,
            )
        )
    return rows


def _said_now(session: Session, delivery: Delivery, now: datetime) -> None:
    """A letter that left at a later try was said then."""
    session.execute(update(Message).where(Message.delivery_id == delivery.id, Message.kind == "journey").values(at=now))


def _with_this_batch(facts: Facts, begun: Sequence[Letter]) -> Facts:
    """The facts with the letters to the same member that this batch allowed before."""
    return replace(facts, letters=(*facts.letters, *begun)) if begun else facts


def _count(session: Session, deliveries: Sequence[Delivery], queued: str = "put_off") -> None:
    """What became of these is counted once it is committed; of those still queued, as `queued`."""
    if not deliveries:
        return
    became = Counter(
        (each.message_class, each.channel, queued if each.state == "queued" else each.state) for each in deliveries
    )

    def count() -> None:
        for labels, many in became.items():
            DELIVERIES.labels(*labels).inc(many)

    after_commit(session, count)


def _settle(session: Session, deliveries: Sequence[Delivery]) -> None:
    queue.remove(session, deliveries)
    held.settle_held(
        session,
        [each.id for each in deliveries],
        list({each.member_id for each in deliveries if each.member_id is not None}),
    )
