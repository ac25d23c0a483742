"""Filing in topics: words stand in the chapter's topic, go out or are held; commands about them are done at once.

The same for mail and for texts: both come here as `Coming`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.chapters.membership import ANSWERING_ROLES, Role
from engine.conversations.assignment import assign, least_loaded
from engine.conversations.message import Message, Words, file_words_in, write_note
from engine.conversations.received import Received
from engine.conversations.task import give_task
from engine.conversations.thread import Thread, mark, open_thread
from engine.conversations.topic import block, lock, lock_of, mute, open_topic
from engine.conversations.topic_post import GUARD, TopicPost, add_post, has_posted, hold, posts_lately, words_of
from engine.outbox.moderating import (
    Back,
    ask_author,
    ask_steward,
    go,
    refuse,
    release,
    see_to_steward,
    send_to_one,
    take_back,
    tell_author,
    tell_member,
)
from engine.outbox.post_notice import ask_which_post
from engine.people.member import Member, in_contact
from reply_router.content import file_once, key_of
from reply_router.filing import Entry
from reply_router.reading.texts import one_form
from reply_router.subject import stripped
from reply_router.topics.guard import looks_private
from reply_router.topics.holding import Facts, held
from reply_router.topics.place import TopicPlace
from reply_router.topics.wishes import Ask, Wish

#: By when somebody should have looked at words that were reported.
LOOK_WITHIN = timedelta(hours=24)
#: Why a topic was closed without anybody's doing.
OLD = "nothing was said in it for as long as the chapter calls old"
REPORTED = "reported by a member"


@dataclass(frozen=True, slots=True)
class Coming:
    """Words or a command on their way to a topic."""

    topic: TopicPlace
    words: Words
    received: Received
    #: Why it is here, in one sentence.
    sentence: str
    back: Back
    #: What makes these words the same when they come by another of our addresses; None: they come by one way only.
    fingerprint: bytes | None
    answer_within: timedelta


@dataclass(frozen=True, slots=True)
class Stands:
    """Where it stands now."""

    thread: Thread | None
    message: Message | None
    effect: str
    #: The row by which the same words came into the topic before.
    same_as: int | None = None

    def entry(self, author_id: int) -> Entry:
        """The same as routing knows it."""
        return Entry(self.thread, self.message, author_id, self.effect, self.same_as)


def file_post(session: Session, coming: Coming, now: datetime) -> Stands:
    """The words stand in the topic. They are on their way to the chapter or to the one they answer, or they are held
    and whoever decides about them has been asked."""
    topic = coming.topic
    thread = topic.thread
    if thread is not None:
        session.refresh(thread, with_for_update=True)
    else:
        subject = topic.subject or _first_words(coming.words.text)
        thread = open_topic(session, topic.chapter.id, subject, now, reason=coming.sentence, grew_from=topic.grew_from)
    if coming.fingerprint is not None:
        key = key_of("thread", thread.id, coming.fingerprint)
        same = file_once(session, key, coming.received.id, now)
        if same is not None:
            return Stands(thread, None, "", same)
    hold_ = None if topic.only_to is not None else held(_facts(session, topic, coming.words.text, now))
    words = replace(coming.words, author_id=topic.author.id, author_name=topic.author.name)
    post = add_post(
        session,
        thread,
        topic.author.id,
        words,
        now,
        why_held=hold_.why_held if hold_ is not None else "",
        why=hold_.why if hold_ is not None else "",
        release_at=now + GUARD if hold_ is not None and hold_.by_itself else None,
        only_to_id=topic.only_to,
        answer_within=coming.answer_within,
    )
    message = words_of(session, post)
    message.at = coming.received.created_at
    in_contact(session, topic.author.id, now)
    if hold_ is None:
        go(session, post, now)
        return Stands(thread, message, "relayed" if topic.only_to is not None else "posted")
    ask_author(session, post, _only(session, topic), coming.back, now)
    if post.release_at is None:
        ask_steward(session, post, now)
    return Stands(thread, message, "held")


def do_asked(session: Session, coming: Coming, now: datetime) -> Stands:
    """What the author or a reader asked for is done, and they hear that it is; their word stands in the topic's rows,
    where no member sees it."""
    topic = coming.topic
    if topic.wish is None:
        raise ValueError("nothing was asked for")
    return _DONE[topic.wish.ask](session, coming, topic.wish, now)


def decide(session: Session, coming: Coming, now: datetime) -> Stands:
    """The steward's word is done: the post goes out or does not, or the topic is closed. It stands as a note."""
    topic, wish = coming.topic, coming.topic.wish
    if topic.thread is None or wish is None:
        raise ValueError("there is nothing to decide about")
    effect = ""
    if wish.ask is Ask.LOCK:
        effect = "locked" if lock(session, topic.thread, topic.author.id, "closed by its steward", now) else ""
    elif topic.about is not None and wish.ask is Ask.APPROVE:
        effect = "approved" if release(session, topic.about, topic.author.id, now) else ""
    elif topic.about is not None:
        effect = "rejected" if refuse(session, topic.about, topic.author.id, wish.argument, now) else ""
    if not effect:
        key = f"decided:{coming.received.id}"
        tell_member(session, topic.author, topic.chapter.id, "decided", coming.back, key, now)
    message = _note(session, topic.thread, coming, now)
    return Stands(topic.thread, message, effect)


