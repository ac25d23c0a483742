"""Post notice: whoever decides about posts hears by text what waits, each with the number by which a text decides.

By mail each waiting post comes alone, with its words (engine.outbox.moderating). A text lists what no text has told
yet; at most three a day, and none to whoever wants no alerts.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.chapters.chapter import Chapter
from engine.conversations.message import Message
from engine.conversations.post_number import is_told, note_told, numbered_posts
from engine.conversations.topic_post import TopicPost
from engine.outbox.alert import MOST_A_DAY, short
from engine.outbox.delivery import Delivery, PostingKey
from engine.outbox.moderating import reach
from engine.outbox.post import staff_text
from engine.people.member import Member
from templates.words import read_words

#: The text, by its name in the library.
POSTS = "sms/topic_moderate"
#: So many posts stand in one text; the others come with the next.
MOST_LISTED = 6

Numbered = tuple[int, TopicPost, Message]


def tell_of_posts(session: Session, reader: Member, phone: str, day: datetime, now: datetime) -> Delivery | None:
    """One text tells them of the posts that no text has told them of; None: there are none, or they had enough.

    `day`: when their day began.
    """
    fresh = [each for each in numbered_posts(session, reader.id, now) if not is_told(each[2])][:MOST_LISTED]
    keys = [f"posts:{reader.id}:{day:%Y-%m-%d}:{number}" for number in range(MOST_A_DAY)]
    had = session.scalar(select(func.count()).where(PostingKey.key.in_([f"staff-text:{key}" for key in keys]))) or 0
    if not fresh or had >= MOST_A_DAY:
        return None
    note_told([words for _, _, words in fresh])
    number, post, _ = fresh[0]
    what = "decide" if len(fresh) == 1 else "decide_several"
    return _send(session, reader, phone, None, fresh, what, now, keys[had], number=number, count=reach(session, post))


def ask_which_post(
    session: Session, reader: Member, phone: str, our_number: str | None, now: datetime, *, key: str
) -> Delivery | None:
    """Their word decided nothing, for it may be about several posts: a text lists those that wait, by number."""
    waiting = numbered_posts(session, reader.id, now)[:MOST_LISTED]
    if not waiting:
        return None
    note_told([words for _, _, words in waiting])
    return _send(
        session, reader, phone, our_number, waiting, "decide_which", now, f"which-post:{key}", number=waiting[0][0]
    )


def _send(
    session: Session, reader: Member, phone: str, our_number: str | None, posts: Sequence[Numbered], what: str,
    now: datetime, key: str, **values: int,
) -> Delivery:  # fmt: skip
    says = read_words().say(reader.language, f"posts.{what}", **values)
    data = {"post": {"lines": [_line(session, *each) for each in posts], "says": says}}
    return staff_text(session, phone, reader.id, POSTS, data, now, key=key, our_number=our_number)


def _line(session: Session, number: int, post: TopicPost, words: Message) -> str:
    author, chapter = session.get_one(Member, post.author_id), session.get_one(Chapter, post.chapter_id)
    return f'{number} {author.name}, {chapter.name}: "{short(words.text)}"'
