"""What the gate must know of texts besides what it knows of mail: stops by phone, hours, and how long they waited."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.setting_groups.texting import Texting
from engine.conversations.message import Message
from engine.outbox import text_day
from engine.outbox.classes import CLASSES, Need, Window
from engine.outbox.delivery import AnyDelivery
from engine.outbox.gate import Facts
from engine.people.consent import ConsentStanding
from engine.people.notice_choice import EARLIEST, LATEST
from engine.people.text_stop import stopped_phones
from engine.people.texting_hours import opens_at, zones_of

if TYPE_CHECKING:
    from engine.outbox.material import Material

#: What a look-up calls a phone that takes no texts.
LANDLINE = "landline"
#: So long after somebody's own text an answer may come at any hour.
AWAKE_FOR = timedelta(minutes=30)
#: Says in a delivery's `data` that its author chose to send it at once, whatever the hour.
AT_ANY_HOUR = "at_any_hour"


def text_facts(
    session: Session,
    texts: Sequence[AnyDelivery],
    facts: Mapping[int, Facts],
    material: "Material",
    now: datetime,
    sms: Texting,
) -> dict[int, Facts]:
    """The facts of these texts, with what only texts have."""
    if not texts:
        return {}
    stopped = stopped_phones(session, [each.address for each in facts.values() if each.address])
    wrote = _last_texts(session, {each.member_id for each in texts if each.member_id is not None})
    # What waited for a day of the carriers' to end could not leave before.
    opened = text_day.opened_at(session, now)
    found: dict[int, Facts] = {}
    for text in texts:
        known = facts[text.id]
        thread = material.threads.get(text.thread_id or 0)
        # Only what they said by text tells that texts are welcome and that they are awake.
        heard = wrote.get(text.member_id or 0)
        if text.member_id is None and thread is not None:
            heard = thread.last_in_at
        address = material.address_of(text)
        if address is not None and address.line_type == LANDLINE and known.rests == "":
            # Whoever texted from it meanwhile has shown that it can.
            known = replace(known, rests="it is a landline.", rests_since=address.looked_up_at)
        opens, nowhere = _opens(text, known, material, heard, now, sms)
        found[text.id] = replace(
            known,
            last_texts_at=heard,
            phone_stopped_at=stopped.get(known.address or ""),
            window_opens_at=opens,
            has_no_hour=nowhere,
            could_leave_at=text.tried_since or max(text.send_at, opened or text.send_at),
            was_tried=text.attempts > 0,
        )
    return found


def stopped_since(session: Session, claimed: Sequence[tuple[AnyDelivery, str]], since: datetime) -> set[int]:
    """Those of these claimed texts, each with its phone, that a no was said to since the gate let them through.

    Between the claim and the call the provider may be asked about phones for many seconds; a stop counts in them too.
    """
    asked = [pair for pair in claimed if CLASSES[pair[0].message_class].need is not Need.NOTHING]
    stopped = stopped_phones(session, [phone for _, phone in asked])
    members = {each.member_id for each, _ in asked if each.member_id is not None}
    refused: dict[int, datetime] = {}
    if members:
        rows = session.execute(
            select(ConsentStanding.member_id, func.max(ConsentStanding.created_at))
            .where(
                ConsentStanding.member_id.in_(members),
                ConsentStanding.channel == "sms",
                ConsentStanding.opted_in.is_(False),
            )
            .group_by(ConsentStanding.member_id)
        )
        refused = dict(rows.tuples().all())
    return {
        each.id
        for each, phone in asked
        if phone in stopped or ((at := refused.get(each.member_id or 0)) is not None and at > since)
    }


def _opens(
    text: AnyDelivery, known: Facts, material: "Material", heard: datetime | None, now: datetime, sms: Texting
) -> tuple[datetime | None, bool]:
    """When the text may arrive (None: now), and whether there is no such hour at all."""
    window = known.message_class.window
    if window is Window.NONE or known.address is None:
        return None, False
    if window is Window.AFTER_THEIR_WORD:
        if heard is not None and now - heard <= AWAKE_FOR:
            return None, False
        if (text.data or {}).get(AT_ANY_HOUR):
            return None, False
    zones = zones_of(material.members.get(text.member_id or 0), known.address)
    if text.tells_of_pause and now - text.created_at <= AWAKE_FOR:
        return None, False  # they texted the order just now, and wait to hear
    if window is Window.OWN_HOURS:
        # Whoever posted it kept their own hours; this only keeps a late one from a night.
        opens = opens_at(zones, EARLIEST, LATEST, now)
        return opens, opens is None
    opens = opens_at(zones, sms.opens, sms.closes, now, known.quiet)
    return opens, opens is None


def _last_texts(session: Session, member_ids: Collection[int]) -> dict[int, datetime]:
    """When each of these members last texted us."""
    if not member_ids:
        return {}
    rows = session.execute(
        select(Message.member_id, func.max(Message.at))
        .where(Message.member_id.in_(member_ids), Message.kind == "in", Message.channel == "sms")
        .group_by(Message.member_id)
    )
    return {member_id: at for member_id, at in rows if member_id is not None}
