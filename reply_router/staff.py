"""Staff mail: an organizer answers a notice from their own mail program.

Their From line is not proven yet, so nothing is sent on its word: the words wait in the conversation as a draft, to be
sent with one press (law 9). `#note` makes them a note, `#close` only asks for closing.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.tokens import Purpose
from engine.conversations.assignment import may_answer
from engine.conversations.message import write_note
from engine.conversations.thread import Thread, mark
from engine.people.member import Member
from reply_router.addresses import Aim, Signed
from reply_router.filing import Entry, Mail, folded_of, stored
from reply_router.find import Sender
from reply_router.reading import Verb


def organizer_of(session: Session, aim: Aim, sender: Sender) -> Member | None:
    """The organizer whom a staff address was made for, if they wrote from an address of theirs and may answer there."""
    if not isinstance(aim, Signed) or aim.token.purpose is not Purpose.STAFF_REPLY:
        return None
    thread = session.get(Thread, aim.token.subject_id)
    if thread is None or aim.token.member_id not in sender.member_ids:
        return None
    theirs = thread.responsible_id == aim.token.member_id or may_answer(session, aim.token.member_id, thread.chapter_id)
    return session.get(Member, aim.token.member_id) if theirs else None


def file_note(session: Session, mail: Mail, now: datetime) -> Entry:
    """The organizer's words stand in the conversation where no member sees them."""
    case = mail.case
    if not isinstance(case.aim, Signed) or case.organizer_id is None:
        raise ValueError("only a staff address's own organizer writes notes by mail")
    thread = session.get_one(Thread, case.aim.token.subject_id)
    command = mail.reading.command
    verb = command.verb if command is not None and command.verb in (Verb.NOTE, Verb.CLOSE) else None
    text = mail.reading.text
    if verb is not None and command is not None:
        text = "\n".join(part for part in (command.argument, text.strip().removeprefix(command.line).strip()) if part)
    message = write_note(session, thread, case.organizer_id, stored(text), now)
    message.received_id = mail.received.id
    message.subject = stored(mail.reading.subject or "")[:400]
    message.at = mail.received.created_at
    message.folded = folded_of(mail.reading)
    message.detail = {"rule": mail.rule.name, "by_mail": True, "draft": verb is None, "command": str(verb or "")}
    if verb is None:
        mark(thread, f"draft by mail from {case.organizer}: press to send")
    elif verb is Verb.CLOSE:
        mark(thread, f"{case.organizer} asks by mail to close it")
    return Entry(thread, message, thread.member_id, "note")
