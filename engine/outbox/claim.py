"""Claim: due deliveries of one channel, judged by the gate in the very transaction that takes them (law 6)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.base.asking import among
from engine.base.db import after_commit, one_member_at_a_time, table_of
from engine.base.metrics import DELIVERIES
from engine.base.settings import Settings
from engine.outbox import held, queue
from engine.outbox.classes import CLASSES
from engine.outbox.closed import open_days, ranks_closed
from engine.outbox.delivery import Delivery
from engine.outbox.gate import Allow, Facts, Letter, Limits, Refuse, WaitUntil, judge, with_those_leaving
from engine.outbox.mail_turns import whose_turn
from engine.outbox.material import Material, read_facts, read_material
from engine.outbox.said import UNSURE, unsay
from engine.outbox.trouble import ask_a_person
from engine.people.consent import Channel


@dataclass(frozen=True, slots=True)
class Claim:
    """What one courier has taken, with all it needs to write it."""

    deliveries: tuple[Delivery, ...]
    material: Material
    #: Rows the queue gave, allowed or not.
    seen: int
    #: Texts that may have left already: nothing is sent before the provider was asked.
    unsure: tuple[Delivery, ...] = ()


def claim_due(
    session: Session, settings: Settings, now: datetime, limit: int, channel: Channel, shut: WaitUntil | None = None
) -> Claim:
    """Due deliveries that the gate allows are this courier's; the others are put off or refused, with the reason.

    `shut`: no way leads out just now, and what the gate would allow waits.
    """
    open_days(session, settings, channel, now)
    due = queue.take(session, now, limit, channel, ranks_closed(session, channel, now))
    unsure = [each for each in due if channel == "sms" and each.state in ("calling", "unsure")]
    taken = [each for each in due if channel != "sms" or each.state not in ("calling", "unsure")]
    queue.lease(session, unsure)
    for each in taken:
        if each.state == "calling":
            # Its courier died while the relay was called. Whatever the next try brings, this one may have left.
            each.error_code = f"{UNSURE} crash"
    if not taken:
        session.flush()
        return Claim((), Material(), len(due), tuple(unsure))
    limits = limits_of(settings)
    # Two couriers with letters to one member count one after the other, so that no cap is passed by one.
    one_member_at_a_time(
        session,
        {each.member_id for each in taken if each.member_id is not None and CLASSES[each.message_class].weekly_cap},
    )
    material = read_material(session, taken, now, settings.mail)
    facts = read_facts(session, taken, material, now, settings.sms, settings.organization.zone)
    allowed: list[Delivery] = []
    settled: list[Delivery] = []
    begun: dict[int, list[Letter]] = {}
    for delivery in taken:
        known = _with_this_batch(facts[delivery.id], begun.get(delivery.member_id or 0, []))
        verdict = judge(known, limits, now)
        if shut is not None and isinstance(verdict, Allow):
            verdict = shut
            # From here on it is late: it could have left, had the way been open.
            delivery.tried_since = delivery.tried_since or now
        match verdict:
            case Allow():
                allowed.append(delivery)
                if known.message_class.weekly_cap and delivery.member_id is not None:
                    letter = Letter(now, known.speaks, known.channel, delivery.id)
                    begun.setdefault(delivery.member_id, []).append(letter)
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
                settled.append(delivery)
                if delivery.message_class == "answer" or verdict.ask:
                    ask_a_person(session, delivery, reason, now)
            case _:
                assert_never(verdict)
    _claim(session, allowed, channel, now)
    if channel == "email":
        allowed = whose_turn(session, allowed, material, now)
    queue.lease(session, allowed)
    settle(session, settled)
    count(session, [each for each in taken if each.state != "claimed"])
    session.flush()
    return Claim(tuple(allowed), material, len(due), tuple(unsure))


def _claim(session: Session, allowed: Sequence[Delivery], channel: Channel, now: datetime) -> None:
    """These are claimed, in one statement for all of them; their objects say so too."""
    if not allowed:
        return
    values: dict[str, Any] = {"state": "claimed", "state_at": now}
    if channel == "email":
        # A text that waited for its turn still says so, which tells the pace that it did.
        values["refusal"] = None
    table = table_of(Delivery)
    session.connection().execute(update(table).where(among(session, table.c.id, [each.id for each in allowed])), values)
    for delivery in allowed:
        for name, value in values.items():
            set_committed_value(delivery, name, value)


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


def settle(session: Session, deliveries: Sequence[Delivery]) -> None:
    """Nobody waits for these deliveries any more."""
    queue.remove(session, deliveries)
    held.settle_held(
        session,
        [each.id for each in deliveries],
        list({each.member_id for each in deliveries if each.member_id is not None}),
    )


def count(session: Session, deliveries: Sequence[Delivery], queued: str = "put_off", became: str = "") -> None:
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
