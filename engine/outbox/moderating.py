"""Moderating: what becomes of posts that were held, and what their authors and stewards are told of it.

The rows are engine.conversations.topic's; here they set something moving: a post that goes out is fanned out, one for a
single person is relayed to them, one that is refused goes back to its author with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.chapters.chapter import Chapter
from engine.chapters.membership import Role
from engine.conversations.assignment import assign, may_answer, person_for
from engine.conversations.message import Message
from engine.conversations.notice import WORDS, owe_notice
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.conversations.topic import is_in
from engine.conversations.topic_post import TopicPost, let_out, only_to, reject, unsend, words_of
from engine.outbox.fan_out import begin, readers_of
from engine.outbox.post import relay, service_letter, service_text, staff_notice
from engine.outbox.relayed_words import relayed
from engine.people.consent import Channel
from engine.people.member import Member
from templates.vocabulary import base_language
from templates.words import read_words

#: The notes, by their names in the library: what is asked of an author, what they are told, what a steward decides.
HELD, TOLD, MODERATE = "topic_held", "topic_told", "topic_moderate"
#: Lines of the words that a note shows; all of them are in the inbox.
MOST_LINES = 40
#: What a note's data calls the post it is about.
ABOUT = "post"
#: Why the reader folded it (reply_router.reading.signatures).
SIGNATURE = "signature"
_WORDS = read_words()


@dataclass(frozen=True, slots=True)
class Back:
    """Where somebody hears from us: the way they wrote."""

    channel: Channel = "email"
    address: str | None = None
    our_number: str | None = None


def go(session: Session, post: TopicPost, now: datetime) -> None:
    """A post that is out is on its way to the chapter; one for a single person is on its way to them."""
    if post.state == "private" and post.only_to_id is not None:
        relay(session, post.message_id, post.thread_id, post.chapter_id, post.author_id, post.only_to_id, now)
    elif post.state == "out":
        begin(session, post, now)
    _tell_of_signature(session, post, now)


def _tell_of_signature(session: Session, post: TopicPost, now: datetime) -> None:
    """The first time that something under somebody's words was not passed on, they hear so, and never again (O3)."""
    if post.state not in ("out", "private"):
        return
    words, author = words_of(session, post), session.get_one(Member, post.author_id)
    signed = any(each.get("why") == SIGNATURE for each in words.folded) or relayed(words.text, author.name).cut
    if words.channel == "email" and signed:
        tell_member(session, author, post.chapter_id, "signature", Back(), f"signature:{author.id}", now)


def release(session: Session, post: TopicPost, by_id: int | None, now: datetime) -> bool:
    """The held post goes out (`by_id` None: its ten minutes are over); False when it was decided before."""
    if not let_out(session, post, by_id, now):
        return False
    go(session, post, now)
    return True


def refuse(session: Session, post: TopicPost, by_id: int, why: str, now: datetime) -> bool:
    """The held post goes to nobody, and its author hears why; False when it was decided before."""
    if not reject(session, post, by_id, why, now):
        return False
    tell_author(session, post, "rejected" if why else "rejected_bare", now, why=why)
    return True


def take_back(session: Session, post: TopicPost, back: Back, now: datetime) -> bool:
    """The author has their post back, and hears whether it was in time; False when it was not."""
    done = unsend(session, post, now)
    tell_author(session, post, "unsent" if done else "too_late", now, back=back)
    return done


def send_to_one(session: Session, post: TopicPost, member: Member, back: Back, now: datetime) -> bool:
    """Only that person gets the held post, and its author hears whether it was in time; False when it was not."""
    done = only_to(session, post, member.id, now)
    if done:
        go(session, post, now)
    tell_author(session, post, "only" if done else "too_late", now, back=back, name=member.called)
    return done


def reach(session: Session, post: TopicPost) -> int:
    """How many neighbors would read a post: everybody in the chapter who chose to, but its author."""
    return max(0, readers_of(session, post.chapter_id) - is_in(session, post.author_id, post.chapter_id))


def ask_author(session: Session, post: TopicPost, only: str, back: Back, now: datetime) -> None:
    """The author hears how many will have their words, and how to take them back. `only`: whom ONLY would name, if
    anybody."""
    count = reach(session, post)
    # After a steward or after ten minutes: both are said as they are.
    values = {"count": count, "only": only.upper(), "waits": post.release_at is None}
    _note(session, post, HELD, values, back, f"held:{post.message_id}", now)


