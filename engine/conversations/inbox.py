"""Inbox: the conversations in one person's sight, by view and filter, a page at a time by keyset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, assert_never

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, union
from sqlalchemy.orm import Session, aliased

from engine.base.errors import Invalid
from engine.base.stored_time import from_microseconds, to_microseconds
from engine.chapters.chapter import Chapter
from engine.conversations.message import Message, first_line
from engine.conversations.scope import Scope, messages_in, threads_in
from engine.conversations.thread import Thread
from engine.conversations.thread_chapter import also_seen_by
from engine.conversations.topic import TOPIC
from engine.people.address import masked
from engine.people.member import Member

T = TypeVar("T")
View = Literal["mine", "chapters", "unmatched", "all"]
VIEWS: tuple[View, ...] = ("mine", "chapters", "unmatched", "all")
Shown = Literal["open", "unanswered", "overdue", "closed", "topics"]
SHOWN: tuple[Shown, ...] = ("open", "unanswered", "overdue", "closed", "topics")
Order = Literal["newest", "longest"]
ORDERS: tuple[Order, ...] = ("newest", "longest")

PAGE_ROWS = 40
#: Said in words, not by a parameter: else the index of topics is not taken.
IS_TOPIC = Thread.kind == literal(TOPIC, literal_execute=True)
#: Counting stops here; a page says "99+".
COUNT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the sort time and id of its last row; the next page begins after it."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{to_microseconds(self.at)}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """The place a link names. Raises Invalid."""
        at, _, row_id = text.partition("-")
        try:
            place = cls(from_microseconds(int(at)), int(row_id))
        except (ValueError, OverflowError) as error:
            raise Invalid("That page's address is not complete.") from error
        if not 0 <= place.id < 2**63:
            raise Invalid("That page's address is not complete.")
        return place


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inbox."""

    thread_id: int
    member_id: int | None
    name: str
    zone: str | None
    words: str
    at: datetime
    chapter: str
    responsible_id: int | None
    responsible: str
    waits_since: datetime | None
    due_at: datetime | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows in order, and where the next page begins."""

    rows: Sequence[T]
    older: Place | None


@dataclass(frozen=True, slots=True)
class MachineRow:
    """One machine's mail, folded in somebody's timeline; `what` it is: away, bounce, complaint, ..."""

    message_id: int
    thread_id: int | None
    member_id: int | None
    name: str
    words: str
    at: datetime
    what: str


def inbox(
    session: Session, scope: Scope, view: View, shown: Shown, order: Order, now: datetime, after: Place | None = None
) -> Page[Row]:
    """A page of conversations. `longest` shows only those that wait, the one due first on top."""
    ids = _ids(scope, view, shown, order, now, after)
    found = session.execute(_rows(ids, order)).all()
    rows = [_row(found_row) for found_row in found]
    older = None
    if len(rows) > PAGE_ROWS:
        rows = rows[:PAGE_ROWS]
        last = rows[-1]
        older = Place(last.due_at if order == "longest" and last.due_at else last.at, last.thread_id)
    return Page(rows, older)


def waiting_counts(session: Session, scope: Scope) -> dict[View, int]:
    """How many wait in each view, counted up to COUNT_LIMIT."""
    waits = and_(Thread.answer_due_at.is_not(None), Thread.closure_id.is_(None))
    counts: dict[View, int] = {}
    for view in VIEWS:
        # Lane by lane, since each has an index that knows its open ones.
        lanes = [
            select(Thread.id).where(lane, threads_in(scope), waits).limit(COUNT_LIMIT) for lane in _lanes(scope, view)
        ]
        if not lanes:
            counts[view] = 0
            continue
        some = union(*(select(lane.subquery().c.id) for lane in lanes)).limit(COUNT_LIMIT).subquery()
        counts[view] = session.scalar(select(func.count()).select_from(some)) or 0
    return counts


def machine_mail(session: Session, scope: Scope, after: Place | None = None) -> Page[MachineRow]:
    """A page of machines' mail in sight, newest first. It opens no conversation and waits for nobody."""
    query = (
        select(Message, Member.name)
        .outerjoin(Member, Member.id == Message.member_id)
        .where(Message.kind == "machine", messages_in(scope))
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(PAGE_ROWS + 1)
    )
    if after is not None:
        query = query.where(or_(Message.at < after.at, and_(Message.at == after.at, Message.id < after.id)))
    found = [
        MachineRow(
            message.id,
            message.thread_id,
            message.member_id,
            name or message.author_name,
            message.subject or first_line(message.text),
            message.at,
            str(message.detail.get("machine", "")),
        )
        for message, name in session.execute(query)
    ]
    rows = found[:PAGE_ROWS]
    return Page(rows, Place(rows[-1].at, rows[-1].message_id) if len(found) > PAGE_ROWS else None)


