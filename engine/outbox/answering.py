"""Answering: what the next words in a thread carry, so that they reach who wrote last and stand below what was said."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.thread import Thread

#: How many earlier messages a References line names (RFC 5322 3.6.4 sets no limit; mail programs do).
MOST_REFERENCES = 12


def texted_from(session: Session, thread: Thread) -> tuple[str | None, str | None]:
    """The phone of the last text that came into this thread, and the number of ours it came to."""
    row = session.execute(
        select(Received.mail_from, Received.rcpt_to)
        .join(Message, Message.received_id == Received.id)
        .where(Message.thread_id == thread.id, Message.kind == "in", Message.channel == "sms")
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    return (row[0] or None, row[1] or None) if row is not None else (None, None)


def last_channel(session: Session, thread: Thread) -> str | None:
    """By what the member last wrote in this thread."""
    return session.scalar(
        select(Message.channel)
        .where(Message.thread_id == thread.id, Message.kind == "in")
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(1)
    )


def said_before(session: Session, thread: Thread) -> tuple[str | None, str | None]:
    """In-Reply-To and References for the next words in the thread: the member's last mail, and what came before."""
    rows = session.execute(
        select(Message.kind, Message.internet_message_id)
        .where(Message.thread_id == thread.id, Message.internet_message_id != "", Message.channel == "email")
        .order_by(Message.at, Message.id)
    ).all()
    known = [(kind, identifier) for kind, identifier in rows if _is_identifier(identifier)]
    heard = next((identifier for kind, identifier in reversed(known) if kind == "in"), None)
    chain = list(dict.fromkeys(identifier for _, identifier in known))
    if len(chain) > MOST_REFERENCES:
        chain = [chain[0], *chain[-(MOST_REFERENCES - 1) :]]
    if heard is not None:
        # The one answered stands last (RFC 5322 3.6.4).
        chain = [*(identifier for identifier in chain if identifier != heard), heard]
    return heard, " ".join(chain) or None


def _is_identifier(text: str) -> bool:
    """Whether a received Message-ID is fit to be said back: a stranger wrote it."""
    return text.startswith("<") and text.endswith(">") and text.isascii() and text.isprintable() and " " not in text


def subject_of_answer(subject: str) -> str:
    """The subject of an answer: the thread's own, marked once as an answer."""
    bare = " ".join(subject.split())
    while bare[:3].lower() == "re:":
        bare = bare[3:].strip()
    return f"Re: {bare}"[:240] if bare else "Re: your mail"
