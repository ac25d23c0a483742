"""What the gate must know of what goes to many: the pace a member asked for, and their journey's pauses and hours."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.content.template import load_compiled
from engine.conversations.message import Message
from engine.enrollments.journey import Published
from engine.enrollments.pause import JourneyPause
from engine.enrollments.spread import place_in, spread_for
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import AnyDelivery, Delivery
from engine.outbox.gate import LOOK_BACK, Facts, Letter
from engine.people.member_pace import USUAL, paces
from engine.people.place import place_of
from engine.people.texting_hours import is_known, opens_at
from journeys.quiet import QuietHours
from journeys.vocabulary import Channels

if TYPE_CHECKING:
    from engine.outbox.material import Material

_MIDNIGHT = time(0)
#: How many messages that count against nothing are passed over on the way back to the last letter.
_MOST_UNCOUNTED = 5
#: In the statement itself, so that every plan for it may use the index of what is claimed.
_CLAIMED: ColumnElement[str] = literal_column("'claimed'")


def journey_facts(
    session: Session,
    deliveries: Sequence[AnyDelivery],
    facts: Mapping[int, Facts],
    material: "Material",
    now: datetime,
    home_zone: str,
) -> dict[int, Facts]:
    """The facts of these deliveries, with what only those have that go to many."""
    capped = [each for each in deliveries if CLASSES[each.message_class].weekly_cap]
    if not capped:
        return dict(facts)
    pace = paces(session, {each.member_id for each in capped if each.member_id is not None})
    pauses = _pauses(session, {version.journey_id for version in material.versions.values()}, now)
    found = dict(facts)
    for each in capped:
        known = found[each.id]
        if (wished := pace.get(each.member_id or 0, USUAL)) != known.pace:
            known = replace(known, pace=wished)
        version = material.versions.get(each.id)
        if version is not None:
            known = _of_journey(
                session, each, known, version, pauses.get(version.journey_id, ()), material, home_zone, now
            )
        found[each.id] = known
    return found


def quiet_of(version: Published | None, channel: str) -> QuietHours | None:
    """The journey's quiet hours for this channel."""
    quiet = version.script.quiet_hours if version is not None else None
    return quiet if quiet is not None and (channel == "sms" or quiet.channels is Channels.ALL) else None


def on_their_way(
    session: Session, member_ids: Collection[int], now: datetime, besides: Collection[int]
) -> dict[int, list[Letter]]:
    """Letters that another courier has claimed: not begun yet they are in no timeline, and count all the same.

    `besides`: what is judged now. Of a courier that died it may be claimed still, and would count twice.
    """
    found: dict[int, list[Letter]] = {}
    if not member_ids:
        return found
    rows = session.execute(
        select(
            Delivery.id, Delivery.member_id, Delivery.state_at, Delivery.template_version_id, Delivery.channel,
            Delivery.message_class,
        )
        .where(
            Delivery.state == _CLAIMED,
            among(session, Delivery.member_id, member_ids),
            Delivery.state_at > now - LOOK_BACK,
        )
    )  # fmt: skip
    for delivery_id, member_id, at, text, channel, message_class in rows:
        if member_id is None or delivery_id in besides or not CLASSES[message_class].weekly_cap:
            continue
        speaks = load_compiled(session, text).speaks if text is not None else ""
        found.setdefault(member_id, []).append(Letter(at, speaks, channel, delivery_id))
    return found


def known_to_have_left(session: Session, letters: Mapping[int, Sequence[Letter]]) -> dict[int, list[Letter]]:
    """These letters by member; `left` is False where it is not known: on its way, to be tried again, or given up so."""
    given = {each.delivery_id for had in letters.values() for each in had if each.speaks != "ask" and each.delivery_id}
    if not given:
        return {member_id: list(had) for member_id, had in letters.items()}
    open_ = set(
        session.scalars(select(Delivery.id).where(among(session, Delivery.id, given), Delivery.state != "sent"))
    )
    return {
        member_id: [replace(each, left=False) if each.delivery_id in open_ else each for each in had]
        for member_id, had in letters.items()
    }


