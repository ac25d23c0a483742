"""Texting: whether a text may reach a member, and why not, for many at once and in words that staff can read.

The gate judges again when a text is about to leave; this is for those who must choose another way before.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among, plain_rows
from engine.people.address import Address
from engine.people.consent import ConsentStanding
from engine.people.preference import Standing, lets_come
from engine.people.text_stop import stopped_phones


class Untextable(StrEnum):
    """Why no text may go to somebody."""

    NOT_SET_UP = "not_set_up"
    NO_PHONE = "no_phone"
    STOPPED = "stopped"
    LANDLINE = "landline"
    RESTS = "rests"
    NO_YES = "no_yes"


SAYS: Mapping[Untextable, str] = {
    Untextable.NOT_SET_UP: "No texts can be sent from here: the [sms] settings are empty.",
    Untextable.NO_PHONE: "No phone of theirs is known.",
    Untextable.STOPPED: "They asked for no more texts to this phone.",
    Untextable.LANDLINE: "Their phone is a landline.",
    Untextable.RESTS: "Texts to their phone do not arrive, and it rests.",
    Untextable.NO_YES: "They never said yes to texts of this kind.",
}


class Phone(NamedTuple):
    """One phone of a member, and what is in a text's way there (None: nothing)."""

    address_id: int
    value: str
    trouble: Untextable | None


def phones_of(session: Session, member_ids: Collection[int]) -> dict[int, list[Phone]]:
    """The phones of these members, preferred first; who has none is absent."""
    rows = list(
        plain_rows(
            session,
            select(Address.member_id, Address.id, Address.value, Address.line_type, Address.resting_since.is_not(None))
            .where(among(session, Address.member_id, member_ids), Address.kind == "phone")
            .order_by(Address.rank, Address.id),
        )
    )
    stopped = stopped_phones(session, [row[2] for row in rows])
    found: dict[int, list[Phone]] = defaultdict(list)
    for member_id, address_id, value, line_type, rests in rows:
        found[member_id].append(Phone(address_id, value, _trouble(value in stopped, line_type, bool(rests))))
    return dict(found)


def untextable(session: Session, member_ids: Collection[int], scope: str, *, enabled: bool) -> dict[int, Untextable]:
    """Those of these members whom no text of this scope may reach now, and why; the others are absent.

    `enabled`: whether texts can be sent from here at all.
    """
    if not member_ids:
        return {}
    if not enabled:
        return dict.fromkeys(member_ids, Untextable.NOT_SET_UP)
    phones = phones_of(session, member_ids)
    said = _said(session, phones)
    found: dict[int, Untextable] = {}
    for member_id in member_ids:
        why = in_the_way(phones.get(member_id, ()))
        if why is None and not lets_come(scope, said.get(member_id, {})):
            why = Untextable.NO_YES
        if why is not None:
            found[member_id] = why
    return found


def in_the_way(phones: Collection[Phone]) -> Untextable | None:
    """What is in a text's way at all of these phones; None as soon as one of them can be texted."""
    troubles = [phone.trouble for phone in phones]
    return None if None in troubles else next(iter(troubles), Untextable.NO_PHONE)


def _trouble(stopped: bool, line_type: str, rests: bool) -> Untextable | None:
    if stopped:
        return Untextable.STOPPED
    if line_type == "landline":
        return Untextable.LANDLINE
    return Untextable.RESTS if rests else None


def _said(session: Session, member_ids: Collection[int]) -> dict[int, dict[str, Standing]]:
    """The latest word of each on each scope of texts."""
    found: dict[int, dict[str, Standing]] = defaultdict(dict)
    if member_ids:
        rows = session.execute(
            select(
                ConsentStanding.member_id, ConsentStanding.scope, ConsentStanding.opted_in, ConsentStanding.created_at
            ).where(among(session, ConsentStanding.member_id, member_ids), ConsentStanding.channel == "sms")
        )
        for member_id, scope, opted_in, at in rows:
            found[member_id][scope] = Standing(opted_in, at)
    return found
