"""Unsure: texts whose call ended without an answer, or in a crash. The provider is asked before anything is sent again.

Found once at the provider: it was sent. Absent for ten minutes after the call: it was not, and is sent again. Found
twice, or nobody to ask until our patience ends: a person decides, for a second text is worse than a late one. A status
callback at the text's own address settles it too, whenever it comes (law 5).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import ProviderAway
from engine.base.log import logger
from engine.base.services import NotSent, ProviderText, Services
from engine.conversations.task import give_task
from engine.conversations.thread import Thread
from engine.outbox import breaker, queue
from engine.outbox.claim import count, settle
from engine.outbox.delivery import AnyDelivery, Delivery, Receipt
from engine.outbox.said import ABSENT, UNSURE, said_now
from engine.outbox.tries import PATIENCE_WITH_TEXTS
from engine.outbox.trouble import LOOK_WITHIN, called_in
from engine.people.member import Member

#: How soon after the call the provider is asked, and how long it may take to show a text that it has.
ASK_AFTER, ABSENT_AFTER = timedelta(seconds=20), timedelta(minutes=10)
#: The provider's clock and ours may differ by so much.
CLOCKS = timedelta(minutes=2)

log = logger(__name__)


def wonder(session: Session, delivery: Delivery, reason: NotSent, now: datetime) -> None:
    """It is not known whether the text left: the provider is asked soon. `state_at` stays the time of the call."""
    delivery.state = "unsure"
    delivery.error_code, delivery.error_says = f"{UNSURE} {reason.code}"[:40], reason.says[:400]
    queue.move(session, delivery, now + ASK_AFTER)


def settle_unsure(services: Services, deliveries: Sequence[AnyDelivery]) -> None:
    """Each of these texts is known to have left, or not to have; or is asked about again later; or is a person's."""
    if not deliveries or services.texts is None:
        return
    texts = services.texts

    def ask(delivery: AnyDelivery) -> list[ProviderText] | None:
        try:
            return texts.sent_since(delivery.to_address or "", delivery.our_number or "", delivery.state_at - CLOCKS)
        except ProviderAway as away:
            log.warning("the provider could not be asked about a text", delivery_id=delivery.id, says=str(away))
            return None

    with ThreadPoolExecutor(max_workers=max(1, min(services.settings.sms.connections, len(deliveries)))) as pool:
        answers = list(pool.map(ask, deliveries))
    now = services.clock.now()
    with services.db.write() as session:
        judge_unsure(session, list(zip(deliveries, answers, strict=True)), now)
        breaker.note(session, [answer is not None for answer in answers], "It could not be asked about texts.", now)


def judge_unsure(
    session: Session, asked: Sequence[tuple[AnyDelivery, list[ProviderText] | None]], now: datetime
) -> None:
    """What the provider knows of each text decides; None: it could not be asked."""
    settled: list[Delivery] = []
    known = _others(session, [text.sid for _, found in asked for text in found or ()])
    over = _came_to_an_end(session, [delivery.id for delivery, _ in asked])
    for detached, found in asked:
        query = select(Delivery).where(Delivery.id == detached.id).with_for_update()
        delivery = session.scalar(query.execution_options(populate_existing=True))
        if delivery is None or delivery.state not in ("calling", "unsure"):
            continue
        called_at = delivery.state_at
        if delivery.state == "calling":
            delivery.state, delivery.error_code = "unsure", f"{UNSURE} crash"
            delivery.error_says = "We ended while the provider was called; it may have the text."
        if found is None:
            if now - called_at < PATIENCE_WITH_TEXTS:
                queue.move(session, delivery, now + timedelta(minutes=1))
            else:
                _ask_a_person(session, delivery, "The provider could not be asked whether it was sent.", now)
                settled.append(delivery)
            continue
        alike = [text for text in found if text.body == delivery.body]
        same = [text for text in alike if text.sid not in over and known.get(text.sid, delivery.id) == delivery.id]
        match len(same):
            case 1:
                _was_sent(session, delivery, same[0])
                known[same[0].sid] = delivery.id
                settled.append(delivery)
            case 0 if now - called_at >= ABSENT_AFTER:
                delivery.state, delivery.state_at, delivery.refusal = "queued", now, None
                delivery.error_code, delivery.error_says = ABSENT, "The provider does not have it; it is sent again."
                delivery.tried_since = delivery.tried_since or called_at
                queue.move(session, delivery, now)
            case 0:
                queue.move(session, delivery, min(now + timedelta(minutes=2), called_at + ABSENT_AFTER))
            case many:
                _ask_a_person(session, delivery, f"The provider has {many} texts with these words.", now)
                settled.append(delivery)
    settle(session, settled)
    count(session, settled)
    session.flush()


def _was_sent(session: Session, delivery: Delivery, text: ProviderText) -> None:
    delivery.state, delivery.state_at, delivery.sent_at = "sent", text.created_at, text.created_at
    delivery.provider_id, delivery.provider_status = text.sid, "queued"
    delivery.error_code, delivery.error_says = None, None
    if delivery.attempts > 1:
        said_now(session, delivery, text.created_at)


def _others(session: Session, sids: Sequence[str]) -> dict[str, int]:
    """Which of these texts are known to be which delivery."""
    if not sids:
        return {}
    rows = session.execute(
        select(Delivery.provider_id, Delivery.id).where(
            Delivery.channel == "sms", Delivery.provider_id.is_not(None), Delivery.provider_id.in_(sids)
        )
    )
    return {str(sid): row_id for sid, row_id in rows}


def _came_to_an_end(session: Session, delivery_ids: Sequence[int]) -> frozenset[str]:
    """The sids of earlier tries of these deliveries that the provider has told the end of: none is the one in doubt."""
    keys = session.scalars(select(Receipt.provider_key).where(Receipt.delivery_id.in_(delivery_ids)))
    return frozenset(key.rpartition(":")[0] for key in keys)


def _ask_a_person(session: Session, delivery: Delivery, says: str, now: datetime) -> None:
    """Whoever must decide whether it is sent again has the task to."""
    member = session.get(Member, delivery.member_id) if delivery.member_id is not None else None
    thread = session.get(Thread, delivery.thread_id) if delivery.thread_id is not None else None
    called = called_in(member, thread)
    is_answer = delivery.message_class == "answer"
    give_task(
        session,
        f"Did our text to {called} arrive?",
        now + LOOK_WITHIN,
        now,
        script=(
            f"We do not know whether this text was sent: “{(delivery.body or '')[:300]}”. {says} It is not sent "
            "again by itself, for two are worse than none. If they do not seem to have it, write to them."
        ),
        member_id=delivery.member_id,
        chapter_id=delivery.chapter_id,
        thread_id=delivery.thread_id,
        assignee_id=delivery.author_id if is_answer else (member.organizer_id if member else None),
        detail={"why": "unsure", "delivery_id": delivery.id},
    )
    log.warning("whether a text was sent is a person's to find out", delivery_id=delivery.id, says=says)