def ask_which(session: Session, coming: Coming, now: datetime) -> Stands:
    """Nothing is decided, and the steward hears by text which posts wait for them, by number."""
    topic, back = coming.topic, coming.back
    if topic.thread is None or back.address is None:
        raise ValueError("only a text asks for the number of a post")
    ask_which_post(session, topic.author, back.address, back.our_number, now, key=str(coming.received.id))
    return Stands(topic.thread, _note(session, topic.thread, coming, now), "")


def note_it(session: Session, coming: Coming, now: datetime) -> Stands:
    """A steward's words about a topic stand in it as a note, which no member sees."""
    thread = coming.topic.thread
    if thread is None:
        raise ValueError("there is no topic to note it in")
    return Stands(thread, _note(session, thread, coming, now), "noted")


def wait_for_person(session: Session, topic: TopicPlace, now: datetime) -> None:
    """What the author wrote before goes to nobody until a person has read what they say to us now."""
    if topic.about is not None and hold(session, topic.about, f"{topic.author.called} wrote to us about it.", now):
        ask_steward(session, topic.about, now)


def tell_of_lock(session: Session, topic: TopicPlace, back: Back, now: datetime) -> None:
    """The topic is closed (its age may just have done it), and the author hears so, once for a topic."""
    thread = topic.thread
    if thread is None:
        return
    if lock_of(session, thread.id) is None:
        lock(session, thread, None, OLD, now)
    key = f"locked:{thread.id}:{topic.author.id}"
    tell_member(session, topic.author, topic.chapter.id, "locked", back, key, now)


# ---- what somebody asks for


def _unsend(session: Session, coming: Coming, _wish: Wish, now: datetime) -> Stands:
    post = _about(coming)
    done = take_back(session, post, coming.back, now)
    return _stands(session, post, coming, "unsent" if done else "", now)


def _only_to(session: Session, coming: Coming, wish: Wish, now: datetime) -> Stands:
    post = _about(coming)
    people = _called(session, coming.topic, wish.argument)
    if len(people) != 1:
        # It waits for their next word, and goes to nobody meanwhile.
        hold(session, post, "Its author wants only one person to have it, and it is not plain whom.", now)
        tell_author(session, post, "whom", now, back=coming.back, name=wish.argument)
        return _stands(session, post, coming, "held", now)
    done = send_to_one(session, post, people[0], coming.back, now)
    return _stands(session, post, coming, "only" if done else "", now)


def _enough(session: Session, coming: Coming, _wish: Wish, now: datetime) -> Stands:
    topic = coming.topic
    if topic.answered is None or topic.thread is None:
        return _muted(session, coming, _wish, now)
    them = session.get_one(Member, topic.answered.author_id)
    done = block(session, topic.author.id, them.id, now)
    _told(session, coming, "enough", now, name=them.called)
    return _written(session, topic.thread, coming, "enough" if done else "", now)


def _muted(session: Session, coming: Coming, _wish: Wish, now: datetime) -> Stands:
    topic = coming.topic
    if topic.thread is None:
        raise ValueError("there is no topic to mute")
    done = mute(session, topic.author.id, topic.thread.id, now)
    _told(session, coming, "muted", now)
    return _written(session, topic.thread, coming, "muted" if done else "", now)


def _report(session: Session, coming: Coming, wish: Wish, now: datetime) -> Stands:
    """Somebody who has no part in it gets the words and what the member says of them, as a conversation with the
    member and as a thing to do."""
    topic = coming.topic
    answered = topic.answered
    person, in_chapter = _uninvolved(session, topic, now)
    said = words_of(session, answered) if answered is not None else None
    whose = said.author_name if said is not None else ""
    thread = open_thread(
        session,
        now,
        member_id=topic.author.id,
        # Where it is about one of the chapter's own organizers, the others of them do not see it either.
        chapter_id=topic.chapter.id if in_chapter else None,
        subject=f"Reported: {topic.subject}"[:400],
        reason=coming.sentence,
    )
    thread.detail = {"rule": "topic_command", "reported": {"message_id": said.id if said is not None else None}}
    mark(thread, REPORTED)
    text = wish.argument or coming.words.text
    words = replace(coming.words, text=text, author_id=topic.author.id, author_name=topic.author.name)
    message = file_words_in(session, thread, words, now, waits=True, answer_within=coming.answer_within)
    message.at = coming.received.created_at
    why = "has no part in what was reported" if person is not None else "nobody answers here yet"
    assign(session, thread, person, None, why, now)
    quoted = "\n".join(f"> {line}" for line in said.text.splitlines()) if said is not None else ""
    told = f"{whose} wrote in “{topic.subject}” ({topic.chapter.name}):\n{quoted}" if quoted else topic.subject
    if person is not None:
        write_note(session, thread, person, told, now).author_id = None
    give_task(
        session,
        f"{topic.author.called} reported words from {whose or topic.chapter.name}: look at them",
        now + LOOK_WITHIN,
        now,
        script=f"{told}\n\nAnswer {topic.author.called} first. Do not tell the other person who reported it.",
        member_id=topic.author.id,
        chapter_id=thread.chapter_id,
        assignee_id=person,
        thread_id=thread.id,
        detail={"why": "reported"},
    )
    _told(session, coming, "reported", now)
    return Stands(thread, message, "reported")


