"""Hold: while people talk, programs wait (law 7).

An open person thread holds the member's journeys and broadcasts until it is closed or set to responded, or until 72
hours after our last word went unanswered; never does it end while the member's words wait.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.base.asking import ManyAsked
from engine.base.broker import wake_on_commit
from engine.base.stored_time import time_loader
from engine.conversations.thread import Thread
from engine.enrollments.signal import signal

_HELD = ManyAsked(
    lambda among: (
        select(Thread.member_id, func.max(Thread.hold_until_at))
        .where(
            among(Thread.member_id),
            Thread.hold_until_at > bindparam("now"),
            Thread.closure_id.is_(None),
            Thread.kind == "person",
        )
        .group_by(Thread.member_id)
    )
)


def held_members(session: Session, member_ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """Which of these members are held now, and until when at the latest (UNTIL_ANSWERED: as long as it takes)."""
    moment = time_loader(session)
    rows = _HELD.rows(session, member_ids, now=now)
    return {member_id: moment(until) for member_id, until in rows if member_id is not None}


def end_hold(session: Session, thread: Thread, now: datetime) -> None:
    """The thread holds nothing any more, and the member's journeys are told, unless another talk goes on."""
    if thread.hold_until_at is None:
        return
    thread.hold_until_at = None
    session.flush()
    if thread.member_id is not None and not held_members(session, [thread.member_id], now):
        signal(session, "hold_ended", thread.member_id, now, thread_id=thread.id)
        # Letters that were on their way when the talk began wait in the outbox.
        wake_on_commit(session, "outbox.held", thread.member_id)
