"""The courier of texts, in the same three transactions as mail: claim, calling, record.

claim    takes due texts, asks the gate, and settles by which number of ours each phone hears us.
calling  reserves each text's moment at its number, and is committed before the provider is called.
record   notes what the provider said. Between them no transaction is open.

A text found in `calling` after a crash, or whose call ended without an answer, is never sent again on a guess: `unsure`
asks the provider first.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.clock import Clock
from engine.base.log import logger
from engine.base.services import NotSent, NumberFacts, OutgoingText, Sent, Services, TextChannel
from engine.channels.sms_failures import breaks, row_of
from engine.outbox import breaker, pace, queue, text_day, unsure
from engine.outbox.claim import Claim, claim_due, count, settle, still_claimed
from engine.outbox.classes import CLASSES, Window
from engine.outbox.delivery import Delivery, Taken
from engine.outbox.gate import WaitUntil
from engine.outbox.letter import Unwritable
from engine.outbox.line import TextLine
from engine.outbox.look_up import look_up, note_look_ups, to_look_up
from engine.outbox.press import Press, press
from engine.outbox.said import Said, Words, enter, said, said_anew, said_now, unsay
from engine.outbox.sending_pause import open_pause
from engine.outbox.signing import names_taken_back
from engine.outbox.text import WrittenText, is_cheaper_as_mms, outgoing, status_url, write_text
from engine.outbox.text_facts import stopped_since
from engine.outbox.text_lines import lines_for, lines_of
from engine.outbox.text_trouble import follow
from engine.outbox.tries import pause_after
from engine.outbox.trouble import ask_a_person

#: Wall seconds of one batch in which calls may begin; moments are reserved for less than that ahead.
BATCH_SECONDS = 3.0
#: How often texts are judged again while no way leads out.
SHUT_FOR = timedelta(minutes=2)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One text about to be handed over, at its moment."""

    delivery: Delivery
    written: WrittenText
    text: OutgoingText
    attempt: int
    moment: datetime
    #: Segments that were counted of the brand's day.
    counted: int = 0


Outcome = Sent | NotSent | None


def send_due_texts(services: Services, *, limit: int = 100) -> int:
    """At most `limit` due texts are settled or put off; returns how many the queue gave."""
    with_ = press(services.settings, services.tokens)
    now = services.clock.now()
    with services.db.write() as session:
        shut = _shut(session, services, now)
        many = limit if shut is not None else breaker.lets_through(session, now, limit)
        claimed = claim_due(session, services.settings, now, many, "sms", shut)
        lines = _lines(session, claimed, with_, now)
    if services.texts is not None and (claimed.deliveries or claimed.unsure):
        with queue.leased_on(services.db, (*claimed.deliveries, *claimed.unsure)):
            unsure.settle_unsure(services, claimed.unsure)
            if claimed.deliveries:
                _carry(services, services.texts, claimed, lines, with_, now)
    return claimed.seen


def _shut(session: Session, services: Services, now: datetime) -> WaitUntil | None:
    """Why nothing may leave just now."""
    if services.texts is None:
        return WaitUntil(now + SHUT_FOR, "Texts are not set up here: [sms] in the settings is empty.")
    if breaker.is_shut(session, now):
        return WaitUntil(now + SHUT_FOR, "The provider of texts takes none just now; the page Health says why.")
    return None


def _lines(session: Session, claimed: Claim, with_: Press, now: datetime) -> dict[str, TextLine]:
    wanted = []
    for each in claimed.deliveries:
        phone, chapter = claimed.material.goes_to(each), claimed.material.chapters.get(each.chapter_id or 0)
        if phone is not None:
            wanted.append((phone, each.our_number, chapter.slug if chapter else None))
    return lines_for(session, wanted, with_.settings.sms, now)


def _carry(
    services: Services,
    texts: TextChannel,
    claimed: Claim,
    lines: Mapping[str, TextLine],
    with_: Press,
    now: datetime,
) -> None:
    """What was claimed was handed over, and what came of it is noted."""
    sms = services.settings.sms
    phones = to_look_up(claimed.deliveries, claimed.material, now) if sms.look_ups else []
    looked_up = look_up(texts, phones, sms.connections)
    written = written_texts(claimed, lines, with_, now)
    now = services.clock.now()
    with services.db.write() as session:
        calls = calling(session, written, looked_up, lines, claimed, with_, now)
    outcomes = hand_over(texts, calls, sms.connections, services.clock)
    now = services.clock.now()
    with services.db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), now)


def written_texts(
    claimed: Claim, lines: Mapping[str, TextLine], with_: Press, now: datetime
) -> list[tuple[Taken, WrittenText | Unwritable]]:
    """Each delivery as a text, or why not; whatever breaks in the writing of one stops no other."""
    found: list[tuple[Taken, WrittenText | Unwritable]] = []
    introduced: set[str] = set()
    for each in claimed.deliveries:
        phone = claimed.material.goes_to(each) or ""
        line = lines.get(phone)
        is_first = phone not in introduced and (line is None or line.introduced_at is None)
        text: WrittenText | Unwritable
        try:
            text = write_text(each, claimed.material, with_, now, is_first=is_first)
        except Exception as error:
            log.exception("a text broke while it was written", delivery_id=each.id)
            text = Unwritable("broken", f"It broke while it was written ({type(error).__name__}).")
        if isinstance(text, WrittenText) and text.introduces:
            introduced.add(phone)
        found.append((each, text))
    return found


