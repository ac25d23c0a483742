"""FanOut: one post of a topic on its way to everybody in the chapter whose choice is to have it.

A row per post, worked off in batches by member id: a batch is four set statements and one transaction, whatever it is
of a chapter of twelve or of a hundred thousand. The cursor moves in the transaction that writes the batch, so that a
crash loses at most a batch that was not written; a second worker waits for the row, and finds it moved.

    pictures ──> mail ──> text ──> done

`pictures`: the post came with pictures, which are drawn anew first (`engine.outbox.relayed_picture`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Index, Select, String, and_, case, func, literal, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from engine.base.asking import among
from engine.base.broker import wake_on_commit
from engine.base.bulk import insert_into, insert_new
from engine.base.db import Base, Big, Id, Json, table_of
from engine.base.ids import new_ids
from engine.base.stored_time import UTCDateTime
from engine.chapters.membership import Membership
from engine.chapters.topic_choice import HEARS_NAMED_BY_TEXT
from engine.content.template import current_version
from engine.conversations.message import Message
from engine.conversations.picture import PICTURES_BY_TEXT
from engine.conversations.topic import MemberBlock, TopicMute
from engine.conversations.topic_post import TopicPost
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.mention import named_in
from engine.outbox.queue import SEND
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Channel, ConsentStanding
from engine.people.member import Member

FAN_OUT, PICTURES = "topics.fan_out", "topics.pictures"
#: Deliveries of one transaction: what waits for the database meanwhile waits some hundredths of a second.
BATCH: Final = 1_000
#: The letter and the text that carry one post.
LETTER, TEXT = "topic", "sms/topic"
#: What a delivery's `data` calls the posts it carries (engine.outbox.topic_letter reads them when it is written).
POSTS = "posts"
_LANGUAGES = ("en", "es")


class FanOut(Base):
    """One post's way out: which channel's turn it is, and up to which member its deliveries stand in the outbox."""

    __tablename__ = "fan_out"
    __table_args__ = (
        Index(None, "chapter_id", "created_at"),
        Index(None, "thread_id", "created_at"),
        Index(
            "ix_fan_out_due",
            "created_at",
            "message_id",
            sqlite_where=text("state != 'done'"),
            postgresql_where=text("state != 'done'"),
        ),
    )

    #: The post (TopicPost and Message).
    message_id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int]
    chapter_id: Mapped[int]
    author_id: Mapped[int]
    #: pictures, mail, text, done
    state: Mapped[str] = mapped_column(String(8))
    #: The last member of the channel's turn who has been served.
    cursor_id: Mapped[int] = mapped_column(default=0, server_default="0")
    #: How many read along in the chapter, as the foot of each letter says it.
    people: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Whom the words name.
    named: Mapped[list[int]] = mapped_column(Json, default=list)
    done_at: Mapped[datetime | None]


class FanOutKey(Base):
    """At most one delivery of a post for each member and channel (law 5). Never partitioned."""

    __tablename__ = "fan_out_key"
    __table_args__ = {"sqlite_with_rowid": False}

    message_id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int]


@dataclass(frozen=True, slots=True)
class _Turn:
    """One channel's turn: where it goes on afterwards, which letter it sends, and to what kind of address."""

    channel: Channel
    then: str
    template: str
    kind: str


_TURNS: Mapping[str, _Turn] = {
    "mail": _Turn("email", "text", LETTER, "email"),
    "text": _Turn("sms", "done", TEXT, "phone"),
}
_DELIVERY, _KEY, _DUE = table_of(Delivery), table_of(FanOutKey), table_of(OutboxDue)


