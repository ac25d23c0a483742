"""Talks: which conversation with somebody is meant. Nothing is written here."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.conversations.message import Message
from engine.conversations.thread import Thread, open_person_thread
from engine.people.member import Member
from reply_router.sender import Sender
from reply_router.subject import bare

#: Subjects of a conversation that a new one is compared with.
_MOST_SUBJECTS = 50


def is_passed_on(session: Session, thread: Thread, sender: Sender) -> bool:
    """Whether somebody else than the member and whoever wrote this answered it too: then it goes from hand to hand."""
    if thread.kind != "person" or not sender.address:
        return False
    details = session.scalars(
        select(Message.detail)
        .where(Message.thread_id == thread.id, Message.kind == "in", Message.author_id.is_(None))
        .order_by(Message.at.desc())
        .limit(_MOST_SUBJECTS)
    )
    others = {str(each.get("from") or "") for each in details}
    return sender.address not in others and bool(others - {""})


def talk_with(session: Session, address: str) -> Thread | None:
    """The open conversation with somebody who is no member."""
    return session.scalar(
        select(Thread)
        .where(Thread.correspondent == address, Thread.member_id.is_(None), Thread.closure_id.is_(None))
        .order_by(Thread.last_at.desc())
        .limit(1)
    )


def talk_about(session: Session, member: Member | None, sender: Sender, subject: str) -> Thread | None:
    """Their open conversation under this very subject."""
    query = select(Thread).where(Thread.kind == "person", Thread.closure_id.is_(None))
    if member is not None:
        query = query.where(Thread.member_id == member.id)
    else:
        query = query.where(Thread.member_id.is_(None), Thread.correspondent == sender.address)
    same = bare(subject)
    found = session.scalars(query.order_by(Thread.last_at.desc()).limit(20))
    return next((thread for thread in found if bare(thread.subject) == same), None)


def subjects_of(session: Session, thread: Thread | None) -> list[str]:
    """The subjects that a conversation has and had, its own first."""
    if thread is None:
        return []
    rows = session.scalars(
        select(Message.subject)
        .where(Message.thread_id == thread.id, Message.kind != "machine")
        .order_by(Message.at.desc())
        .limit(_MOST_SUBJECTS)
    )
    return [thread.subject, *rows]


def last_said(session: Session, thread: Thread | None) -> Message | None:
    """The last words of ours in a conversation."""
    if thread is None:
        return None
    return session.scalar(
        select(Message)
        .where(Message.thread_id == thread.id, Message.kind.in_(("out", "journey")))
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(1)
    )


def talk_of(session: Session, sender: Sender, member: Member | None, person: int | None) -> Thread | None:
    """The open conversation with the sender; with `person`, only one that is theirs or nobody's."""
    if member is None and sender.member_ids:
        return None
    if member is not None and person is None:
        return open_person_thread(session, member.id)
    query = select(Thread).where(Thread.kind == "person", Thread.closure_id.is_(None))
    if member is not None:
        query = query.where(Thread.member_id == member.id)
    else:
        query = query.where(Thread.member_id.is_(None), Thread.correspondent == sender.address)
    if person is not None:
        query = query.where((Thread.responsible_id == person) | Thread.responsible_id.is_(None))
    return session.scalar(query.order_by(Thread.last_at.desc()).limit(1))
