"""Organizer: the one person responsible for the relationship with a member, in whose name mail goes out (A8)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.conversations.task import Task, hand_task
from engine.people.member import Member


def give_organizer(session: Session, member: Member, to_id: int | None, by_id: int, now: datetime) -> bool:
    """That person is there for the member from now on (None: nobody is); False when it was so already.

    What the one before had still to do for the member is the new one's; conversations stay with whoever leads them.
    The next letter signed by the member's organizer goes out in the new one's name, once they lent it.
    """
    before = member.organizer_id
    if before == to_id:
        return False
    member.organizer_id = to_id
    session.flush()
    record(session, by_id, "organizer_changed", "member", member.id, now, from_id=before, to_id=to_id)
    if before is not None and to_id is not None:
        theirs = select(Task).where(Task.member_id == member.id, Task.assignee_id == before, Task.done_at.is_(None))
        for task in session.scalars(theirs):
            hand_task(session, task, to_id, by_id, now)
    return True