def _lane_of_chapters(scope: Scope) -> ColumnElement[bool]:
    """Their chapters' lanes; to whoever sees everything without a chapter of their own, the national desk's."""
    if scope.everything and not scope.chapters:
        return Thread.chapter_id.is_(None)
    return or_(Thread.chapter_id.in_(scope.chapters), Thread.id.in_(also_seen_by(scope.chapters)))


def _lanes(scope: Scope, view: View) -> list[ColumnElement[bool]]:
    """The view as lanes that an index holds in order: one long OR would be sorted whole for every page."""
    chapters = [Thread.chapter_id == chapter_id for chapter_id in sorted(scope.chapters)]
    if chapters:
        chapters.append(Thread.id.in_(also_seen_by(scope.chapters)))
    mine = Thread.responsible_id == scope.member_id
    match view:
        case "mine":
            return [mine]
        case "chapters":
            return chapters or [_lane_of_chapters(scope)]
        case "unmatched":
            here = [threads_in(scope)] if scope.everything else chapters
            return [and_(lane, Thread.responsible_id.is_(None)) for lane in here]
        case "all":
            return [threads_in(scope)] if scope.everything else [*chapters, mine]
        case _:
            assert_never(view)


def _filter(shown: Shown, order: Order, now: datetime) -> ColumnElement[bool]:
    waits = Thread.answer_due_at.is_not(None)
    match shown:
        case "open":
            # A topic is the chapter's own talk: it stands here only while a post of it waits for somebody.
            is_open = and_(Thread.closure_id.is_(None), or_(Thread.kind != TOPIC, waits))
            return and_(is_open, waits) if order == "longest" else is_open
        case "unanswered":
            return and_(Thread.closure_id.is_(None), waits)
        case "overdue":
            return and_(Thread.closure_id.is_(None), Thread.answer_due_at < now)
        case "closed":
            return Thread.closure_id.is_not(None)
        case "topics":
            return and_(IS_TOPIC, waits) if order == "longest" else IS_TOPIC
        case _:
            assert_never(shown)


def _ids(
    scope: Scope, view: View, shown: Shown, order: Order, now: datetime, after: Place | None
) -> Select[tuple[int]] | Any:
    """The ids of a page and one more: a page's worth of each lane, so that no page costs more than another."""
    lanes = []
    for lane in _lanes(scope, view):
        query = select(Thread.id).where(lane, threads_in(scope), _filter(shown, order, now))
        if order == "longest":
            if after is not None:
                query = query.where(
                    or_(
                        Thread.answer_due_at > after.at,
                        and_(Thread.answer_due_at == after.at, Thread.id > after.id),
                    )
                )
            query = query.order_by(Thread.answer_due_at, Thread.id)
        else:
            if after is not None:
                query = query.where(Thread.last_at <= after.at, or_(Thread.last_at < after.at, Thread.id < after.id))
            query = query.order_by(Thread.last_at.desc(), Thread.id.desc())
        lanes.append(select(query.limit(PAGE_ROWS + 1).subquery().c.id))
    return union(*lanes) if lanes else select(Thread.id).where(Thread.id.is_(None))


def _rows(ids: Any, order: Order) -> Select[Any]:
    responsible = aliased(Member)
    query = (
        select(Thread, Member.name, Member.zone, Chapter.name, responsible.name)
        .outerjoin(Member, Member.id == Thread.member_id)
        .outerjoin(Chapter, Chapter.id == Thread.chapter_id)
        .outerjoin(responsible, responsible.id == Thread.responsible_id)
        .where(Thread.id.in_(ids))
        .limit(PAGE_ROWS + 1)
    )
    if order == "longest":
        return query.order_by(Thread.answer_due_at, Thread.id)
    return query.order_by(Thread.last_at.desc(), Thread.id.desc())


def _row(found: Any) -> Row:
    thread, name, zone, chapter, responsible = found
    return Row(
        thread_id=thread.id,
        member_id=thread.member_id,
        name=thread.subject
        if thread.kind == TOPIC
        else name or thread.correspondent_name or masked(thread.correspondent),
        zone=zone,
        words=thread.last_words or thread.subject,
        at=thread.last_at,
        chapter=chapter or "",
        responsible_id=thread.responsible_id,
        responsible=responsible or "",
        waits_since=thread.waits_since,
        due_at=thread.answer_due_at,
        closed=thread.closure_id is not None,
    )