def tell_author(
    session: Session, post: TopicPost, what: str, now: datetime, *, back: Back | None = None, **values: str | int
) -> None:
    """The author hears what became of their post: a sentence of the table `posts`."""
    author = session.get_one(Member, post.author_id)
    back = back or back_of(session, words_of(session, post))
    tell_member(session, author, post.chapter_id, what, back, f"{what}:{post.message_id}", now, post=post, **values)


def tell_member(
    session: Session,
    member: Member,
    chapter_id: int,
    what: str,
    back: Back,
    key: str,
    now: datetime,
    *,
    post: TopicPost | None = None,
    **values: str | int,
) -> None:
    """The member hears one thing about a chapter's topics, by the way they wrote; the same key twice is once."""
    language = base_language(member.language)
    chapter = session.get_one(Chapter, chapter_id)
    says = _WORDS.say(language, f"posts.{what}", chapter=chapter.name, **values)
    _send(session, member, chapter_id, TOLD, {"says": says}, back, key, now, about=post)


def see_to_steward(session: Session, thread: Thread, now: datetime) -> int | None:
    """The person who decides about the topic's posts: the one it has, else a steward, else whoever answers there."""
    if thread.responsible_id is not None and may_answer(session, thread.responsible_id, thread.chapter_id):
        return thread.responsible_id
    steward = session.scalar(
        select(Role.member_id)
        .where(Role.chapter_id == thread.chapter_id, Role.role == "steward", Role.ended_at.is_(None))
        .order_by(Role.created_at, Role.id)
        .limit(1)
    )
    person, why = (steward, "is the chapter’s steward") if steward is not None else person_for(session, thread, now)
    if person != thread.responsible_id:
        assign(session, thread, person, None, why, now)
    return person


def ask_steward(session: Session, post: TopicPost, now: datetime) -> None:
    """Whoever decides has the words before them, and decides by answering APPROVE or REJECT; nobody there: it waits in
    the inbox."""
    thread = session.get_one(Thread, post.thread_id)
    steward = see_to_steward(session, thread, now)
    if steward is None:
        return
    author, words = session.get_one(Member, post.author_id), words_of(session, post)
    data = {
        ABOUT: {
            "id": post.message_id,
            "author": author.name,
            "why": post.why,
            "topic": thread.subject,
            "count": reach(session, post),
            "lines": _lines(words),
        }
    }
    staff_notice(session, steward, MODERATE, data, now, key=f"moderate:{post.message_id}", thread_id=thread.id)
    # By text, to whoever wants that, with its number (engine.outbox.post_notice).
    owe_notice(session, thread, WORDS, now)


def back_of(session: Session, message: Message) -> Back:
    """The way somebody wrote: by text the phone and the number of ours, by mail whatever address of theirs is best."""
    if message.channel != "sms":
        return Back()
    received = session.get(Received, message.received_id) if message.received_id is not None else None
    return Back("sms", received.mail_from, received.rcpt_to) if received is not None else Back("sms")


def _lines(words: Message) -> list[str]:
    return [line for line in words.text.splitlines() if line.strip()][:MOST_LINES]


def _note(
    session: Session, post: TopicPost, template: str, values: Mapping[str, Any], back: Back, key: str, now: datetime
) -> None:
    author = session.get_one(Member, post.author_id)
    _send(session, author, post.chapter_id, template, values, back, key, now, about=post)


def _send(
    session: Session,
    member: Member,
    chapter_id: int,
    template: str,
    values: Mapping[str, Any],
    back: Back,
    key: str,
    now: datetime,
    *,
    about: TopicPost | None,
) -> None:
    data: dict[str, Any] = {ABOUT: {"lines": [], **values}}
    words = words_of(session, about) if about is not None else None
    if about is not None and words is not None:
        data[ABOUT] |= {"id": about.message_id, "lines": _lines(words)}
    if back.channel == "sms" and back.address is not None:
        service_text(
            session, back.address, member.id, f"sms/{template}", data, now,
            key=f"topic:{key}", our_number=back.our_number, chapter_id=chapter_id,
        )  # fmt: skip
        return
    service_letter(
        session, back.address, member.id, template, data, now, key=f"topic:{key}", chapter_id=chapter_id,
        in_reply_to=words.internet_message_id or None if words is not None else None,
    )  # fmt: skip
