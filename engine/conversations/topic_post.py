"""Topic post: a member's words in a chapter's topic, and how far they may go.

    held ──> out         a steward approved, or ten minutes passed in which the author did not take it back
      ├────> rejected    a steward said no, and why
      ├────> unsent      the author took it back
      └────> private     the author wanted only one person to have it

Only what is `out` reaches neighbors (engine.outbox.fan_out), and it never turns back.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ForeignKey, Index, String, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.conversations.closure import reopen
from engine.conversations.feed import tell
from engine.conversations.message import Message, Words, file_words_in
from engine.conversations.thread import Thread
from engine.conversations.topic import TOPIC

#: How long the author of words that look private may take them back before they go out.
GUARD = timedelta(minutes=10)
#: So many posts of one member within an hour go out by themselves; whatever follows waits for a steward.
MOST_AN_HOUR = 12
WhyHeld = Literal["", "first_post", "looks_private", "moderated"]
#: As the index of held posts says it: with a bound value no database would use the index.
_HELD = text("topic_post.state = 'held'")


class TopicPost(Base):
    """One message of a topic on its way to the chapter."""

    __tablename__ = "topic_post"
    __table_args__ = (
        Index(None, "thread_id", "created_at"),
        Index(None, "chapter_id", "author_id", "created_at"),
        Index(
            "ix_topic_post_held",
            "release_at",
            "message_id",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
        Index(
            "ix_topic_post_to_fan_out",
            "created_at",
            "message_id",
            sqlite_where=text("state = 'out' AND fanned_out_at IS NULL"),
            postgresql_where=text("state = 'out' AND fanned_out_at IS NULL"),
        ),
    )

    message_id: Mapped[Id] = mapped_column(ForeignKey("message.id"))
    created_at: Mapped[datetime]
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    chapter_id: Mapped[int] = mapped_column(ForeignKey("chapter.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: held, out, rejected, unsent, private
    state: Mapped[str] = mapped_column(String(10))
    #: Why it was held: first_post, looks_private, moderated; empty: it went out at once.
    why_held: Mapped[str] = mapped_column(String(16), default="", server_default="")
    #: The same in words for whoever decides, and what they said when they decided.
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
    verdict: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: When it goes out unless it is taken back; None: a person decides.
    release_at: Mapped[datetime | None]
    #: Who decided, the author included; None with a `decided_at`: time did.
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    decided_at: Mapped[datetime | None]
    #: The one person who got it instead of the chapter.
    only_to_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: When its deliveries stood in the outbox (engine.outbox.fan_out).
    fanned_out_at: Mapped[datetime | None]


def add_post(
    session: Session,
    thread: Thread,
    author_id: int,
    words: Words,
    now: datetime,
    *,
    why_held: WhyHeld = "",
    why: str = "",
    release_at: datetime | None = None,
    only_to_id: int | None = None,
    answer_within: timedelta = timedelta(hours=24),
) -> TopicPost:
    """The member's words stand in the topic: held for the reason given, else out, which the caller then fans out.

    What is held without a `release_at` waits for a person, who owes a decision by now + `answer_within`. Words that are
    for one person alone (`only_to_id`) are private at once, and the caller relays them.
    """
    if thread.kind != TOPIC or thread.chapter_id is None:
        raise ValueError("only a chapter's topic has posts")
    waits = bool(why_held) and release_at is None
    shown_before = thread.last_words
    message = file_words_in(session, thread, words, now, waits=waits, answer_within=answer_within)
    if thread.closure_id is not None:
        reopen(session, thread, None, now)
    post = TopicPost(
        message_id=message.id,
        created_at=now,
        thread_id=thread.id,
        chapter_id=thread.chapter_id,
        author_id=author_id,
        state="held" if why_held else "private" if only_to_id is not None else "out",
        why_held=why_held,
        why=why,
        release_at=release_at,
        decided_at=None if why_held else now,
        only_to_id=only_to_id,
    )
    session.add(post)
    if only_to_id is not None:
        thread.last_words = shown_before  # what one person alone gets stands in no list
    session.flush()
    return post


def let_out(session: Session, post: TopicPost, by_id: int | None, now: datetime) -> bool:
    """The held post is out (`by_id` None: its time came); False when it was decided before. The caller fans it out."""
    return _decide(session, post, "out", by_id, now)


def reject(session: Session, post: TopicPost, by_id: int, why: str, now: datetime) -> bool:
    """The held post goes to nobody; the author is to be told why. False when it was decided before."""
    post.verdict = why if post.state == "held" else post.verdict
    return _decide(session, post, "rejected", by_id, now)


def unsend(session: Session, post: TopicPost, now: datetime) -> bool:
    """The author took the held post back; False when it was decided before."""
    return _decide(session, post, "unsent", post.author_id, now)


def only_to(session: Session, post: TopicPost, member_id: int, now: datetime) -> bool:
    """The held post is for that one person, to whom the caller relays it; False when it was decided before."""
    if post.state != "held":
        return False
    post.only_to_id = member_id
    return _decide(session, post, "private", post.author_id, now)


def hold(session: Session, post: TopicPost, why: str, now: datetime) -> bool:
    """A post that would go out by itself waits for a person instead; False when it was decided before."""
    if post.state != "held":
        return False
    post.why_held, post.why, post.release_at = "moderated", why, None
    thread = session.get_one(Thread, post.thread_id)
    thread.waits_since = thread.waits_since or now
    session.flush()
    return True


def has_posted(session: Session, author_id: int, chapter_id: int) -> bool:
    """Whether words of the member went out to the chapter before."""
    return (
        session.scalar(
            select(TopicPost.message_id)
            .where(TopicPost.chapter_id == chapter_id, TopicPost.author_id == author_id, TopicPost.state == "out")
            .limit(1)
        )
        is not None
    )


def posts_lately(session: Session, author_id: int, chapter_id: int, now: datetime) -> int:
    """How many posts of the member came in the last hour, in all topics of the chapter."""
    return (
        session.scalar(
            select(func.count())
            .select_from(TopicPost)
            .where(
                TopicPost.chapter_id == chapter_id,
                TopicPost.author_id == author_id,
                TopicPost.created_at > now - timedelta(hours=1),
            )
        )
        or 0
    )


def posts_of(session: Session, message_ids: Collection[int]) -> dict[int, TopicPost]:
    """The posts among these messages, by their message."""
    if not message_ids:
        return {}
    rows = session.scalars(select(TopicPost).where(TopicPost.message_id.in_(message_ids)))
    return {row.message_id: row for row in rows}


def next_release_at(session: Session) -> datetime | None:
    """When the next held post goes out by itself; None when none does."""
    return session.scalar(
        select(TopicPost.release_at)
        .where(_HELD, TopicPost.release_at.is_not(None))
        .order_by(TopicPost.release_at)
        .limit(1)
    )


def due_posts(session: Session, now: datetime, limit: int = 100) -> list[int]:
    """Held posts whose time to be taken back is over."""
    return list(
        session.scalars(
            select(TopicPost.message_id)
            .where(_HELD, TopicPost.release_at <= now)
            .order_by(TopicPost.release_at, TopicPost.message_id)
            .limit(limit)
        )
    )


def _decide(session: Session, post: TopicPost, state: str, by_id: int | None, now: datetime) -> bool:
    session.refresh(post, with_for_update=True, attribute_names=["state"])
    if post.state != "held":
        return False
    post.state, post.decided_by_id, post.decided_at, post.release_at = state, by_id, now, None
    session.flush()
    thread = session.get_one(Thread, post.thread_id)
    if state in ("private", "unsent"):
        thread.last_words = ""
    if _nothing_waits(session, thread.id):
        thread.waits_since = thread.answer_due_at = None
    if by_id is not None:
        record(session, by_id, f"post_{state}", "thread", thread.id, now, chapter_id=post.chapter_id)
    tell(session, thread, "message", now)
    return True


def _nothing_waits(session: Session, thread_id: int) -> bool:
    waiting = select(TopicPost.message_id).where(
        TopicPost.thread_id == thread_id, TopicPost.state == "held", TopicPost.release_at.is_(None)
    )
    return session.scalar(waiting.limit(1)) is None


def words_of(session: Session, post: TopicPost) -> Message:
    """The post's words."""
    return session.get_one(Message, post.message_id)