def calling(
    session: Session,
    written: Sequence[tuple[Taken, WrittenText | Unwritable]],
    looked_up: Mapping[str, NumberFacts],
    lines: Mapping[str, TextLine],
    claimed: Claim,
    with_: Press,
    now: datetime,
) -> list[Call]:
    """It stands written that these texts are about to be handed over, each at its own moment.

    What could not be written has failed; what has no turn yet, was found to be a landline, or was stopped meanwhile, is
    in its queue again. What is claimed no more is left to whoever has it: a second text is worse than none.
    """
    ours = still_claimed(session, [row for row, _ in written])
    written = [each for each in written if each[0].id in ours]
    sms, public_url = with_.settings.sms, with_.settings.doors.public_url
    useless = note_look_ups(session, looked_up, now)
    texts = [(row, text.to_address) for row, text in written if isinstance(text, WrittenText)]
    stopped = stopped_since(session, texts, claimed.at)
    taken_back = names_taken_back(
        session, [(row, text.author_id) for row, text in written if isinstance(text, WrittenText) and row.body is None]
    )
    paused = open_pause(session) is not None
    failed: list[Delivery] = []
    put_back: list[Delivery] = []
    ready: list[tuple[Delivery, WrittenText, str]] = []
    known = queue.rows(session, [row.id for row, _ in written])
    for taken_row, text in written:
        delivery = known[taken_row.id]
        line = lines.get(text.to_address) if isinstance(text, WrittenText) else None
        if isinstance(text, Unwritable) or line is None:
            says = text if isinstance(text, Unwritable) else Unwritable("number", "No number of ours is set.")
            _fail(session, delivery, says.code, says.says, now)
            failed.append(delivery)
            log.warning("a text could not be written", delivery_id=delivery.id, says=says.says)
        elif (
            text.to_address in useless
            or delivery.id in stopped
            or delivery.id in taken_back
            or (paused and not delivery.tells_of_pause)
        ):
            # Judged anew, with what is known now: another phone of theirs, or none, a stop, a name taken back.
            _put_back(session, delivery, delivery.refusal, delivery.send_at, now)
            put_back.append(delivery)
        else:
            ready.append((delivery, text, line.our_number))
    wishes = [_wish(*each, with_) for each in ready]
    turns = pace.reserve(session, wishes, sms.per_second, now, sms.per_minute)
    wanted = [
        text_day.Wanted(wish.key, wish.segments, wish.may_wait, turns[wish.key].at)
        for wish in wishes
        if turns[wish.key].granted
    ]
    tomorrow = text_day.admit(session, wanted, sms, now)
    calls: list[Call] = []
    rows: list[Said] = []
    for delivery, text, our_number in ready:
        turn = turns[delivery.id]
        if not turn.granted:
            _put_back(session, delivery, pace.WAITS, turn.at, now)
            put_back.append(delivery)
            continue
        if delivery.id in tomorrow:
            _put_back(session, delivery, text_day.TOMORROW, tomorrow[delivery.id], now)
            put_back.append(delivery)
            continue
        first, said_before = delivery.body is None, delivery.body
        delivery.state, delivery.state_at, delivery.attempts = "calling", now, delivery.attempts + 1
        delivery.refusal, delivery.provider_id, delivery.provider_status = None, None, None
        delivery.to_address, delivery.our_number, delivery.author_id = text.to_address, our_number, text.author_id
        delivery.body, delivery.segments = text.body, text.length.segments
        words = Words(text.body, text.author_id, text.author_name)
        if first:
            rows.append(said(session, delivery, words, claimed.material, now))
        elif said_before != text.body:
            said_anew(session, delivery, words)
        out = outgoing(delivery, text, our_number, sms, status_url(with_.tokens, public_url, delivery.id))
        counted = 1 if out.as_mms else text.length.segments
        calls.append(Call(delivery, text, out, delivery.attempts, turn.at, counted))
    enter(session, rows)
    settle(session, failed)
    count(session, [*failed, *put_back])
    session.flush()
    return sorted(calls, key=lambda call: call.moment)


def hand_over(texts: TextChannel, calls: Sequence[Call], connections: int, clock: Clock) -> list[Outcome]:
    """What the provider said to each text, in order; None for those whose moment passed. No transaction is open."""
    until = time.monotonic() + BATCH_SECONDS

    def one(call: Call) -> Outcome:
        if not pace.wait_for(call.moment, clock) or time.monotonic() > until:
            return None
        try:
            return texts.send(call.text)
        except Exception as error:
            log.exception("a text broke while it was handed over", delivery_id=call.delivery.id)
            says = f"It broke while it was handed over ({type(error).__name__})."
            return NotSent(permanent=False, code="broken", says=says, unknown=True)

    if not calls:
        return []
    with ThreadPoolExecutor(max_workers=max(1, min(connections, len(calls)))) as pool:
        return list(pool.map(one, calls))


