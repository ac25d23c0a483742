"""Asking: how many members a condition is so of, and some of them, whoever and however many there are."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.audience.compiler import compile
from engine.audience.scope import Scope
from engine.base.asking import among
from engine.people.address import Address, masked
from engine.people.member import Member
from journeys.conditions import Condition

#: Two primes: a sample is drawn by an order that has nothing to do with when people joined, and is the same each time.
_STEP, _ROUND = 7919, 999_983


class Somebody(NamedTuple):
    """One member as a list shows them: a first name with initials, addresses masked (law 8)."""

    member_id: int
    name: str
    reached_at: tuple[str, ...]


def count(session: Session, condition: Condition, now: datetime) -> int:
    """How many members it is so of now."""
    return session.scalar(_matching(session, condition, now).with_only_columns(func.count())) or 0


def sample(session: Session, condition: Condition, now: datetime, most: int) -> list[Somebody]:
    """Some of those it is so of, at most so many."""
    drawn = (Member.id % _ROUND) * _STEP % _ROUND
    rows = session.execute(
        _matching(session, condition, now)
        .with_only_columns(Member.id, Member.name)
        .order_by(drawn, Member.id)
        .limit(most)
    ).all()
    reached: dict[int, list[str]] = {id_: [] for id_, _ in rows}
    for member_id, value in session.execute(
        select(Address.member_id, Address.value)
        .where(among(session, Address.member_id, reached))
        .order_by(Address.rank, Address.id)
    ):
        reached[member_id].append(masked(value))
    return [Somebody(id_, _short(name), tuple(reached[id_])) for id_, name in rows]


def _matching(session: Session, condition: Condition, now: datetime) -> Select[tuple[Member]]:
    # Whoever asked to be erased is nobody's audience.
    return select(Member).where(Member.erased_at.is_(None), compile(condition, Scope(session, now, whole=True)))


def _short(name: str) -> str:
    first, *others = name.split() or ["somebody"]
    return " ".join([first, *(f"{other[0]}." for other in others)])