_DONE: dict[Ask, Callable[[Session, Coming, Wish, datetime], Stands]] = {
    Ask.UNSEND: _unsend,
    Ask.ONLY: _only_to,
    Ask.ENOUGH: _enough,
    Ask.MUTE: _muted,
    Ask.REPORT: _report,
}


# ---- what they stand on


def _facts(session: Session, topic: TopicPlace, text: str, now: datetime) -> Facts:
    author, chapter = topic.author, topic.chapter
    is_reply = topic.thread is not None or topic.grew_from is not None
    return Facts(
        author=author.called,
        is_organizer=topic.is_organizer,
        has_posted=has_posted(session, author.id, chapter.id),
        lately=posts_lately(session, author.id, chapter.id, now),
        moderates=chapter.moderates,
        is_old=topic.is_old and chapter.old_topics == "moderate",
        private=looks_private(text, _names(session, topic)) if is_reply else None,
    )


def _people(session: Session, topic: TopicPlace) -> list[Member]:
    """Who wrote in the topic what went out, besides the author: the one they answer first."""
    if topic.thread is None:
        return []
    first = topic.answered.author_id if topic.answered is not None else 0
    rows = session.scalars(
        select(Member)
        .where(
            Member.id.in_(
                select(TopicPost.author_id).where(TopicPost.thread_id == topic.thread.id, TopicPost.state == "out")
            ),
            Member.id != topic.author.id,
            Member.erased_at.is_(None),
        )
        .order_by(Member.id)
    )
    return sorted(rows, key=lambda each: each.id != first)


def _names(session: Session, topic: TopicPlace) -> list[str]:
    return [each.called for each in _people(session, topic)]


def _only(session: Session, topic: TopicPlace) -> str:
    """The name that ONLY may take: of the one they answer, else of whoever wrote there first."""
    return next(iter(_names(session, topic)), "")


def _called(session: Session, topic: TopicPlace, name: str) -> list[Member]:
    """The people of the topic who are called so, and if nobody is, those of them whose whole name it is."""
    wanted = one_form(name)
    people = _people(session, topic)
    return [each for each in people if one_form(each.called) == wanted] or [
        each for each in people if one_form(each.name) == wanted
    ]


def _uninvolved(session: Session, topic: TopicPlace, now: datetime) -> tuple[int | None, bool]:
    """Somebody who answers people here and has no part in it, and whether it stays in the chapter: an organizer of the
    chapter, unless it is about one of them; then somebody of the whole organization."""
    reported = topic.answered.author_id if topic.answered is not None else None
    here = set(
        session.scalars(
            select(Role.member_id).where(
                Role.chapter_id == topic.chapter.id, Role.role.in_(ANSWERING_ROLES), Role.ended_at.is_(None)
            )
        )
    )
    apart = {topic.author.id, reported or 0}
    if not here & apart and (person := least_loaded(session, topic.chapter.id, now, besides=apart)) is not None:
        return person, True
    return least_loaded(session, None, now, besides=apart, away=True), False


def _about(coming: Coming) -> TopicPost:
    if coming.topic.about is None:
        raise ValueError("it is about no post")
    return coming.topic.about


def _told(session: Session, coming: Coming, what: str, now: datetime, *, name: str = "") -> None:
    topic, key = coming.topic, f"{what}:{coming.received.id}"
    tell_member(session, topic.author, topic.chapter.id, what, coming.back, key, now, name=name)


def _stands(session: Session, post: TopicPost, coming: Coming, effect: str, now: datetime) -> Stands:
    return _written(session, session.get_one(Thread, post.thread_id), coming, effect, now)


def _written(session: Session, thread: Thread, coming: Coming, effect: str, now: datetime) -> Stands:
    """A member's command stands in the topic for whoever looks after it, and goes to nobody."""
    return Stands(thread, _note(session, thread, coming, now), effect)


def _note(session: Session, thread: Thread, coming: Coming, now: datetime) -> Message:
    message = write_note(session, thread, coming.topic.author.id, coming.words.text, now)
    message.author_name = coming.topic.author.name
    message.received_id, message.at = coming.received.id, coming.received.created_at
    message.channel, message.folded = coming.words.channel, coming.words.folded
    message.detail = {**coming.words.detail, "command": str(coming.topic.wish.ask) if coming.topic.wish else ""}
    see_to_steward(session, thread, now)
    return message


def _first_words(text: str) -> str:
    line = next((stripped(line) for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 80 else f"{line[:79]}…"
