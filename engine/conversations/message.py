"""Message: words said in a conversation, exactly as said."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.foreseen import flush_soon, foreseeable, hold
from engine.base.ids import new_id
from engine.conversations.closure import reopen
from engine.conversations.feed import tell
from engine.conversations.notice import WORDS, owe_notice
from engine.conversations.thread import IN_STORM, UNTIL_ANSWERED, Thread, came_in
from engine.people.member import in_contact


class Message(Base):
    """Words in a member's timeline. A journey's letter has no thread until somebody answers it."""

    __tablename__ = "message"
    __table_args__ = (
        Index(None, "thread_id", "at", "id"),
        Index(None, "member_id", "at", "id"),
        Index(None, "delivery_id"),
        Index(None, "internet_message_id"),
        # What people said, by time: a new routing rule is tried against the last of it.
        Index(
            "ix_message_in",
            "at",
            "id",
            sqlite_where=text("kind = 'in'"),
            postgresql_where=text("kind = 'in'"),
        ),
        Index(
            "ix_message_machine",
            "at",
            "id",
            sqlite_where=text("kind = 'machine'"),
            postgresql_where=text("kind = 'machine'"),
        ),
        # Somebody's own notes: they choose what of them goes on when they leave.
        Index(
            "ix_message_note",
            "author_id",
            "id",
            sqlite_where=text("kind = 'note'"),
            postgresql_where=text("kind = 'note'"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: When it was received, sent, or written.
    at: Mapped[datetime]
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    #: In whose timeline it stands.
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: A person's words `in`, ours `out`, a private `note`, a `machine`'s mail, a `journey`'s letter.
    kind: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(8), default="email")
    #: Who wrote it; None for somebody unknown or the team's desk.
    author_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    author_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(400), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    #: What was cut from view, in order: [{"why": ..., "text": ...}]; one click away, never lost.
    folded: Mapped[list[Any]] = mapped_column(default=list)
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    #: The row it came in by, and the one it went out by (neither is a foreign key: those tables are partitioned).
    received_id: Mapped[int | None]
    delivery_id: Mapped[int | None]
    #: The Message-ID header, for References.
    internet_message_id: Mapped[str] = mapped_column(String(400), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody said, and how it came or went."""

    text: str
    subject: str = ""
    channel: str = "email"
    author_id: int | None = None
    author_name: str = ""
    folded: list[Any] = field(default_factory=list)
    attachments: list[Any] = field(default_factory=list)
    received_id: int | None = None
    delivery_id: int | None = None
    internet_message_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    #: When it was said, if not now.
    at: datetime | None = None


def file_words_in(
    session: Session, thread: Thread, words: Words, now: datetime, *, waits: bool, answer_within: timedelta
) -> Message:
    """The member's words stand in the thread. With `waits`, a person owes an answer by now + `answer_within`.

    Words that came into a closed thread reopen it; words that need no answer (a recognized answer) leave it as it is.
    """
    message = _add(session, thread, "in", words, now)
    thread.last_in_at = now
    if waits:
        if thread.closure_id is not None:
            reopen(session, thread, None, now)
        thread.waits_since = thread.waits_since or now
        # What was put off comes back with new words.
        thread.answer_due_at = min(thread.answer_due_at or now + answer_within, now + answer_within)
        if thread.kind == "person":
            thread.hold_until_at = UNTIL_ANSWERED
            if IN_STORM not in thread.marks:  # of a muted conversation nobody is told mail by mail
                with session.no_autoflush:
                    owe_notice(session, thread, WORDS, now)
    _show(session, thread, message, now)
    return message


def file_machine_mail(
    session: Session, thread: Thread | None, words: Words, now: datetime, *, member_id: int | None = None
) -> Message:
    """A machine's mail stands folded in the timeline; nothing waits for it and nothing is held by it.

    Without a thread it stands in the member's own timeline, or (nobody's) only in the list of machine mail.
    """
    return _add(session, thread, "machine", words, now, member_id=member_id)


def file_words_out(session: Session, thread: Thread, words: Words, now: datetime, *, hold_for: timedelta) -> Message:
    """Our words stand in the thread; nothing waits any more, and journeys hold on for `hold_for` after them."""
    message = _add(session, thread, "out", words, now)
    thread.last_out_at = now
    thread.waits_since = thread.answer_due_at = None
    if thread.kind == "person" and thread.closure_id is None:
        thread.hold_until_at = now + hold_for
    _show(session, thread, message, now)
    return message


def write_note(session: Session, thread: Thread, author_id: int, text: str, now: datetime) -> Message:
    """A private note stands in the thread. It is never sent: nothing here knows how."""
    message = _add(session, thread, "note", Words(text=text, channel="none", author_id=author_id), now)
    record(session, author_id, "noted", "thread", thread.id, now, chapter_id=thread.chapter_id)
    tell(session, thread, "note", now)
    return message


