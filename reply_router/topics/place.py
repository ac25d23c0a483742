"""Where words stand towards a chapter's topics: which topic, who wrote, what of their neighbors' they answer.

Nothing is decided or written here: the rules look at it (reply_router.topics.rules).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from engine.base.tokens import Purpose
from engine.chapters.chapter import Chapter
from engine.conversations.assignment import may_answer
from engine.conversations.message import Message
from engine.conversations.post_number import post_called, waiting_posts
from engine.conversations.thread import Thread
from engine.conversations.topic import TOPIC, is_blocked, is_in, is_old, lock_of
from engine.conversations.topic_post import TopicPost
from engine.outbox.delivery import Delivery
from engine.outbox.letter import delivery_of
from engine.outbox.moderating import ABOUT
from engine.outbox.topic_posts import posts_in, private_from
from engine.people.member import Member
from reply_router.addresses import Room, Signed
from reply_router.find import Search
from reply_router.place import Place
from reply_router.reading.text_message import TextMessage
from reply_router.sender import sender_member
from reply_router.subject import bare, is_changed, stripped
from reply_router.text_find import ANSWERS_WITHIN, TextPlace
from reply_router.topics.wishes import Ask, Wish, numbered_wish_in, wish_in

#: A mail under the subject of a topic, marked as an answer and naming nothing that it answers, belongs to a topic in
#: which something was said so lately.
SAME_SUBJECT_WITHIN = timedelta(days=30)
#: Somebody who is talking with a person by text answers that person, unless they have been silent for so long.
TALKING_FOR = timedelta(days=3)
_MOST_SUBJECTS = 50


@dataclass(frozen=True, slots=True)
class TopicPlace:
    """What a mail or text has to do with a chapter's topics."""

    chapter: Chapter
    author: Member
    #: The topic; None: it would be a new one.
    thread: Thread | None = None
    subject: str = ""
    #: The topic that a new one grew out of, because its subject was changed.
    grew_from: int | None = None
    is_in: bool = False
    #: They answer people in the chapter, and so decide about posts.
    is_organizer: bool = False
    locked: bool = False
    #: The neighbor's post that they answer.
    answered: TopicPost | None = None
    #: What they answer came to them alone.
    in_private: bool = False
    #: The post of theirs, or the one that waits for them as a steward, that a command or an answer to a note is about.
    about: TopicPost | None = None
    #: It answers a note of ours about a post, and so is said to us and to nobody else.
    answers_note: bool = False
    #: The posts that wait for them, where it is not plain about which of them they decide.
    several: tuple[TopicPost, ...] = ()
    wish: Wish | None = None
    #: A mailing list passed it on.
    listed: bool = False
    #: Nothing was said in it for as long as the chapter calls old.
    is_old: bool = False
    #: The one person who gets it, because what they answer was private or replies here go to the sender; and whether
    #: that person wants no words of theirs.
    only_to: int | None = None
    unwanted: bool = False

    @property
    def name(self) -> str:
        """How sentences call the place."""
        return self.chapter.name


def topic_of_mail(search: Search, place: Place, *, listed: bool) -> TopicPlace | None:
    """What the mail has to do with a topic, for a sender who is a member; None: nothing."""
    found = _staff(search) or _found(search, place)
    if found is None:
        return None
    session, reading = search.session, search.reading
    found = replace(found, wish=wish_in(reading.text), listed=listed)
    if found.about is not None or found.thread is None:
        return _judged(session, found, search.now)
    if is_changed(reading.subject, _subjects(session, found.thread)) and not found.in_private:
        subject = stripped(reading.subject or "")
        again = _under(session, found.chapter.id, subject, search.now)
        grew_from = found.thread.id if again is None or again.id != found.thread.id else None
        found = replace(found, thread=again, subject=subject, grew_from=grew_from if again is None else None)
    return _judged(session, found, search.now)


def topic_of_text(session: Session, text: TextMessage, place: TextPlace, now: datetime) -> TopicPlace | None:
    """What the text has to do with a topic; None: nothing."""
    member = place.member
    if member is None:
        return None
    wish, numbered = wish_in(text.body), numbered_wish_in(text.body)
    held = _held_of(session, member.id)
    decides = wish if wish is not None and wish.ask in (Ask.APPROVE, Ask.REJECT) else numbered
    if decides is not None:
        found = _to_decide(session, member, wish, numbered, now)
        # "Approved 2 weeks ago" is talk, where nothing waits for them.
        if found is not None or decides.is_plain:
            return found
    if held is not None and (wish is None or wish.ask in (Ask.UNSEND, Ask.ONLY)):
        # Whatever else they say while we ask about their words is said to us.
        found = _of_post(session, held, member)
        return _judged(session, replace(found, wish=wish, answers_note=wish is None), now) if found else None
    delivery = _last_text(session, place, member, now)
    thread = session.get(Thread, delivery.thread_id) if delivery is not None and delivery.thread_id else None
    if delivery is None or thread is None or thread.kind != TOPIC or thread.chapter_id is None:
        return None
    talk = place.thread
    if wish is None and talk is not None and talk.last_at > now - TALKING_FOR:
        return None
    found = TopicPlace(
        session.get_one(Chapter, thread.chapter_id),
        member,
        thread,
        subject=thread.subject,
        answered=_answered(session, delivery, thread, member, now),
        in_private=private_from(delivery) is not None,
        wish=wish,
    )
    return _judged(session, found, now)


