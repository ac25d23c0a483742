"""Assign: a conversation in which somebody waits has a person who answers."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.conversations.assignment import assign, is_there, person_for
from engine.conversations.handing_over import note_handed
from engine.conversations.thread import Thread
from engine.people.absence import absence_of
from engine.people.member import Member


def see_to_it(session: Session, thread: Thread, now: datetime, *, wished: int | None = None) -> int | None:
    """The conversation's person: the one it has, if they may still answer, else the rule's choice; None: nobody there.

    `wished` is whom the member wrote to, and comes first where nobody answers yet.
    """
    if wished is not None and thread.responsible_id is None and is_there(session, wished, now):
        called = session.get(Member, wished)
        assign(session, thread, wished, None, f"was written to by name ({called.called if called else 'them'})", now)
        return wished
    person, why = person_for(session, thread, now)
    before = thread.responsible_id
    if person != before:
        assign(session, thread, person, None, why, now)
        absence = absence_of(session, before, now) if before is not None else None
        if before is not None and person is not None:
            note_handed(session, thread, before, absence.until_at if absence is not None else None)
    return person
