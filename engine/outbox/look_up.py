"""Look-up: what kind of line a phone is, asked before the first text to it and again after a while.

A landline never gets a text, and a number that nobody has rests, so that neither costs us anything nor makes carriers
think less of us.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import ProviderAway
from engine.base.log import logger
from engine.base.services import NumberFacts, TextChannel
from engine.outbox.classes import CLASSES, Window
from engine.outbox.delivery import AnyDelivery
from engine.outbox.material import Material
from engine.outbox.text_facts import LANDLINE
from engine.people.address import Address

#: What a look-up said may change: numbers are given back and given to others (the FCC asks for 45 days between).
GOOD_FOR = timedelta(days=60)

log = logger(__name__)


def to_look_up(deliveries: Sequence[AnyDelivery], material: Material, now: datetime) -> list[str]:
    """The phones that must be looked up before these texts leave, each once.

    Who just texted us has a phone that can: what answers them there needs no look.
    """
    phones: dict[str, None] = {}
    for each in deliveries:
        heard = each.our_number is not None and CLASSES[each.message_class].window is not Window.TEXTING_HOURS
        address = material.address_of(each)
        if heard or address is None or CLASSES[each.message_class].window is Window.NONE:
            continue
        if address.looked_up_at is None or now - address.looked_up_at > GOOD_FOR:
            phones[address.value] = None
    return list(phones)


def look_up(texts: TextChannel, phones: Sequence[str], connections: int) -> dict[str, NumberFacts]:
    """What the provider says of these phones; those it could not be asked about are absent. No transaction is open."""

    def one(phone: str) -> NumberFacts | None:
        try:
            return texts.look_up(phone)
        except ProviderAway as away:
            log.warning("a phone could not be looked up", says=str(away))
            return None

    if not phones:
        return {}
    with ThreadPoolExecutor(max_workers=max(1, min(connections, len(phones)))) as pool:
        found = zip(phones, pool.map(one, phones), strict=True)
        return {phone: facts for phone, facts in found if facts is not None}


def note_look_ups(session: Session, found: Mapping[str, NumberFacts], now: datetime) -> set[str]:
    """Every address with such a phone knows what was said; returns the phones that take no texts."""
    if not found:
        return set()
    useless = {phone for phone, facts in found.items() if not facts.valid or facts.line_type == LANDLINE}
    rows = session.scalars(select(Address).where(Address.kind == "phone", Address.value.in_(sorted(found))))
    for address in rows:
        facts = found[address.value]
        address.line_type, address.carrier = facts.line_type[:20], facts.carrier[:80]
        address.looked_up_at = now
        if not facts.valid and address.resting_since is None:
            address.resting_since, address.resting_reason = now, "a look-up says that there is no such number."
    session.flush()
    return useless
