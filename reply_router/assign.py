"""Assign: a conversation in which somebody waits has a person who answers."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.conversations.assignment import assign, may_answer, person_for
from engine.conversations.thread import Thread
from engine.people.member import Member


def see_to_it(session: Session, thread: Thread, now: datetime, *, wished: int | None = None) -> int | None:
    """The conversation's person: the one it has, if they may still answer, else the rule's choice; None: nobody there.

    `wished` is whom the member wrote to, and comes first where nobody answers yet.
    """
    if wished is not None and thread.responsible_id is None:
        called = session.get(Member, wished)
        assign(session, thread, wished, None, f"was written to by name ({called.called if called else 'them'})", now)
        return wished
    if thread.responsible_id is not None and may_answer(session, thread.responsible_id, thread.chapter_id):
        return thread.responsible_id
    person, why = person_for(session, thread)
    if person != thread.responsible_id:
        assign(session, thread, person, None, why, now)
    return person
