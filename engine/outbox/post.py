"""Post: the only way to say something to somebody. Each verb sets its own message class and fixes its own key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.db import bulk_insert, stored_time
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery, DeliveryKey, OutboxDue

#: The courier's job.
SEND = "outbox.send"

_DELIVERY: Table = Delivery.__table__  # type: ignore[assignment]
_DELIVERY_KEY: Table = DeliveryKey.__table__  # type: ignore[assignment]
_OUTBOX_DUE: Table = OutboxDue.__table__  # type: ignore[assignment]

_LETTER_COLUMNS = (
    "id", "created_at", "message_class", "channel", "member_id", "chapter_id", "template_version_id", "enrollment_id",
    "version_id", "step", "visit_at", "send_at", "state", "state_at", "attempts",
)  # fmt: skip


class JourneyLetter(NamedTuple):
    """One letter of a journey's visit. `due_at` is the visit's own time, which never moves; `send_at` may."""

    delivery_id: int
    due_at: datetime
    enrollment_id: int
    member_id: int
    chapter_id: int | None
    template_version_id: int
    version_id: int
    step: int
    send_at: datetime


def journey_letters(session: Session, letters: Sequence[JourneyLetter], now: datetime) -> None:
    """Every letter is in the outbox once; one whose visit has a delivery already is left out, whoever posted that."""
    if not letters:
        return
    try:
        with session.begin_nested():
            _insert_letters(session, letters, now)
    except IntegrityError:
        times = {letter.due_at for letter in letters}
        known = {
            (due_at, enrollment_id)
            for due_at, enrollment_id in session.execute(
                select(DeliveryKey.due_at, DeliveryKey.enrollment_id).where(
                    DeliveryKey.due_at.in_(times), DeliveryKey.channel == "email"
                )
            )
        }
        fresh = {
            (letter.due_at, letter.enrollment_id): letter
            for letter in letters
            if (letter.due_at, letter.enrollment_id) not in known
        }
        _insert_letters(session, list(fresh.values()), now)
    wake_on_commit(session, SEND)


def _insert_letters(session: Session, letters: Sequence[JourneyLetter], now: datetime) -> None:
    times: dict[datetime, Any] = {}

    def stored(moment: datetime) -> Any:
        if moment not in times:
            times[moment] = stored_time(session, moment)
        return times[moment]

    at = stored(now)
    rank = CLASSES["journey"].rank
    # The key first: a conflict shows before anything else is written.
    bulk_insert(
        session,
        _DELIVERY_KEY,
        ("due_at", "enrollment_id", "channel", "delivery_id"),
        [(stored(each.due_at), each.enrollment_id, "email", each.delivery_id) for each in letters],
    )
    bulk_insert(
        session,
        _DELIVERY,
        _LETTER_COLUMNS,
        [
            (
                each.delivery_id, at, "journey", "email", each.member_id, each.chapter_id, each.template_version_id,
                each.enrollment_id, each.version_id, each.step, stored(each.due_at), stored(each.send_at),
                "queued", at, 0,
            )
            for each in letters
        ],
    )  # fmt: skip
    bulk_insert(
        session,
        _OUTBOX_DUE,
        ("rank", "send_at", "delivery_id"),
        [(rank, stored(each.send_at), each.delivery_id) for each in letters],
    )
