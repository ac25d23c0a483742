"""Journey letters: a tick's whole batch of letters and texts is posted at once, each visit's own only once (law 5).

What goes to one person by itself is posted by the verbs of `engine.outbox.post`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.bulk import bulk_insert
from engine.base.db import table_of
from engine.base.stored_time import time_storer
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, DeliveryKey, OutboxDue
from engine.outbox.queue import SEND
from engine.people.consent import Channel

_DELIVERY = table_of(Delivery)
_DELIVERY_KEY = table_of(DeliveryKey)
_OUTBOX_DUE = table_of(OutboxDue)

_LETTER_COLUMNS = (
    "id", "created_at", "message_class", "channel", "member_id", "chapter_id", "template_version_id", "enrollment_id",
    "version_id", "step", "visit_at", "send_at", "state", "state_at", "attempts",
)  # fmt: skip


class JourneyLetter(NamedTuple):
    """One letter, or text, of a journey's visit. `due_at` is the visit's own time, which never moves; `send_at` may."""

    delivery_id: int
    due_at: datetime
    enrollment_id: int
    member_id: int
    chapter_id: int | None
    template_version_id: int
    version_id: int
    step: int
    send_at: datetime
    channel: Channel = "email"


def journey_letters(session: Session, letters: Sequence[JourneyLetter], now: datetime) -> None:
    """Every letter is in the outbox once; one whose visit has a delivery already is left out, whoever posted that."""
    if not letters:
        return
    try:
        with session.begin_nested():
            _insert_letters(session, letters, now)
    except IntegrityError:
        times = {letter.due_at for letter in letters}
        known = set(
            session.execute(
                select(DeliveryKey.due_at, DeliveryKey.enrollment_id, DeliveryKey.channel).where(
                    DeliveryKey.due_at.in_(times)
                )
            ).tuples()
        )
        keys = {(letter.due_at, letter.enrollment_id, letter.channel): letter for letter in letters}
        fresh = {key: letter for key, letter in keys.items() if key not in known}
        _insert_letters(session, list(fresh.values()), now)
    for channel in {letter.channel for letter in letters}:
        wake_on_commit(session, SEND[channel])


def _insert_letters(session: Session, letters: Sequence[JourneyLetter], now: datetime) -> None:
    stored = time_storer(session)
    at = stored(now)
    due_at = [stored(each.due_at) for each in letters]
    send_at = [at if each.send_at is now else stored(each.send_at) for each in letters]
    # The key first: a conflict shows before anything else is written.
    bulk_insert(
        session,
        _DELIVERY_KEY,
        ("due_at", "enrollment_id", "channel", "delivery_id"),
        [(due, each.enrollment_id, each.channel, each.delivery_id) for each, due in zip(letters, due_at, strict=True)],
    )
    bulk_insert(
        session,
        _DELIVERY,
        _LETTER_COLUMNS,
        [
            (
                each.delivery_id, at, "journey", each.channel, each.member_id, each.chapter_id,
                each.template_version_id, each.enrollment_id, each.version_id, each.step, due, leaves, "queued", at, 0,
            )
            for each, due, leaves in zip(letters, due_at, send_at, strict=True)
        ],
    )  # fmt: skip
    bulk_insert(
        session,
        _OUTBOX_DUE,
        ("rank", "send_at", "delivery_id"),
        [
            (rank_of("journey", each.channel), leaves, each.delivery_id)
            for each, leaves in zip(letters, send_at, strict=True)
        ],
    )
