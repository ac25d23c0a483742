"""Signing: that nothing is handed over in a name that its person took back in the meantime (law 2)."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.content.approval import lenders_of, lent
from engine.outbox.delivery import AnyDelivery


def names_taken_back(session: Session, signed: Sequence[tuple[AnyDelivery, int | None]]) -> frozenset[int]:
    """Which of these deliveries, each with whom it is signed by, bear a name that is not lent to them any more.

    Asked in the transaction that is committed right before they are handed over: between the claim and the call lies
    the writing of a whole batch. Words typed by a person to a person are theirs anyway.
    """
    named = [(row, person) for row, person in signed if person is not None and row.message_class != "answer"]
    lenders = lenders_of(session, {row.template_version_id for row, _ in named if row.template_version_id is not None})
    return frozenset(row.id for row, person in named if person not in lent(lenders, row.template_version_id or 0))
