"""TopicPosts: the posts that a batch of deliveries carries, and what holds them together in mail programs.

A delivery of a topic has no words of its own: it names posts, and a hundred thousand of them name the same one.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.channels.mime import picture_part
from engine.conversations.message import Message
from engine.conversations.picture import ReceivedPicture
from engine.conversations.thread import Thread
from engine.outbox.delivery import AnyDelivery
from engine.outbox.fan_out import POSTS, FanOut, FanOutKey
from engine.outbox.relayed_picture import pictures_of
from engine.outbox.relayed_words import Relayed, relayed
from engine.people.member import Member

#: Says in a delivery's `data` whose words it carries to one person alone; an answer goes back to them alone.
PRIVATE_FROM = "private_from"
#: Which text it is of private words that need several, from 1; the first says nothing of it.
PART = "part"
#: Posts before this one that a letter names as what it follows: the first, and so many of the last.
_FOLLOWED = 3


@dataclass(frozen=True, slots=True)
class Post:
    """One post as others get it."""

    message_id: int
    thread_id: int
    chapter_id: int | None
    #: What the topic is about.
    topic: str
    author_id: int | None
    #: The author's name, whole; letters use the first name alone.
    author: str
    words: Relayed
    at: datetime
    people: int = 0
    is_reply: bool = False
    #: The pictures that are passed on, as parts of a mail.
    picture_parts: tuple[bytes, ...] = ()
    #: What came with the words besides the pictures that are passed on.
    files: int = 0


@dataclass(frozen=True, slots=True)
class TopicPosts:
    """What was read for a batch."""

    posts: Mapping[int, Post] = field(default_factory=dict)
    #: Message-IDs of the author's own that a reader's letter follows, by delivery; only ever the reader's own.
    own: Mapping[int, Sequence[str]] = field(default_factory=dict)
    #: Our earlier deliveries to the same reader in the same topic, by delivery, the earliest first.
    before: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def of(self, delivery: AnyDelivery) -> list[Post]:
        """The posts that this delivery carries, as far as they are there."""
        return [self.posts[each] for each in posts_in(delivery) if each in self.posts]


def posts_in(delivery: AnyDelivery) -> list[int]:
    """The messages that this delivery carries; none for a delivery of anything else."""
    carried = delivery.data.get(POSTS) if isinstance(delivery.data, dict) else None
    return [each for each in carried if isinstance(each, int)] if isinstance(carried, list) else []


def part_of(delivery: AnyDelivery) -> int:
    """Which text it is of words that need several, from 1."""
    part = delivery.data.get(PART) if isinstance(delivery.data, dict) else None
    return part if isinstance(part, int) else 1


def private_from(delivery: AnyDelivery) -> int | None:
    """The member whose words this delivery brought to one person alone: an answer to it is for them alone."""
    return delivery.data.get(PRIVATE_FROM) if isinstance(delivery.data, dict) else None


def read_posts(session: Session, deliveries: Sequence[AnyDelivery]) -> TopicPosts:
    """The posts of these deliveries, and what each letter follows."""
    carried = {each.id: posts_in(each) for each in deliveries}
    wanted = sorted({message_id for ids in carried.values() for message_id in ids})
    if not wanted:
        return TopicPosts()
    posts = _posts(session, wanted)
    mails = [each for each in deliveries if len(carried[each.id]) == 1 and each.channel == "email"]
    before = _before(session, mails, posts)
    return TopicPosts(posts, _own(session, mails, posts), before)


def _posts(session: Session, wanted: Sequence[int]) -> dict[int, Post]:
    rows = session.execute(
        select(Message, Thread, Member, FanOut)
        .join(Thread, Thread.id == Message.thread_id)
        .outerjoin(Member, Member.id == Message.author_id)
        .outerjoin(FanOut, FanOut.message_id == Message.id)
        .where(Message.id.in_(wanted))
    ).all()
    pictures = pictures_of(session, list(wanted))
    received = [message.received_id for message, _, _, _ in rows if message.channel == "sms" and message.received_id]
    counted = (
        select(ReceivedPicture.received_id, func.count())
        .where(ReceivedPicture.received_id.in_(received))
        .group_by(ReceivedPicture.received_id)
    )
    by_text = dict(session.execute(counted).tuples().all()) if received else {}
    first: dict[int, int] = {}
    for thread_id, message_id in session.execute(
        select(FanOut.thread_id, FanOut.message_id)
        .where(FanOut.thread_id.in_({thread.id for _, thread, _, _ in rows}))
        .order_by(FanOut.created_at.desc(), FanOut.message_id.desc())
    ):
        first[thread_id] = message_id
    found: dict[int, Post] = {}
    for message, thread, author, way in rows:
        if author is not None and author.erased_at is not None:
            continue  # they asked us to forget it, and it goes to nobody any more
        shown = pictures.get(message.id, ())
        came = len(message.attachments) + by_text.get(message.received_id or 0, 0)
        name = (author.first_name or author.name) if author is not None else message.author_name
        found[message.id] = Post(
            message_id=message.id,
            thread_id=thread.id,
            chapter_id=thread.chapter_id,
            topic=thread.subject or message.subject,
            author_id=message.author_id,
            author=name,
            words=relayed(message.text, author.name if author is not None else message.author_name),
            at=message.at,
            people=way.people if way is not None else 0,
            is_reply=first.get(thread.id, message.id) != message.id,
            picture_parts=tuple(
                picture_part(f"picture-{number}.jpg", each.content_type, each.body)
                for number, each in enumerate(shown, start=1)
            ),
            files=max(0, came - len(shown)),
        )
    return found


def _before(session: Session, mails: Sequence[AnyDelivery], posts: Mapping[int, Post]) -> dict[int, list[int]]:
    """What each reader had of the topic before: its first post, and the last ones before this."""
    threads = {post.thread_id for post in posts.values()}
    earlier: dict[int, list[int]] = defaultdict(list)
    for thread_id, message_id in session.execute(
        select(FanOut.thread_id, FanOut.message_id)
        .where(FanOut.thread_id.in_(threads))
        .order_by(FanOut.created_at, FanOut.message_id)
    ):
        earlier[thread_id].append(message_id)
    followed: dict[int, list[int]] = {}
    for post in posts.values():
        said = earlier[post.thread_id]
        said = said[: said.index(post.message_id)] if post.message_id in said else said
        followed[post.message_id] = [*said[:1], *said[1:][-_FOLLOWED:]]
    keys = _delivered(session, {each for ids in followed.values() for each in ids}, {each.member_id for each in mails})
    return {
        each.id: [
            keys[message_id, each.member_id]
            for message_id in followed.get(posts_in(each)[0], ())
            if (message_id, each.member_id) in keys
        ]
        for each in mails
    }


def _delivered(
    session: Session, message_ids: Collection[int], member_ids: Collection[int | None]
) -> dict[tuple[int, int | None], int]:
    if not message_ids or not member_ids:
        return {}
    rows = session.execute(
        select(FanOutKey.message_id, FanOutKey.member_id, FanOutKey.delivery_id).where(
            FanOutKey.message_id.in_(message_ids),
            FanOutKey.channel == "email",
            FanOutKey.member_id.in_(member_ids),
        )
    )
    return {(message_id, member_id): delivery_id for message_id, member_id, delivery_id in rows}


def _own(session: Session, mails: Sequence[AnyDelivery], posts: Mapping[int, Post]) -> dict[int, list[str]]:
    """The reader's own mails in the topic: an answer to them stands beneath them. Nobody else ever sees their names."""
    readers = {each.member_id for each in mails if each.member_id is not None}
    said: dict[tuple[int, int], list[str]] = defaultdict(list)
    rows = session.execute(
        select(Message.thread_id, Message.author_id, Message.internet_message_id)
        .where(
            Message.thread_id.in_({post.thread_id for post in posts.values()}),
            Message.author_id.in_(readers),
            Message.kind == "in",
            Message.internet_message_id != "",
        )
        .order_by(Message.at)
    )
    for thread_id, author_id, identifier in rows:
        if thread_id is not None and author_id is not None:
            said[thread_id, author_id].append(identifier)
    found: dict[int, list[str]] = {}
    for each in mails:
        post = posts.get(posts_in(each)[0])
        if post is not None and each.member_id is not None:
            found[each.id] = said.get((post.thread_id, each.member_id), [])[-_FOLLOWED:]
    return found
