"""Post number: how a text names one of several posts that wait for whoever decides about them, as in APPROVE 2.

A post keeps its number as long as it waits for the same person. No other post of theirs has it within a day, so that a
word that comes late, when somebody else has decided meanwhile, decides about nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.base.db import one_at_a_time
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.conversations.topic import TOPIC
from engine.conversations.topic_post import TopicPost

#: In the detail of a post's words: {"by": whose number it is, "as": the number, "told": whether a text said it}.
NUMBER = "number"
#: So long a number of a decided post is given to no other, and so long it still names the decided one.
KEPT_FOR, NAMED_FOR = timedelta(days=1), timedelta(days=7)
#: A number has two digits at most.
_HIGHEST = 99


def waiting_posts(session: Session, member_id: int) -> list[TopicPost]:
    """What waits for this person to decide, the oldest first."""
    return list(
        session.scalars(
            select(TopicPost)
            .join(Thread, Thread.id == TopicPost.thread_id)
            .where(Thread.responsible_id == member_id, TopicPost.state == "held", TopicPost.release_at.is_(None))
            .order_by(TopicPost.created_at, TopicPost.message_id)
        )
    )


def numbered_posts(session: Session, member_id: int, now: datetime) -> list[tuple[int, TopicPost, Message]]:
    """What waits for this person, the oldest first, each with a number of its own and its words."""
    one_at_a_time(session, f"numbers of posts for {member_id}")
    waiting = {post.message_id: post for post in waiting_posts(session, member_id)}
    used = {number for number, _ in _given(session, member_id, now - KEPT_FOR)}
    found: list[tuple[int, TopicPost, Message]] = []
    for message_id, post in waiting.items():
        words = session.get_one(Message, message_id)
        number = _number(words, member_id)
        if number is None:
            number = _next(used)
            used.add(number)
            words.detail = {**words.detail, NUMBER: {"by": member_id, "as": number, "told": False}}
        found.append((number, post, words))
    session.flush()
    return found


def post_called(session: Session, member_id: int, number: int, now: datetime) -> TopicPost | None:
    """The post that this person knows by the number: one that waits, else the last that was decided of late."""
    named = [post for given, post in _given(session, member_id, now - NAMED_FOR) if given == number]
    return min(named, key=lambda post: (post.state != "held", -post.message_id), default=None)


def note_told(words: Sequence[Message]) -> None:
    """A text has told them of these posts."""
    for each in words:
        each.detail = {**each.detail, NUMBER: {**each.detail[NUMBER], "told": True}}


def is_told(words: Message) -> bool:
    """Whether a text has told whoever decides of this post."""
    return bool(words.detail.get(NUMBER, {}).get("told"))


def _given(session: Session, member_id: int, since: datetime) -> list[tuple[int, TopicPost]]:
    """This person's numbers: of what waits, and of what was decided since then."""
    rows = session.execute(
        select(TopicPost, Message)
        .join(Message, Message.id == TopicPost.message_id)
        .join(Thread, Thread.id == TopicPost.thread_id)
        .where(
            Thread.responsible_id == member_id,
            Thread.kind == TOPIC,
            TopicPost.why_held != "",
            or_(TopicPost.state == "held", TopicPost.decided_at > since),
        )
    ).tuples()
    return [(number, post) for post, words in rows if (number := _number(words, member_id)) is not None]


def _number(words: Message, member_id: int) -> int | None:
    given = words.detail.get(NUMBER)
    return int(given["as"]) if given and given["by"] == member_id else None


def _next(used: set[int]) -> int:
    """One above the highest, so that the last thing told has the highest number; the lowest free one after 99."""
    above = max(used, default=0) + 1
    return above if above <= _HIGHEST else next((one for one in range(1, _HIGHEST) if one not in used), above)
