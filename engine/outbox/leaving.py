"""Leaving: a member is in one chapter no more, by their own word; everything else stays as it was."""

from datetime import datetime

from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.chapters.membership import Membership
from engine.enrollments.choice import choose
from engine.outbox import queue
from engine.outbox.delivery import Delivery
from engine.people.consent import Channel, Said

_QUEUED: ColumnElement[str] = literal_column("'queued'")
_CHAPTER: ColumnElement[str] = literal_column("'chapter'")
_REASON = "They left this chapter. Only they can undo that."


def leave_chapter(
    session: Session, member_id: int, chapter_id: int, channel: Channel, said: Said, now: datetime
) -> None:
    """The member left the chapter; the ledger says by which words, and what waited of its news does not leave."""
    membership = session.get_one(Membership, (member_id, chapter_id))
    membership.left_at = now
    choose(session, member_id, channel, f"chapter:{chapter_id}", False, said, now)
    record(session, member_id, "left_chapter", "member", member_id, now, chapter_id=chapter_id)
    waiting = select(Delivery).where(
        Delivery.member_id == member_id,
        # In the very words of the index that holds nothing else: a database does not look into a value for that.
        Delivery.state == _QUEUED,
        Delivery.message_class == _CHAPTER,
        Delivery.chapter_id == chapter_id,
    )
    rows = list(session.scalars(waiting))
    for delivery in rows:
        delivery.state, delivery.state_at, delivery.refusal = "refused", now, _REASON
    queue.remove(session, rows)
    session.flush()
