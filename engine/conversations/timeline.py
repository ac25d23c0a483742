"""Timeline: everything said in a conversation, in order, and what was done about it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine.chapters.ledger import ledger_of
from engine.conversations.assignment import Assignment
from engine.conversations.closure import Closure
from engine.conversations.message import Message
from engine.conversations.passing import whole_words
from engine.conversations.thread import Thread
from engine.people.address import masked
from engine.people.member import names_of
from engine.people.pending import Pending

#: Messages on one page; what is older is one link away.
PAGE_MESSAGES = 120
#: Of the member's words of consent so many stand among what was said; all of them on their own page.
MOST_CONSENTS = 30
#: How somebody else says for a member what may come to them.
BY_OTHERS = ("import", "added by hand")


@dataclass(frozen=True, slots=True)
class Said:
    """One message, with the name of whoever said it."""

    at: datetime
    message: Message
    author: str
    #: The reader's own note, of which others read less than this.
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Something somebody did: assigned, closed or reopened, or what is pending. `by` empty: a rule did."""

    at: datetime
    what: str
    by_id: int | None
    by: str
    to_id: int | None = None
    to: str = ""
    why: str = ""
    #: A word of consent: its channel.
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """In order of time; `earlier` when there is more before the first."""

    entries: list[Said | Done]
    earlier: int | None


def timeline(
    session: Session, thread: Thread, before_id: int | None = None, *, reader_id: int | None = None
) -> Timeline:
    """The thread's words, with the letters and machine mail in the member's own timeline, and who did what.

    Notes stand there as others may read them, the reader's own whole.
    """
    of_thread = Message.thread_id == thread.id
    if thread.member_id is not None:
        of_thread = or_(of_thread, and_(Message.member_id == thread.member_id, Message.thread_id.is_(None)))
    query = select(Message).where(of_thread).order_by(Message.at.desc(), Message.id.desc()).limit(PAGE_MESSAGES + 1)
    if before_id is not None:
        edge = session.get(Message, before_id)
        if edge is not None:
            query = query.where(or_(Message.at < edge.at, and_(Message.at == edge.at, Message.id < edge.id)))
    messages = list(session.scalars(query))
    earlier = messages[PAGE_MESSAGES - 1].id if len(messages) > PAGE_MESSAGES else None
    messages = messages[:PAGE_MESSAGES]
    assignments = list(session.scalars(select(Assignment).where(Assignment.thread_id == thread.id)))
    closures = list(session.scalars(select(Closure).where(Closure.thread_id == thread.id)))
    pending = list(session.scalars(select(Pending).where(Pending.thread_id == thread.id)))
    names = names_of(
        session,
        {message.author_id for message in messages}
        | {row.member_id for row in assignments}
        | {row.by_id for row in assignments}
        | {row.by_id for row in closures}
        | {row.reopened_by_id for row in closures}
        | {row.member_id for row in pending},
    )
    whole = whole_words(session, messages, reader_id)
    entries: list[Said | Done] = [
        Said(message.at, message, names.get(message.author_id) or message.author_name, whole.get(message.id))
        for message in reversed(messages)
    ]
    first = messages[-1].at if earlier else None
    doings = [*_doings(assignments, closures, names), *(done for row in pending for done in _waits(row, names))]
    doings += _consents(session, thread)
    entries += [done for done in doings if first is None or done.at >= first]
    # What was said comes before what was done about it in the same instant.
    entries.sort(key=lambda entry: (entry.at, isinstance(entry, Done)))
    return Timeline(entries, earlier)


def _doings(assignments: list[Assignment], closures: list[Closure], names: dict[int | None, str]) -> list[Done]:
    doings = [
        Done(
            row.created_at,
            "assigned",
            row.by_id,
            names.get(row.by_id, ""),
            row.member_id,
            names.get(row.member_id, ""),
            row.why,
        )
        for row in assignments
    ]
    for row in closures:
        doings.append(Done(row.created_at, "closed", row.by_id, names.get(row.by_id, ""), why=row.why))
        if row.reopened_at is not None:
            doings.append(Done(row.reopened_at, "reopened", row.reopened_by_id, names.get(row.reopened_by_id, "")))
    return doings


def _consents(session: Session, thread: Thread) -> list[Done]:
    """What the member agreed to or stopped by their own word, as it came."""
    if thread.member_id is None:
        return []
    return [
        Done(line.at, "agreed" if line.opted_in else "stopped", None, "", to=line.chapter or line.scope, why=line.how,
             channel=line.channel)
        for line in ledger_of(session, thread.member_id, latest=MOST_CONSENTS)
        if line.how not in BY_OTHERS
    ]  # fmt: skip


def _waits(row: Pending, names: dict[int | None, str]) -> list[Done]:
    """That something is pending, whether its member was asked, and what they said."""
    group = row.kind if row.kind in ("stop", "leave", "address") else "pace"
    who, what = names.get(row.member_id, ""), masked(row.given) if row.kind == "address" else ""
    asked = "asked" if row.asked_at is not None else "unasked"
    doings = [Done(row.asked_at or row.created_at, f"{asked}_{group}", None, who, why=what)]
    if row.done_at is not None:
        doings.append(Done(row.done_at, f"confirmed_{group}", row.member_id, who, why=what))
    if row.refused_at is not None:
        doings.append(Done(row.refused_at, f"refused_{group}", row.member_id, who, why=what))
    return doings
