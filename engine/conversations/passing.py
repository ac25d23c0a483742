"""Passing: what of an organizer's notes about members goes to whoever answers after them (N21).

A message holds only what others may read; the whole words of a note that others read in part, or not at all, stand in
a row of their own for its author. So whatever shows, searches or hands out messages can tell nobody too much. When its
author goes away or answers here no more, each note passes scrubbed (engine.conversations.scrubbing); one that they keep
to themselves, or that says it was told in confidence, does not pass unless they said so. The author reads their own
words whole as long as they answer people; thirty days after that nobody does.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, delete, exists, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from engine.audit.entry import record
from engine.base.asking import among
from engine.base.db import Base, Id, changed_by
from engine.base.errors import NotFound
from engine.chapters.membership import Role
from engine.conversations.message import Message
from engine.conversations.scrubbing import Scrubbed, scrub
from engine.conversations.thread import Thread
from engine.people.member import Member

#: What an author says of a note: it passes scrubbed, it is theirs alone, it goes at once and for good.
PASS, KEEP, DELETE = "pass", "keep", "delete"
CHOICES: Final = (PASS, KEEP, DELETE)
#: So long the whole words are kept after their author answers nobody any more: a role ended by mistake is given again.
KEPT_FOR = timedelta(days=30)
#: What a message's `detail` says of a note: others read none of it, or a scrubbed part.
PASSING, HELD_BACK, SCRUBBED = "passing", "kept", "scrubbed"
#: Notes on one page, and of one round of the forgetting.
PAGE_NOTES, MOST_FORGOTTEN = 50, 500


class NotePassing(Base):
    """What its author chose for a note, and its whole words where the message holds less."""

    __tablename__ = "note_passing"
    __table_args__ = (Index(None, "author_id"), Index(None, "forget_at"))

    #: No foreign key: the message may be deleted first.
    message_id: Mapped[Id]
    created_at: Mapped[datetime]
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: PASS or KEEP.
    choice: Mapped[str] = mapped_column(String(4))
    #: None: nobody chose, and the rule did.
    chosen_at: Mapped[datetime | None]
    #: None: the message holds them.
    whole: Mapped[str | None] = mapped_column(Text)
    #: When it passed to others.
    passed_at: Mapped[datetime | None]
    #: When the whole words go, because nobody may read them any more.
    forget_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class OwnNote:
    """One note as its author sees it before others have it."""

    message_id: int
    at: datetime
    thread_id: int
    name: str
    whole: str
    #: What would go on of it.
    goes: Scrubbed
    #: PASS or KEEP: what is chosen, else what the rule says.
    choice: str
    chosen: bool
    passed: bool


@dataclass(frozen=True, slots=True)
class PassedNotes:
    """How many notes went on, in part or whole, and how many were kept back."""

    passed: int = 0
    kept: int = 0


def own_notes(session: Session, author_id: int, before: int | None = None, most: int = PAGE_NOTES) -> list[OwnNote]:
    """Somebody's own notes about members, the latest first, `most` of them, before that message."""
    query = (
        select(Message, NotePassing, Member.name, Thread.correspondent_name)
        .join(Thread, Thread.id == Message.thread_id)
        .outerjoin(NotePassing, NotePassing.message_id == Message.id)
        .outerjoin(Member, Member.id == Thread.member_id)
        .where(*_notes_of(author_id))
        .order_by(Message.id.desc())
        .limit(most)
    )
    if before is not None:
        query = query.where(Message.id < before)
    found: list[OwnNote] = []
    for message, row, name, correspondent in session.execute(query):
        if "draft" in message.detail:
            continue  # words for the member, not a note
        whole = row.whole if row is not None and row.whole is not None else message.text
        goes = scrub(whole)
        choice = row.choice if row is not None and row.chosen_at is not None else _default(goes)
        found.append(
            OwnNote(
                message.id, message.at, message.thread_id or 0, name or correspondent, whole, goes, choice,
                chosen=row is not None and row.chosen_at is not None,
                passed=row is not None and row.passed_at is not None,
            )
        )  # fmt: skip
    return found


def keep_to_oneself(session: Session, note: Message, now: datetime) -> None:
    """The note is its author's alone: nobody else reads a word of it, and it does not pass."""
    row = _row(session, note, now)
    row.chosen_at = now
    _hold_back(note, row)
    session.flush()


def choose(session: Session, author_id: int, message_id: int, choice: str, now: datetime) -> None:
    """What the author says of a note holds: KEEP and DELETE at once, PASS when others come to answer in their place.

    Raises NotFound for a note that is not theirs.
    """
    query = select(Message).where(Message.id == message_id, *_notes_of(author_id))
    note = session.scalar(query.with_for_update())
    if note is None or "draft" in note.detail:
        raise NotFound("There is no such note of yours.")
    if choice == DELETE:
        session.execute(delete(NotePassing).where(NotePassing.message_id == note.id))
        record(session, author_id, "note_deleted", "thread", note.thread_id or 0, now)
        session.delete(note)
        session.flush()
        return
    if choice == KEEP:
        keep_to_oneself(session, note, now)
        return
    row = _row(session, note, now)
    row.choice, row.chosen_at = PASS, now
    if row.passed_at is not None:
        _pass(note, row, now)
    session.flush()


