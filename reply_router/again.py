"""Again: what could not be read or filed goes the whole way once more, by somebody's press (E1)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.conversations.closure import close
from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.thread import Thread, unmark
from reply_router.filing import UNREADABLE

#: Rows that could not be filed are shown so many at a time; there should be none.
MOST_UNFILED = 100


def unfiled(session: Session) -> Sequence[Received]:
    """What needs a person and stands in no conversation, because filing itself broke; the newest first."""
    lost = select(Received).where(Received.outcome == "needs_person", Received.thread_id.is_(None))
    return session.scalars(lost.order_by(Received.id.desc()).limit(MOST_UNFILED)).all()


def route_again(session: Session, received_id: int, by_id: int, now: datetime) -> bool:
    """The row is due again, as if it came just now, and its way is woken; False where nothing of it is in trouble.

    What an unreadable mail left in a conversation is taken out of it: it stands there, or elsewhere, once it was read.
    """
    row = session.scalar(select(Received).where(Received.id == received_id).with_for_update())
    if row is None or row.outcome != "needs_person":
        return False
    message = session.get(Message, row.message_id) if row.message_id is not None else None
    if row.thread_id is not None and (message is None or not message.detail.get("unreadable")):
        return False
    record(
        session, by_id, "routed_again", "received", row.id, now, outcome=row.outcome, broke=row.detail.get("broke", [])
    )
    thread = session.get(Thread, row.thread_id) if row.thread_id is not None else None
    if message is not None:
        session.delete(message)
        session.flush()
    if thread is not None:
        unmark(thread, UNREADABLE)
        if session.scalar(select(Message.id).where(Message.thread_id == thread.id).limit(1)) is None:
            close(session, thread, None, now, "its only mail was read once more")
    row.outcome, row.settled_at, row.effect, row.reason = None, None, "", ""
    row.thread_id = row.message_id = row.member_id = None
    row.attempts, row.leased_until_at = 0, None
    row.detail = {name: value for name, value in row.detail.items() if name != "broke"}
    session.flush()
    wake_on_commit(session, "route", row.id)
    return True
