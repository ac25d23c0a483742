"""Claim: due deliveries of one channel, judged by the gate in the very transaction that takes them (law 6)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.asking import ManyAsked, among
from engine.base.db import after_commit, one_member_at_a_time, table_of
from engine.base.metrics import DELIVERIES
from engine.base.settings import Settings
from engine.outbox import held, queue
from engine.outbox.classes import CLASSES
from engine.outbox.closed import open_days, ranks_closed
from engine.outbox.delivery import AnyDelivery, Delivery, Taken
from engine.outbox.gate import Allow, Facts, Letter, Limits, Refuse, WaitUntil, judge, with_those_leaving
from engine.outbox.mail_turns import whose_turn
from engine.outbox.material import Material, read_facts, read_material
from engine.outbox.said import UNSURE, unsay
from engine.outbox.trouble import ask_a_person
from engine.people.consent import Channel

_DELIVERY = table_of(Delivery)
_CLAIMED = ManyAsked(
    lambda among: (
        select(_DELIVERY.c.id)
        .where(among(_DELIVERY.c.id), _DELIVERY.c.state == "claimed")
        .order_by(_DELIVERY.c.id)
        .with_for_update()
    )
)
#: Of these nothing leaves, whatever stands in the queue.
_OVER = ("sent", "failed", "refused")


@dataclass(frozen=True, slots=True)
class Claim:
    """What one courier has taken, with all it needs to write it."""

    deliveries: tuple[Taken, ...]
    material: Material
    #: Rows the queue gave, allowed or not.
    seen: int
    #: When they were claimed.
    at: datetime
    #: Texts that may have left already: nothing is sent before the provider was asked.
    unsure: tuple[Taken, ...] = ()


def claim_due(
    session: Session, settings: Settings, now: datetime, limit: int, channel: Channel, shut: WaitUntil | None = None
) -> Claim:
    """Due deliveries that the gate allows are this courier's; the others are put off or refused, with the reason.

    `shut`: no way leads out just now, and what the gate would allow waits.
    """
    open_days(session, settings, channel, now)
    due = queue.take(session, now, limit, channel, ranks_closed(session, channel, now))
    if over := [each for each in due if each.state in _OVER]:
        # A second place of what is over by now: whoever moved it did not see that a courier had it.
        queue.remove(session, over)
        due = [each for each in due if each.state not in _OVER]
    unsure = [each for each in due if channel == "sms" and each.state in ("calling", "unsure")]
    taken = [each for each in due if channel != "sms" or each.state not in ("calling", "unsure")]
    queue.lease(session, unsure)
    if not taken:
        return Claim((), Material(), len(due), now, tuple(unsure))
    _note_crashes(session, [each.id for each in taken if each.state == "calling"])
    limits = limits_of(settings)
    # Two couriers with letters to one member count one after the other, so that no cap is passed by one.
    one_member_at_a_time(
        session,
        {each.member_id for each in taken if each.member_id is not None and CLASSES[each.message_class].weekly_cap},
    )
    material = read_material(session, taken, now, settings.mail)
    facts = read_facts(session, taken, material, now, settings.sms, settings.organization.zone)
    allowed: list[Taken] = []
    others: dict[int, WaitUntil | Refuse] = {}
    late: set[int] = set()
    begun: dict[int, list[Letter]] = {}
    for delivery in taken:
        known = _with_this_batch(facts[delivery.id], begun.get(delivery.member_id or 0, []))
        verdict = judge(known, limits, now)
        if shut is not None and isinstance(verdict, Allow):
            verdict = shut
            late.add(delivery.id)
        if not isinstance(verdict, Allow):
            others[delivery.id] = verdict
            continue
        allowed.append(delivery)
        if known.message_class.weekly_cap and delivery.member_id is not None:
            letter = Letter(now, known.speaks, known.channel, delivery.id)
            begun.setdefault(delivery.member_id, []).append(letter)
    _stay(session, others, late, now)
    _claim(session, allowed, channel, now)
    going = whose_turn(session, allowed, material, now) if channel == "email" else allowed
    goes = {each.id for each in going}
    count(session, [each for each in allowed if each.id not in goes], became="put_off")
    queue.lease(session, going)
    session.flush()
    return Claim(tuple(going), material, len(due), now, tuple(unsure))


def _note_crashes(session: Session, ids: Sequence[int]) -> None:
    """The couriers of these died while the relay was called. Whatever the next try brings, this one may have left."""
    if ids:
        said = {"error_code": f"{UNSURE} crash"}
        session.connection().execute(update(_DELIVERY).where(among(session, _DELIVERY.c.id, ids)), said)


def _stay(session: Session, verdicts: Mapping[int, WaitUntil | Refuse], late: Collection[int], now: datetime) -> None:
    """What the gate did not let go is put off or refused, with the reason.

    `late`: what it would have let go, had the way been open; from here on it is late.
    """
    rows, refused = queue.rows(session, list(verdicts)), list[Delivery]()
    for delivery_id, delivery in rows.items():
        verdict = verdicts[delivery_id]
        if delivery_id in late:
            delivery.tried_since = delivery.tried_since or now
        match verdict:
            case WaitUntil(when=when, reason=reason):
                delivery.state, delivery.state_at, delivery.refusal = "queued", now, reason
                if verdict.held:
                    held.hold(session, delivery, when, now)
                else:
                    held.over(session, delivery)
                    queue.move(session, delivery, when)
            case Refuse(reason=reason):
                unsay(session, delivery, now)
                delivery.state, delivery.state_at, delivery.refusal = "refused", now, reason
                refused.append(delivery)
                if delivery.message_class == "answer" or verdict.ask:
                    ask_a_person(session, delivery, reason, now)
            case _:
                assert_never(verdict)
    settle(session, refused)
    count(session, list(rows.values()))


def _claim(session: Session, allowed: Sequence[Taken], channel: Channel, now: datetime) -> None:
    """These are claimed, in one statement for all of them."""
    if not allowed:
        return
    values: dict[str, Any] = {"state": "claimed", "state_at": now}
    if channel == "email":
        # A text that waited for its turn still says so, which tells the pace that it did.
        values["refusal"] = None
    session.connection().execute(
        update(_DELIVERY).where(among(session, _DELIVERY.c.id, [each.id for each in allowed])), values
    )


def still_claimed(session: Session, deliveries: Sequence[AnyDelivery]) -> frozenset[int]:
    """Which of these stand as their courier left them when it claimed them; nobody changes that until this commits.

    Between the claim and the call lies the writing of a whole batch, and a machine may sleep in it: when the lease ran
    out another courier has sent them. Or somebody left or was forgotten, or it turned out that a letter had arrived.
    """
    return frozenset(row_id for (row_id,) in _CLAIMED.rows(session, [each.id for each in deliveries]))


def limits_of(settings: Settings) -> Limits:
    """The limits that this installation's couriers judge by."""
    sending = settings.sending
    by = {"email": sending.mails_per_week, "sms": sending.texts_per_week}
    return Limits(
        sending.letters_per_week,
        sending.asks_per_month,
        timedelta(hours=settings.conversations.stale_after_hours),
        {channel: cap for channel, cap in by.items() if cap is not None},
    )


def settle(session: Session, deliveries: Sequence[AnyDelivery]) -> None:
    """Nobody waits for these deliveries any more."""
    queue.remove(session, deliveries)
    held.settle_held(
        session,
        [each.id for each in deliveries],
        list({each.member_id for each in deliveries if each.member_id is not None}),
    )


def count(session: Session, deliveries: Sequence[AnyDelivery], queued: str = "put_off", became: str = "") -> None:
    """What became of these is counted once it is committed; of those still queued, as `queued`.

    `became` says it of all, whose rows were written past them.
    """
    if not deliveries:
        return
    counted = Counter(
        (each.message_class, each.channel, became or (queued if each.state == "queued" else each.state))
        for each in deliveries
    )

    def count() -> None:
        for labels, many in counted.items():
            DELIVERIES.labels(*labels).inc(many)

    after_commit(session, count)


def _with_this_batch(facts: Facts, begun: Sequence[Letter]) -> Facts:
    """The facts with the letters to the same member that this batch allowed before."""
    return replace(facts, letters=with_those_leaving(facts.letters, begun)) if begun else facts