def decides_a_post(topic: TopicPlace | None) -> bool:
    """Whether it is a steward's word on a post that waits for them."""
    if topic is None or topic.wish is None or not (topic.about or topic.several) or not topic.is_organizer:
        return False
    return topic.wish.ask in (Ask.APPROVE, Ask.REJECT)


# ---- what they stand on


def _staff(search: Search) -> TopicPlace | None:
    """A steward's answer to a notice about a post, at the address that only they have."""
    aim, session = search.aim, search.session
    if not isinstance(aim, Signed) or aim.token.purpose is not Purpose.STAFF_REPLY:
        return None
    thread = session.get(Thread, aim.token.subject_id)
    if thread is None or thread.kind != TOPIC or thread.chapter_id is None:
        return None
    if aim.token.member_id not in search.sender.member_ids:
        return None
    member, chapter = session.get(Member, aim.token.member_id), session.get(Chapter, thread.chapter_id)
    if member is None or chapter is None:
        return None
    named = next((post for name in _references(search) if (post := _told_about(search, name)) is not None), None)
    return TopicPlace(chapter, member, thread, about=named or _only_held(session, thread.id), answers_note=True)


def _found(search: Search, place: Place) -> TopicPlace | None:
    session = search.session
    room = search.aim.chapter_id if isinstance(search.aim, Room) else None
    thread, delivery = place.topic, place.delivery
    post = _post_named(session, delivery) if place.ours else None
    if post is not None and thread is None:
        member = sender_member(search.session, search.sender, post.chapter_id)
        theirs = member is not None and member.id == post.author_id
        return _of_post(session, post, member) if member is not None and theirs else None
    if thread is None and room is not None:
        thread = _by_own_words(search, room)
    if thread is not None and room is not None and thread.chapter_id != room:
        # The same mail to two chapters is a topic in each of them.
        thread = None
    chapter_id = thread.chapter_id if thread is not None else room
    chapter = session.get(Chapter, chapter_id) if chapter_id is not None else None
    if chapter is None or (thread is None and chapter.default_to == "desk"):
        return None
    member = (
        place.member
        if place.known and place.topic is not None
        else sender_member(search.session, search.sender, chapter.id)
    )
    if member is None:
        return None
    subject = stripped(search.reading.subject or "")
    if thread is None and subject != (search.reading.subject or "").strip():
        thread = _under(session, chapter.id, subject, search.now)
    answered = _answered(session, delivery, thread, member, search.now) if thread is not None else None
    return TopicPlace(
        chapter,
        member,
        thread,
        subject=thread.subject if thread is not None else subject,
        answered=answered,
        in_private=delivery is not None and private_from(delivery) is not None,
    )


def _judged(session: Session, found: TopicPlace, now: datetime) -> TopicPlace:
    """With what their roles and the topic's state say."""
    thread, author = found.thread, found.author.id
    old = thread is not None and is_old(thread, found.chapter, now)
    shut = thread is not None and lock_of(session, thread.id) is not None
    only_to = found.answered.author_id if found.answered is not None and _goes_to_one(found) else None
    only_to = only_to if only_to != author else None
    return replace(
        found,
        is_in=is_in(session, author, found.chapter.id),
        is_organizer=may_answer(session, author, found.chapter.id),
        is_old=old,
        locked=shut or (old and found.chapter.old_topics == "lock"),
        only_to=only_to,
        unwanted=only_to is not None and is_blocked(session, only_to, author),
    )


def _goes_to_one(found: TopicPlace) -> bool:
    """Whether a reply reaches only whoever wrote what it answers: private words do, and so do a chapter's, if it chose
    that (G5)."""
    return found.thread is not None and (found.in_private or found.chapter.default_to == "sender")


def _of_post(session: Session, post: TopicPost, member: Member) -> TopicPlace | None:
    """A command of the author about a post of theirs, or their answer to our note about it."""
    chapter = session.get(Chapter, post.chapter_id)
    thread = session.get(Thread, post.thread_id)
    if chapter is None or thread is None:
        return None
    return TopicPlace(chapter, member, thread, subject=thread.subject, about=post, answers_note=True)


def _post_named(session: Session, delivery: Delivery | None) -> TopicPost | None:
    """The one post that a delivery brought, or that a note of ours is about."""
    if delivery is None:
        return None
    about, carried = (delivery.data or {}).get(ABOUT), posts_in(delivery)
    number = about.get("id") if isinstance(about, dict) else carried[0] if len(carried) == 1 else None
    return session.get(TopicPost, int(number)) if number is not None else None