def last_before(session: Session, member_ids: Collection[int], before: datetime) -> dict[int, Letter]:
    """The last letter that each of these members had by then: an ask left unanswered does not pass with the month."""
    if not member_ids:
        return {}
    newest_first = func.row_number().over(
        partition_by=Message.member_id, order_by=(Message.at.desc(), Message.id.desc())
    )
    # A few, because one that did not count may be the last.
    had = (
        select(Message.member_id, Message.at, Message.detail, Message.channel, newest_first.label("place"))
        .where(Message.member_id.in_(member_ids), Message.kind == "journey", Message.at <= before)
        .subquery()
    )
    rows = session.execute(
        select(had.c.member_id, had.c.at, had.c.detail, had.c.channel)
        .where(had.c.place <= _MOST_UNCOUNTED)
        .order_by(had.c.place)
    )
    found: dict[int, Letter] = {}
    for member_id, at, detail, channel in rows:
        if detail.get("counts", True):
            found.setdefault(member_id, Letter(at, str(detail.get("speaks", "")), channel))
    return found


def _of_journey(
    session: Session,
    delivery: AnyDelivery,
    known: Facts,
    version: Published,
    pauses: Sequence[tuple[datetime, datetime | None]],
    material: "Material",
    home_zone: str,
    now: datetime,
) -> Facts:
    paused_for = timedelta()
    for began, ended in pauses:
        if ended is not None and known.meant_for is not None:
            paused_for = max(paused_for, ended - max(began, known.meant_for))
    quiet = quiet_of(version, delivery.channel)
    opens = None
    if quiet is not None and delivery.channel == "email":
        opens = _mail_opens(session, delivery, quiet, version, material, home_zone, now)
    return replace(
        known,
        journey_paused=any(ended is None for _, ended in pauses),
        was_paused_for=paused_for,
        when_full=version.script.when_full,
        quiet=quiet,
        window_opens_at=opens,
    )


def _mail_opens(
    session: Session,
    delivery: AnyDelivery,
    quiet: QuietHours,
    version: Published,
    material: "Material",
    home_zone: str,
    now: datetime,
) -> datetime | None:
    """When the mail may arrive, each member at a place of their own where very many wait; None: now, or any time."""
    member = material.members.get(delivery.member_id or 0)
    chapter = material.chapters.get(delivery.chapter_id or 0)
    place = place_of(member.postal_code) if member is not None and not is_known(member.zone) else None
    names = (
        member.zone if member else None,
        place.zone if place else None,
        chapter.zone if chapter else None,
        home_zone,
    )
    zone = next((name for name in names if name and is_known(name)), "UTC")
    opens = opens_at([zone], _MIDNIGHT, None, now, quiet)
    if opens is None or opens <= now or delivery.member_id is None:
        return opens
    span = version.script.spread if version.script.spread is not None else spread_for(session, version.journey_id)
    later = opens + place_in(span, delivery.member_id, version.script.slug)
    return later if opens_at([zone], _MIDNIGHT, None, later, quiet) == later else opens


def _pauses(
    session: Session, journey_ids: Collection[int], now: datetime
) -> dict[int, list[tuple[datetime, datetime | None]]]:
    """From when until when these journeys were paused lately; until None: they are."""
    found: dict[int, list[tuple[datetime, datetime | None]]] = {}
    if journey_ids:
        rows = session.execute(
            select(JourneyPause.journey_id, JourneyPause.created_at, JourneyPause.resumed_at).where(
                JourneyPause.journey_id.in_(journey_ids),
                JourneyPause.resumed_at.is_(None) | (JourneyPause.resumed_at > now - 3 * LOOK_BACK),
            )
        )
        for journey_id, began, ended in rows:
            found.setdefault(journey_id, []).append((began, ended))
    return found
