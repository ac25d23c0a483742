"""The balance: everything received has exactly one outcome, and the outcomes sum to received (law 1)."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.conversations.received import Received


@dataclass(frozen=True, slots=True)
class Balance:
    """What came in, what became of it, and what has no outcome yet."""

    received: int
    outcomes: dict[str, int]
    unsettled: int


def balance(session: Session) -> Balance:
    """The whole database's balance."""
    counts = dict(session.execute(select(Received.outcome, func.count()).group_by(Received.outcome)).tuples().all())
    unsettled = counts.pop(None, 0)
    outcomes = {name: count for name, count in sorted(counts.items()) if name is not None}
    return Balance(received=sum(outcomes.values()) + unsettled, outcomes=outcomes, unsettled=unsettled)
