"""Readers: what letters and the gate look at of the people of a batch, as plain values, past the rows as objects."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import ManyAsked
from engine.base.stored_time import read_time
from engine.conversations.thread import Thread
from engine.outbox.delivery import AnyDelivery
from engine.people.address import Address
from engine.people.member import Member, called


class Reader(NamedTuple):
    """A member, as letters and the gate know them."""

    id: int
    name: str
    first_name: str
    organizer_id: int | None
    is_erased: bool
    zone: str | None
    postal_code: str
    country: str
    custom: Mapping[str, Any]

    @property
    def called(self) -> str:
        """How we speak of them when we say one name."""
        return called(self.first_name, self.name)


class Way(NamedTuple):
    """An address of a member's, with its health."""

    kind: str
    value: str
    line_type: str
    resting_reason: str
    resting_since: datetime | None
    backs_off_until_at: datetime | None
    looked_up_at: datetime | None


_READERS = ManyAsked(
    lambda among: select(
        Member.id, Member.name, Member.first_name, Member.organizer_id, Member.erased_at.is_not(None), Member.zone,
        Member.postal_code, Member.country, Member.custom,
    ).where(among(Member.id))
)  # fmt: skip
_WAYS = ManyAsked(
    lambda among: (
        select(
            Address.member_id, Address.kind, Address.value, Address.line_type, Address.resting_reason,
            Address.resting_since, Address.backs_off_until_at, Address.looked_up_at,
        )
        .where(among(Address.member_id))
        .order_by(Address.rank, Address.id)
    )
)  # fmt: skip


def read_readers(session: Session, member_ids: Collection[int]) -> dict[int, Reader]:
    """These members, by id."""
    return {row[0]: Reader._make((*row[:-1], _custom(row[-1]))) for row in _READERS.rows(session, member_ids)}


def read_ways(session: Session, member_ids: Collection[int]) -> dict[int, list[Way]]:
    """The addresses of these members, by member, the preferred first."""
    found: dict[int, list[Way]] = {}
    for member_id, kind, value, line_type, reason, *times in _WAYS.rows(session, member_ids):
        resting, backs_off, looked_up = [None if each is None else read_time(each) for each in times]
        way = Way(kind, value, line_type, reason, resting, backs_off, looked_up)
        found.setdefault(member_id, []).append(way)
    return found


def way_to(delivery: AnyDelivery, ways: Sequence[Way], thread: Thread | None) -> Way | None:
    """By which of its member's addresses a delivery goes."""
    kind = "phone" if delivery.channel == "sms" else "email"
    known = [each for each in ways if each.kind == kind]
    # An answer goes back to where they wrote from, if that is an address of theirs.
    asked_for = delivery.to_address
    wanted = asked_for or (thread.correspondent if thread and delivery.message_class == "answer" else "")
    if wanted:
        for way in known:
            if way.value == wanted.lower():
                return way
    if asked_for:
        return None
    known = [way for way in known if way.line_type != "landline"]
    working = [way for way in known if way.resting_since is None]
    return next(iter(working or known), None)


def _custom(stored: Any) -> Mapping[str, Any]:
    if isinstance(stored, str):  # as SQLite keeps it
        stored = json.loads(stored) if stored != "{}" else {}
    return stored  # type: ignore[no-any-return]