def begin(session: Session, post: TopicPost, now: datetime) -> None:
    """The post is on its way to the chapter; begun twice, it goes once. Only a post that is `out` may be given."""
    if post.state != "out":
        raise ValueError(f"a post that is {post.state} goes to nobody")
    message = session.get_one(Message, post.message_id)
    shows = bool(message.attachments) or PICTURES_BY_TEXT in message.detail
    insert_new(
        session,
        table_of(FanOut),
        [
            {
                "message_id": post.message_id,
                "created_at": now,
                "thread_id": post.thread_id,
                "chapter_id": post.chapter_id,
                "author_id": post.author_id,
                "state": "pictures" if shows else "mail",
                "cursor_id": 0,
                "people": 0,
                "named": sorted(named_in(session, message.text, post.thread_id, post.chapter_id) - {post.author_id}),
            }
        ],
    )
    wake_on_commit(session, PICTURES if shows else FAN_OUT, post.message_id)


def pictures_are_drawn(session: Session, message_id: int) -> None:
    """The post waits for its pictures no more."""
    row = session.get(FanOut, message_id, with_for_update=True)
    if row is not None and row.state == "pictures":
        row.state = "mail"
        wake_on_commit(session, FAN_OUT, message_id)


def fan_out(session: Session, message_id: int, now: datetime, *, batch: int = BATCH) -> bool:
    """The next batch of the post's deliveries stands in the outbox; False when there is nothing more to do.

    Whoever stopped, left, muted the topic, chose not to have it, or has had enough of its author is passed over, and so
    is the author; the gate asks all of that again when a delivery is about to leave.
    """
    row = session.get(FanOut, message_id, with_for_update=True, populate_existing=True)
    if row is None or row.state not in _TURNS:
        return False
    if not row.people:
        row.people = readers_of(session, row.chapter_id)
    turn = _TURNS[row.state]
    ids = new_ids(batch)
    reached = _write(session, row, turn, ids, now)
    if reached is not None:
        row.cursor_id = reached
        wake_on_commit(session, SEND[turn.channel])
        return True
    row.state, row.cursor_id = turn.then, 0
    if row.state == "done":
        row.done_at = now
        session.execute(update(TopicPost).where(TopicPost.message_id == message_id).values(fanned_out_at=now))
    session.flush()
    return row.state in _TURNS