def first_line(text: str) -> str:
    """The first line that says something, for lists."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]


def _add(
    session: Session, thread: Thread | None, kind: str, words: Words, now: datetime, *, member_id: int | None = None
) -> Message:
    message = Message(
        id=new_id(),
        created_at=now,
        at=words.at or now,
        thread_id=thread.id if thread is not None else None,
        member_id=thread.member_id if thread is not None else member_id,
        kind=kind,
        channel=words.channel,
        author_id=words.author_id,
        author_name=words.author_name[:200],
        subject=words.subject[:400],
        text=words.text,
        folded=words.folded,
        attachments=words.attachments,
        received_id=words.received_id,
        delivery_id=words.delivery_id,
        internet_message_id=words.internet_message_id[:400],
        detail=words.detail,
    )
    session.add(message)
    _note_said(session, message)
    flush_soon(session)
    return message


def _note_said(session: Session, message: Message) -> None:
    """What is foreseen of words is true with this message too."""
    whose, name = message.member_id, message.internet_message_id
    lately = message.kind in ("in", "machine") and message.at > message.created_at - LATELY
    if lately and whose is not None and said_lately.is_foreseen(session, whose):
        said_lately.foresee(session, said_lately(session, whose) + 1, whose)
    if message.kind == "in" and name and message.thread_id and came_in.is_foreseen(session, message.thread_id):
        came_in(session, message.thread_id).setdefault(name, []).append(str(message.detail.get("content") or ""))
    if message.delivery_id is not None:
        said_with.forget(session, message.delivery_id)


def _show(session: Session, thread: Thread, message: Message, now: datetime) -> None:
    with session.no_autoflush:  # what changed in the thread is written once, below
        in_contact(session, message.member_id, now)
    thread.last_at = now
    # What nobody could read is no words of theirs, and a calendar's answer may have none: the subject says more.
    said = "" if message.detail.get("unreadable") else first_line(message.text)
    thread.last_words = said or message.subject[:200]
    flush_soon(session)
    tell(session, thread, "message", now)


@foreseeable
def said_with(session: Session, delivery_id: int) -> Message | None:
    """The words in a timeline that went out with a delivery."""
    return session.scalar(select(Message).where(Message.delivery_id == delivery_id).order_by(Message.id).limit(1))


def came_by(session: Session, thread_id: int, internet_message_id: str) -> list[str]:
    """The hashes of mails by this Message-ID that stand in the conversation; of a few of them."""
    if came_in.is_foreseen(session, thread_id):
        return came_in(session, thread_id).get(internet_message_id, [])
    same = select(Message.detail).where(
        Message.internet_message_id == internet_message_id, Message.thread_id == thread_id, Message.kind == "in"
    )
    return [str(each.get("content") or "") for each in session.scalars(same.limit(_MOST_NAMED))]


@foreseeable
def said_lately(_session: Session, _member_id: int) -> int:
    """How many messages came from a member within LATELY: only ever foreseen (engine.conversations.storm)."""
    return 0


def foresee_messages(session: Session, delivery_ids: Collection[int]) -> list[Message]:
    """The words that went with each of these deliveries are known."""
    went: Sequence[Message] = _WENT.found(session, delivery_ids)
    first = {row.delivery_id: row for row in went}
    for delivery_id in delivery_ids:
        said_with.foresee(session, first.get(delivery_id), delivery_id)
    hold(session, went)
    return list(first.values())


def foresee_came(session: Session, thread_ids: Collection[int], names: Collection[str]) -> None:
    """It is known which mails by these Message-IDs stand in these conversations, in which nobody else writes now."""
    for thread_id in thread_ids:
        came_in.foresee(session, {}, thread_id)
    for thread_id, name, content in _CAME.rows(session, thread_ids, names=names) if names else ():
        came_in(session, thread_id).setdefault(name, []).append(content or "")


_WENT = ManyAsked(lambda one_of: select(Message).where(one_of(Message.delivery_id)).order_by(Message.id.desc()))
#: Mails by one Message-ID that are looked at; for many conversations together.
_MOST_NAMED, _MOST_CAME = 5, 1_000
_CAME = ManyAsked(
    lambda one_of: (
        select(Message.thread_id, Message.internet_message_id, Message.detail["content"].as_string())
        .where(one_of(Message.thread_id), one_of(Message.internet_message_id, "names"), Message.kind == "in")
        .distinct()
        .limit(_MOST_CAME)
    )
)
#: Within so long whoever writes too often is in a storm (engine.conversations.storm).
LATELY = timedelta(hours=1)