def _answered(
    session: Session, delivery: Delivery | None, thread: Thread, member: Member, now: datetime
) -> TopicPost | None:
    """The neighbor's post that a delivery brought: the one it names, else the last that was out by then."""
    named = _post_named(session, delivery)
    if named is not None:
        return named
    return session.scalar(
        select(TopicPost)
        .where(
            TopicPost.thread_id == thread.id,
            TopicPost.state == "out",
            TopicPost.author_id != member.id,
            TopicPost.decided_at <= (delivery.created_at if delivery is not None else now),
        )
        .order_by(TopicPost.decided_at.desc(), TopicPost.message_id.desc())
        .limit(1)
    )


def _last_text(session: Session, place: TextPlace, member: Member, now: datetime) -> Delivery | None:
    """What a text of theirs answers: the last text of ours, whether it was a topic's or any other."""
    heard = session.scalar(
        select(Delivery)
        .where(
            Delivery.member_id == member.id,
            # Said as the index says it.
            sql("channel = 'sms' AND message_class = 'chapter'"),
            Delivery.sent_at > now - ANSWERS_WITHIN,
        )
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    if heard is None or heard.sent_at is None:
        return place.delivery
    return place.delivery if place.said is not None and place.said.at >= heard.sent_at else heard


def _held_of(session: Session, member_id: int) -> TopicPost | None:
    """The member's last post that is still held."""
    return session.scalar(
        select(TopicPost)
        .where(TopicPost.author_id == member_id, TopicPost.state == "held")
        .order_by(TopicPost.created_at.desc(), TopicPost.message_id.desc())
        .limit(1)
    )


def _only_held(session: Session, thread_id: int) -> TopicPost | None:
    """The one post of the topic that waits; None when there is none or several: then a person has to say which."""
    rows = session.scalars(
        select(TopicPost).where(TopicPost.thread_id == thread_id, TopicPost.state == "held").limit(2)
    ).all()
    return rows[0] if len(rows) == 1 else None


def _to_decide(
    session: Session, member: Member, wish: Wish | None, numbered: Wish | None, now: datetime
) -> TopicPlace | None:
    """A steward decides by text about the post whose number they say, or about the one that waits for them.

    Where neither makes it plain, all that waits for them is `several`.
    """
    waiting = waiting_posts(session, member.id)
    named = post_called(session, member.id, numbered.number, now) if numbered and numbered.number else None
    if named is not None:
        meant, wish = named, numbered
    elif len(waiting) == 1 and wish is not None:
        # "REJECT 20 people said so before": a number that is no post's belongs to the reason.
        meant = waiting[0]
    elif waiting:
        meant, wish = waiting[-1], wish or numbered
    else:
        return None
    found = _of_post(session, meant, member)
    if found is None:
        return None
    if named is None and (len(waiting) > 1 or wish is numbered):
        found = replace(found, about=None, several=tuple(waiting))
    return _judged(session, replace(found, wish=wish), now)


def _by_own_words(search: Search, chapter_id: int) -> Thread | None:
    """The topic of this chapter in which the words stand that the mail answers, by their own Message-ID."""
    names = [f"<{each}>"[:400] for each in _references(search)]
    if not names:
        return None
    return search.session.scalar(
        select(Thread)
        .join(Message, Message.thread_id == Thread.id)
        .where(Message.internet_message_id.in_(names), Thread.kind == TOPIC, Thread.chapter_id == chapter_id)
        .order_by(Message.id.desc())
        .limit(1)
    )


def _references(search: Search) -> list[str]:
    reading = search.reading
    return list(dict.fromkeys((*reading.in_reply_to, *reversed(reading.references))))[:_MOST_SUBJECTS]


def _told_about(search: Search, name: str) -> TopicPost | None:
    delivery_id = delivery_of(search.tokens, name)
    delivery = search.session.get(Delivery, delivery_id) if delivery_id is not None else None
    return _post_named(search.session, delivery)


def _under(session: Session, chapter_id: int, subject: str, now: datetime) -> Thread | None:
    """The chapter's topic of late under this very subject."""
    wanted = bare(subject)
    if not wanted:
        return None
    rows = session.scalars(
        select(Thread)
        .where(Thread.chapter_id == chapter_id, Thread.kind == TOPIC, Thread.last_at > now - SAME_SUBJECT_WITHIN)
        .order_by(Thread.last_at.desc())
        .limit(_MOST_SUBJECTS)
    )
    return next((each for each in rows if bare(each.subject) == wanted), None)


def _subjects(session: Session, thread: Thread) -> list[str]:
    rows = session.scalars(
        select(Message.subject).where(Message.thread_id == thread.id).order_by(Message.at.desc()).limit(_MOST_SUBJECTS)
    )
    return [thread.subject, *rows]