def readers_of(session: Session, chapter_id: int) -> int:
    """How many people of the chapter read what is written in its topics, in whatever way they chose."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Membership)
            .where(
                Membership.chapter_id == chapter_id,
                Membership.left_at.is_(None),
                or_(Membership.topics_by_mail != "none", Membership.topics_by_text != "none"),
            )
        )
        or 0
    )


def due_fan_outs(session: Session, _now: datetime) -> list[int | None]:
    """Posts whose way out is not at its end."""
    rows = session.scalars(
        select(FanOut.message_id).where(FanOut.state.in_(tuple(_TURNS))).order_by(FanOut.created_at).limit(200)
    )
    return list(rows)


def due_for_pictures(session: Session, _now: datetime) -> list[int | None]:
    """Posts that wait for their pictures."""
    rows = session.scalars(
        select(FanOut.message_id).where(FanOut.state == "pictures").order_by(FanOut.created_at).limit(200)
    )
    return list(rows)


def _write(session: Session, row: FanOut, turn: _Turn, ids: range, now: datetime) -> int | None:
    """The batch's keys, deliveries and places in the queue are there; the last member it reached, or None for none.

    The key goes first, and the others are made of it: what has one already has its delivery too, and gets no second.
    """
    session.flush()
    whom = recipients(session, row, turn.channel, turn.kind).limit(len(ids)).subquery()
    number = literal(ids[0] - 1, Big) + func.row_number().over(order_by=whom.c.member_id)
    keys = select(literal(row.message_id, Big), literal(turn.channel), whom.c.member_id, number).where(
        # SQLite takes ON CONFLICT for part of a join unless a WHERE stands before it.
        text("1 = 1")
    )
    session.execute(
        insert_into(session, _KEY)
        .from_select(["message_id", "channel", "member_id", "delivery_id"], keys)
        .on_conflict_do_nothing()
    )
    mine = and_(
        FanOutKey.message_id == row.message_id,
        FanOutKey.channel == turn.channel,
        FanOutKey.member_id > row.cursor_id,
        FanOutKey.delivery_id.between(ids[0], ids[-1]),
    )
    at = literal(now, UTCDateTime)
    values: dict[str, Any] = {
        "id": FanOutKey.delivery_id,
        "created_at": at,
        "message_class": literal("chapter"),
        "channel": literal(turn.channel),
        "member_id": FanOutKey.member_id,
        "chapter_id": literal(row.chapter_id, Big),
        "thread_id": literal(row.thread_id, Big),
        "template_version_id": _version(session, turn.template),
        "data": literal({POSTS: [row.message_id]}, Json),
        "send_at": at,
        "state": literal("queued"),
        "state_at": at,
        "attempts": literal(0),
    }
    deliveries = select(*values.values()).join(Member, Member.id == FanOutKey.member_id).where(mine)
    session.execute(insert_into(session, _DELIVERY).from_select(list(values), deliveries))
    due = select(literal(rank_of("chapter", turn.channel)), at, FanOutKey.delivery_id).where(mine)
    session.execute(insert_into(session, _DUE).from_select(["rank", "send_at", "delivery_id"], due))
    return session.scalar(
        select(func.max(FanOutKey.member_id)).where(
            FanOutKey.message_id == row.message_id,
            FanOutKey.channel == turn.channel,
            FanOutKey.member_id > row.cursor_id,
        )
    )


def recipients(session: Session, row: FanOut, channel: Channel, kind: str) -> Select[tuple[int]]:
    """The members behind the cursor who are to have the post by this channel, in the order of their ids."""
    # Joined by their keys: as conditions that stand in an OR they would be read whole for every batch.
    own, everything = aliased(ConsentStanding), aliased(ConsentStanding)

    def theirs(standing: Any, scope: str) -> ColumnElement[bool]:
        return and_(standing.member_id == Membership.member_id, standing.channel == channel, standing.scope == scope)

    # A yes to this chapter may be newer than a no to everything: which counts is the gate's to say.
    not_stopped = and_(
        or_(own.opted_in.is_(None), own.opted_in.is_(True)),
        or_(everything.opted_in.is_(None), everything.opted_in.is_(True), own.opted_in.is_(True)),
    )
    return (
        select(Membership.member_id)
        .join(Member, Member.id == Membership.member_id)
        .outerjoin(own, theirs(own, f"chapter:{row.chapter_id}"))
        .outerjoin(everything, theirs(everything, EVERYTHING))
        .where(
            Membership.chapter_id == row.chapter_id,
            Membership.member_id > row.cursor_id,
            Membership.member_id != row.author_id,
            Membership.left_at.is_(None),
            _chosen(session, row.named, channel),
            Member.erased_at.is_(None),
            select(Address.id).where(Address.member_id == Membership.member_id, Address.kind == kind).exists(),
            not_stopped,
            ~select(TopicMute.member_id)
            .where(TopicMute.member_id == Membership.member_id, TopicMute.thread_id == row.thread_id)
            .exists(),
            ~select(MemberBlock.member_id)
            .where(MemberBlock.member_id == Membership.member_id, MemberBlock.from_id == row.author_id)
            .exists(),
        )
        .order_by(Membership.member_id)
    )


def _chosen(session: Session, named: Sequence[int], channel: Channel) -> ColumnElement[bool]:
    """Whose choice is to hear of this post at once: by mail of each, or because it names them."""
    is_named = among(session, Membership.member_id, named)
    if channel == "sms":
        return and_(Membership.topics_by_text.in_(HEARS_NAMED_BY_TEXT), is_named)
    each = Membership.topics_by_mail == "each"
    return or_(each, and_(Membership.topics_by_mail == "mentions", is_named)) if named else each


def _version(session: Session, template: str) -> ColumnElement[int]:
    """The letter's version in the member's language."""
    versions = {language: current_version(session, template, language).id for language in _LANGUAGES}
    spanish = or_(Member.language == "es", Member.language.like("es-%"), Member.language.like("es!_%", escape="!"))
    return case((spanish, literal(versions["es"], Big)), else_=literal(versions["en"], Big))
