"""Snooze: what waits is put off until a time, and comes back then or with new words, whichever is sooner."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.conversations.feed import tell
from engine.conversations.thread import Thread


def snooze(session: Session, thread: Thread, until: datetime, by_id: int, now: datetime) -> bool:
    """The answer is due at that time, when whoever answers is told again; False when nothing waits.

    The member's words still wait for a person, so their journeys hold on (law 7).
    """
    if thread.closure_id is not None or thread.waits_since is None:
        return False
    thread.answer_due_at = until
    session.flush()
    record(session, by_id, "snoozed", "thread", thread.id, now, chapter_id=thread.chapter_id)
    tell(session, thread, "snoozed", now)
    return True
