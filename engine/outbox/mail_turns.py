"""Mail turns: of the letters that the gate lets go, those whose turn it is, at their mail host and in a warm-up."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.outbox import mail_pace, queue, warm_up
from engine.outbox.brakes import note_trouble
from engine.outbox.classes import CLASSES, PROMPT
from engine.outbox.delivery import AnyDelivery, Delivery, Taken
from engine.outbox.mail_domains import hosts_of
from engine.outbox.mail_hosts import domain_of
from engine.outbox.mail_tally import count_mail
from engine.outbox.material import Material
from engine.outbox.said import bare_code

#: Should a day's row be gone between two looks.
_SOON = timedelta(minutes=1)


def whose_turn(session: Session, allowed: Sequence[Taken], material: Material, now: datetime) -> list[Taken]:
    """Those that leave now. The others are in their queue again, each at its own moment, and say why.

    What somebody waits for always leaves. A letter that a relay refused for now is counted in the warm-up once.
    """
    goes_to = {each.id: material.goes_to(each) or "" for each in allowed}
    hosts = hosts_of(session, goes_to.values(), now)
    wishes = [
        mail_pace.Wish(each.id, hosts[domain_of(goes_to[each.id])], each.message_class in PROMPT) for each in allowed
    ]
    waits = mail_pace.turns(session, wishes, now)
    going = [each for each in allowed if each.id not in waits]
    put_off = {row_id: (wait.until, wait.reason) for row_id, wait in waits.items()}
    fresh = [each for each in going if _is_counted(each)]
    over = fresh[warm_up.take(session, len(fresh), now) :]
    if over:
        day = warm_up.row_of(session, now)
        until = (day.ends_at, warm_up.said(day)) if day is not None else (now + _SOON, "")
        put_off |= {each.id: until for each in over}
    _put_off(session, put_off, now)
    return [each for each in going if each.id not in put_off]


def untried(session: Session, deliveries: Collection[AnyDelivery], now: datetime) -> None:
    """Nobody was asked to take these, whose turn it was: whatever counted them counts them at their next try."""
    warm_up.give_back(session, sum(map(_is_counted, deliveries)), now)


def note_mail(
    session: Session,
    sent: Collection[AnyDelivery],
    put_off: Collection[Delivery],
    lost: Collection[Delivery],
    now: datetime,
) -> None:
    """The relay took some letters; others their readers' hosts refuse for now, or for good because of their address.

    A host that asked for less gets less from now on, from every courier.
    """
    count_mail(session, "sent", sent, now)
    slower = [each for each in put_off if mail_pace.asks_for_less(bare_code(each))]
    if slower:
        count_mail(session, "put_off", slower, now)
        hosts = hosts_of(session, [each.to_address or "" for each in slower], now)
        said = {hosts[domain_of(each.to_address or "")]: each.error_says or bare_code(each) for each in slower}
        mail_pace.learn(session, said, now)
    if lost:
        note_trouble(session, "bounced", lost, now)


def _is_counted(delivery: AnyDelivery) -> bool:
    """Whether its next try is counted in a warm-up."""
    return CLASSES[delivery.message_class].to_many and delivery.attempts == 0


def _put_off(session: Session, until: Mapping[int, tuple[datetime, str]], now: datetime) -> None:
    """Each of these is in its queue again, until then and for that reason."""
    for row_id, delivery in queue.rows(session, list(until)).items():
        when, why = until[row_id]
        delivery.state, delivery.state_at, delivery.refusal = "queued", now, why[:300] or None
        queue.move(session, delivery, when)
