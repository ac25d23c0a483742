"""Assign: a conversation in which somebody waits has a person who answers."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.conversations.assignment import assign, is_there, person_for
from engine.conversations.handing_over import note_handed
from engine.conversations.thread import Thread
from engine.people.absence import absence_of
from engine.people.member import Member


def see_to_it(
    session: Session, thread: Thread, now: datetime, *, wished: int | None = None, why: str = ""
) -> int | None:
    """The conversation's person: the one it has, if they may still answer, else the rule's choice; None: nobody there.

    `wished` is whom the member wrote to, and comes first where nobody answers yet; with `why` it is whom a rule of
    staff's own chose, which was only asked where nobody answers or the talk was over.
    """
    if wished is not None and why and is_there(session, wished, now):
        if wished != thread.responsible_id:
            assign(session, thread, wished, None, why, now)
        return wished
    if wished is not None and not why and thread.responsible_id is None and is_there(session, wished, now):
        called = session.get(Member, wished)
        assign(session, thread, wished, None, f"was written to by name ({called.called if called else 'them'})", now)
        return wished
    person, reason = person_for(session, thread, now)
    before = thread.responsible_id
    if person != before:
        assign(session, thread, person, None, reason, now)
        absence = absence_of(session, before, now) if before is not None else None
        if before is not None and person is not None:
            note_handed(session, thread, before, absence.until_at if absence is not None else None)
    return person
