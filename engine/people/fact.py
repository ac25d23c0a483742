"""Fact: what is written down of a member beside their name and place, such as a birthday or what they bring."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.db import table_of
from engine.people.member import Member

#: Words, a number, or true or false; a date is words like `2026-05-01`.
FactValue: TypeAlias = str | int | float | bool

#: Facts that are columns of the member; every other stands in `custom`.
OWN_FACTS = ("language", "zone")
#: Dates outside of these years are slips of a key.
FIRST_YEAR, LAST_YEAR = 1900, 2199

#: Whoever has a phone that only takes words and digits: `true`, or a yes as it is typed into a sheet.
PLAIN_PHONE = "plain_phone"
_YES = frozenset({"true", "yes", "y", "1", "x", "sí", "si"})

_MEMBER = table_of(Member)


def has_plain_phone(custom: Mapping[str, Any]) -> bool:
    """Whether these facts of somebody say that their phone takes words and digits and nothing else."""
    value = custom.get(PLAIN_PHONE)
    return value is True or str(value).strip().lower() in _YES


class Noted(NamedTuple):
    """One fact to write down."""

    member_id: int
    fact: str
    value: FactValue


def note_facts(session: Session, facts: Sequence[Noted]) -> list[Noted]:
    """These facts stand on their members, the last of one name winning; those that said something new are returned.

    The members' rows are locked: two facts written at the same moment both stay.
    """
    news: list[Noted] = []
    if not facts:
        return news
    asked = (
        select(_MEMBER.c.id, _MEMBER.c.language, _MEMBER.c.zone, _MEMBER.c.custom)
        .where(_MEMBER.c.id.in_({fact.member_id for fact in facts}))
        .order_by(_MEMBER.c.id)
        .with_for_update(key_share=True)
    )
    known = {
        id_: (dict(zip(OWN_FACTS, own, strict=True)), dict(custom)) for id_, *own, custom in session.execute(asked)
    }
    changed: set[int] = set()
    for fact in facts:
        if fact.member_id not in known:
            continue
        own, custom = known[fact.member_id]
        there = own if fact.fact in OWN_FACTS else custom
        # True is not 1 here: a fact keeps its kind.
        if fact.fact not in there or (type(there[fact.fact]), there[fact.fact]) != (type(fact.value), fact.value):
            there[fact.fact] = fact.value
            changed.add(fact.member_id)
            news.append(fact)
    if changed:
        session.execute(
            update(_MEMBER)
            .where(_MEMBER.c.id == bindparam("m"))
            .values(language=bindparam("own_language"), zone=bindparam("own_zone"), custom=bindparam("facts")),
            [
                {
                    "m": member_id,
                    "own_language": str(known[member_id][0]["language"]),
                    "own_zone": known[member_id][0]["zone"],
                    "facts": known[member_id][1],
                }
                for member_id in changed
            ],
        )
    return news


class Dates(NamedTuple):
    """The dates of one member: the facts, and the moment at which they joined."""

    custom: dict[str, object]
    joined_at: datetime

    def joined_on(self, zone: ZoneInfo) -> date:
        """The day on which they joined, on a clock of the zone."""
        return self.joined_at.astimezone(zone).date()

    def of(self, fact: str) -> date | None:
        """The date that the fact holds (of a date with an hour, the day); None where it holds none."""
        value = self.custom.get(fact)
        if not isinstance(value, str):
            return None
        try:
            day = date.fromisoformat(value.strip()[:10])
        except ValueError:
            return None
        return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def dates_of(session: Session, member_ids: Collection[int]) -> dict[int, Dates]:
    """The dates of these members; whom we do not know is absent."""
    if not member_ids:
        return {}
    asked = select(_MEMBER.c.id, _MEMBER.c.custom, _MEMBER.c.created_at).where(among(session, _MEMBER.c.id, member_ids))
    return {id_: Dates(custom, created_at) for id_, custom, created_at in session.execute(asked)}