def record(session: Session, results: Sequence[tuple[Call, Outcome]], now: datetime) -> None:
    """What the provider said is noted: taken, to be tried again, to be asked about, or failed with somebody told."""
    settled: list[Delivery] = []
    noted: list[Delivery] = []
    ids = [call.delivery.id for call, _ in results]
    query = select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id).with_for_update()
    known = {row.id: row for row in session.scalars(query)}
    for call, outcome in results:
        delivery = known.get(call.delivery.id)
        if delivery is None or delivery.state != "calling" or delivery.attempts != call.attempt:
            continue  # a status callback was quicker, or our lease ran out and another courier asks about it
        match outcome:
            case None:
                delivery.attempts = call.attempt - 1
                text_day.give_back(session, call.counted, call.moment)
                _put_back(session, delivery, pace.WAITS, delivery.send_at, now)
                continue
            case Sent(provider_id=sid):
                taken(session, delivery, sid, now)
                settled.append(delivery)
            case NotSent(unknown=True):
                unsure.wonder(session, delivery, outcome, now)
            case NotSent():
                if not _again(session, delivery, outcome, now):
                    settled.append(delivery)
            case _:
                assert_never(outcome)
        noted.append(delivery)
    _introduced(session, results, now)
    _watch(session, results, now)
    settle(session, settled)
    count(session, noted, queued="again")
    session.flush()


def taken(session: Session, delivery: Delivery, sid: str, now: datetime) -> None:
    """The provider has the text under this sid. Its place in the queue is the caller's to take away."""
    delivery.state, delivery.state_at, delivery.sent_at = "sent", now, now
    delivery.provider_id, delivery.provider_status = sid or None, delivery.provider_status or "queued"
    # `tried_since` stays: should the carrier lose it afterwards, our patience began with the first try.
    delivery.error_code, delivery.error_says = None, None
    if delivery.attempts > 1:
        said_now(session, delivery, now)


def _again(session: Session, delivery: Delivery, reason: NotSent, now: datetime) -> bool:
    """True when the text is tried again later; False when it has failed for good and whoever must know does.

    How long it is tried altogether is the gate's to say, so that a text never comes hours late.
    """
    delivery.error_code, delivery.error_says = reason.code[:40], reason.says[:400]
    rests = follow(session, delivery, reason.code, now)
    if not reason.permanent:
        delivery.tried_since = delivery.tried_since or delivery.state_at
        pause = reason.retry_after or pause_after(delivery.attempts, delivery.id)
        _put_back(session, delivery, reason.says[:300], now + pause, now)
        return True
    _fail(session, delivery, reason.code, reason.says, now)
    row = row_of(reason.code)
    if rests or delivery.message_class == "answer" or row is None or row.about == "message":
        ask_a_person(session, delivery, reason.says, now)
    return False


def _fail(session: Session, delivery: Delivery, code: str, says: str, now: datetime) -> None:
    delivery.state, delivery.state_at = "failed", now
    delivery.error_code, delivery.error_says = code[:40], says[:400]
    unsay(session, delivery, now)
    if delivery.message_class == "answer" and delivery.body is None:
        ask_a_person(session, delivery, says, now)


def _put_back(session: Session, delivery: Delivery, why: str | None, when: datetime, now: datetime) -> None:
    delivery.state, delivery.state_at, delivery.refusal = "queued", now, why
    queue.move(session, delivery, when)


def _wish(delivery: Delivery, text: WrittenText, our_number: str, with_: Press) -> pace.Wish:
    return pace.Wish(
        delivery.id,
        our_number,
        1 if is_cheaper_as_mms(text, with_.settings.sms) else text.length.segments,
        may_wait=CLASSES[delivery.message_class].window is Window.TEXTING_HOURS,
        has_waited=delivery.refusal == pace.WAITS,
    )


def _introduced(session: Session, results: Sequence[tuple[Call, Outcome]], now: datetime) -> None:
    """Phones that the provider took an introduction for know us now."""
    phones = {call.text.to for call, outcome in results if call.written.introduces and isinstance(outcome, Sent)}
    for line in lines_of(session, phones).values():
        line.introduced_at = line.introduced_at or now


def _watch(session: Session, results: Sequence[tuple[Call, Outcome]], now: datetime) -> None:
    """The breaker knows which calls were answered and which were not."""
    failures = [outcome for _, outcome in results if isinstance(outcome, NotSent) and breaks(outcome)]
    answered = [not (isinstance(outcome, NotSent) and breaks(outcome)) for _, outcome in results if outcome is not None]
    if answered:
        breaker.note(session, answered, failures[-1].says if failures else "", now)