def pass_notes(
    session: Session,
    author_id: int,
    now: datetime,
    *,
    thread_ids: Collection[int] | None = None,
    for_good: bool = False,
) -> PassedNotes:
    """What of somebody's notes others may read is what they read from now on; of these conversations, or of all.

    `for_good`: their whole words are forgotten after KEPT_FOR, unless they answer people again by then.
    """
    query = (
        select(Message, NotePassing)
        .outerjoin(NotePassing, NotePassing.message_id == Message.id)
        .where(*_notes_of(author_id), NotePassing.passed_at.is_(None))
        .order_by(Message.id)
    )
    if thread_ids is not None:
        query = query.where(among(session, Message.thread_id, thread_ids))
    passed = kept = 0
    for note, known in session.execute(query).all():
        if "draft" in note.detail:
            continue  # words for the member, which their author may still press
        row = known or _new_row(session, note, now)
        whole = row.whole if row.whole is not None else note.text
        if row.chosen_at is None:
            row.choice = _default(scrub(whole))
        row.passed_at = now
        if row.choice == KEEP:
            _hold_back(note, row)
            kept += 1
        else:
            _pass(note, row, now)
            passed += 1
    session.flush()
    if for_good:
        session.execute(
            update(NotePassing)
            .where(NotePassing.author_id == author_id, NotePassing.whole.is_not(None))
            .values(forget_at=now + KEPT_FOR)
        )
    return PassedNotes(passed, kept)


def whole_words(session: Session, messages: Sequence[Message], reader_id: int | None) -> Mapping[int, str]:
    """The reader's own notes among these, whole, where others read less; by message."""
    mine = [each.id for each in messages if each.kind == "note" and each.author_id == reader_id and each.detail]
    if reader_id is None or not mine:
        return {}
    rows = session.execute(
        select(NotePassing.message_id, NotePassing.whole).where(
            NotePassing.message_id.in_(mine), NotePassing.author_id == reader_id, NotePassing.whole.is_not(None)
        )
    )
    return {message_id: whole for message_id, whole in rows if whole is not None}


def is_passing(message: Message) -> bool:
    """Whether it is a note of which others read less than its author wrote."""
    return message.kind == "note" and PASSING in message.detail


def forgettable(session: Session, now: datetime, most: int = 1) -> list[int]:
    """Notes whose whole words are due to go, by message."""
    query = select(NotePassing.message_id).where(NotePassing.forget_at <= now).order_by(NotePassing.forget_at)
    return list(session.scalars(query.limit(most)))


def forget_whole(session: Session, now: datetime) -> int:
    """Whole words that nobody may read any more are gone; of somebody who answers here again they stay. How many."""
    due = forgettable(session, now, MOST_FORGOTTEN)
    answering = select(Role.member_id).where(Role.ended_at.is_(None))
    mine = among(session, NotePassing.message_id, due)
    session.execute(update(NotePassing).where(mine, NotePassing.author_id.in_(answering)).values(forget_at=None))
    return changed_by(
        session, update(NotePassing).where(mine, NotePassing.forget_at.is_not(None)).values(whole=None, forget_at=None)
    )


def _notes_of(author_id: int) -> tuple[ColumnElement[bool], ...]:
    """What they wrote about people; a command in a chapter's topic is kept as a note too, and is none of these."""
    talk = aliased(Thread)
    with_person = exists().where(talk.id == Message.thread_id, talk.kind == "person")
    return Message.kind == "note", Message.author_id == author_id, with_person


def _default(goes: Scrubbed) -> str:
    return KEEP if goes.confided else PASS


def _hold_back(note: Message, row: NotePassing) -> None:
    if row.whole is None:
        row.whole = note.text
    row.choice = KEEP
    note.text, note.detail = "", {**note.detail, PASSING: HELD_BACK}


def _pass(note: Message, row: NotePassing, now: datetime) -> None:
    whole = row.whole if row.whole is not None else note.text
    goes = scrub(whole)
    row.passed_at = row.passed_at or now
    detail = {name: value for name, value in note.detail.items() if name != PASSING}
    if goes.text == whole:
        row.whole = None
    else:
        row.whole, detail = whole, {**detail, PASSING: SCRUBBED}
    note.text, note.detail = goes.text, detail


def _row(session: Session, note: Message, now: datetime) -> NotePassing:
    return session.get(NotePassing, note.id) or _new_row(session, note, now)


def _new_row(session: Session, note: Message, now: datetime) -> NotePassing:
    row = NotePassing(message_id=note.id, created_at=now, author_id=note.author_id or 0, choice=PASS)
    session.add(row)
    return row
