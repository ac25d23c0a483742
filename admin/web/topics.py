"""Topics: what stands in a chapter's topic, what of it waits for a steward, and what a steward does about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.web.entries import Entry, Piece
from admin.web.frame import reader_of, tell
from admin.web.me import Me, me
from admin.web.places import back_to
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.chapters.chapter import Chapter
from engine.conversations.assignment import may_answer
from engine.conversations.message import Words
from engine.conversations.scope import Scope, thread_in
from engine.conversations.thread import Thread
from engine.conversations.topic import TOPIC, lock, lock_of, unlock
from engine.conversations.topic_post import TopicPost, add_post, posts_of
from engine.outbox.fan_out import readers_of
from engine.outbox.moderating import go, refuse, release
from engine.people.member import Member, names_of
from templates.web.reader import Reader

#: Each state's standing, as the marks of the inbox have it.
STANDING = {"held": "due", "out": "answered", "rejected": "quiet", "unsent": "quiet", "private": "quiet"}
#: Longer words are no post.
MOST_SIGNS = 20_000


@dataclass(frozen=True, slots=True)
class PostShown:
    """How far one post may go, in words; `waits`: it can be let out or turned down."""

    kind: str
    says: str
    why: str
    waits: bool
    #: One neighbor alone was to have the words.
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class TopicShown:
    """What a topic's page says of it."""

    chapter: str
    chapter_id: int
    people: int
    goes_to: str
    #: Since when and by whom it takes no more posts; empty: it takes them.
    locked: str
    #: By the entry that shows their words.
    posts: dict[str, PostShown]
    grew_from: int | None
    #: The viewer looks after the chapter, and so may write and decide.
    may: bool


def topic_shown(
    session: Session, thread: Thread, message_ids: Sequence[int], viewer: Me, reader: Reader
) -> TopicShown | None:
    """What the page says of the topic and of these messages in it; None for a conversation of any other kind."""
    if thread.kind != TOPIC or thread.chapter_id is None:
        return None
    chapter = session.get_one(Chapter, thread.chapter_id)
    posts, shut = posts_of(session, message_ids), lock_of(session, thread.id)
    people = {post.decided_by_id for post in posts.values()} | {post.only_to_id for post in posts.values()}
    names = names_of(session, {*people, shut.by_id if shut is not None else None})
    locked = ""
    if shut is not None:
        who = names.get(shut.by_id, "")
        key = "topic.locked_by" if who else "topic.locked_by_age"
        locked = reader.say(key, name=who, when=reader.moment(shut.created_at))
    return TopicShown(
        chapter=chapter.name,
        chapter_id=chapter.id,
        people=readers_of(session, chapter.id),
        goes_to=reader.say(f"topic.goes_to_{chapter.default_to}"),
        locked=locked,
        posts={f"m{message_id}": _post(post, names, reader) for message_id, post in posts.items()},
        grew_from=thread.detail.get("grew_from"),
        may=may_answer(session, viewer.member_id, chapter.id),
    )


def without_private_words(entries: Sequence[Entry], topic: TopicShown | None, reader: Reader) -> list[Entry]:
    """The entries as an organizer sees them: what somebody wanted one person alone to have is not shown."""
    if topic is None:
        return list(entries)
    return [
        replace(
            each, text="", subject="", pieces=[Piece(reader.say("topic.private_words"))], attached=[], pictures=[],
            original=False,
        )
        if each.id in topic.posts and topic.posts[each.id].hidden
        else each
        for each in entries
    ]  # fmt: skip


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/posts`, `.../posts/<id>/approval`, `.../rejection`, `/lock` and its `/end`."""
    blueprint = Blueprint("topics", __name__)

    @blueprint.post("/conversations/<int:thread_id>/posts")
    def write(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        text = request.form.get("text", "").strip()[:MOST_SIGNS]
        with services.db.write() as session:
            thread = _topic(session, viewer.scope, thread_id)
            if text:
                author = session.get_one(Member, viewer.member_id)
                words = Words(
                    text, thread.subject, author_id=author.id, author_name=author.name, detail={"by": "admin"}
                )
                go(session, add_post(session, thread, author.id, words, reader.now), reader.now)
        tell(reader.say("topic.written" if text else "topic.empty"), trouble=not text)
        return redirect(back_to(thread_id))

    @blueprint.post("/conversations/<int:thread_id>/posts/<int:message_id>/approval")
    def approve(thread_id: int, message_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            post = _of_topic(session, viewer.scope, thread_id, message_id)
            done = release(session, post, viewer.member_id, reader.now)
        tell(reader.say("topic.approved" if done else "topic.decided_before"), trouble=not done)
        return redirect(back_to(thread_id))

    @blueprint.post("/conversations/<int:thread_id>/posts/<int:message_id>/rejection")
    def reject(thread_id: int, message_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        why = " ".join(request.form.get("why", "").split())[:2_000]
        with services.db.write() as session:
            post = _of_topic(session, viewer.scope, thread_id, message_id)
            done = refuse(session, post, viewer.member_id, why, reader.now)
        tell(reader.say("topic.rejected" if done else "topic.decided_before"), trouble=not done)
        return redirect(back_to(thread_id))

    @blueprint.post("/conversations/<int:thread_id>/lock")
    def shut(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            lock(session, _topic(session, viewer.scope, thread_id), viewer.member_id, "", reader.now)
        tell(reader.say("topic.is_locked"), undo=f"/conversations/{thread_id}/lock/end")
        return redirect(back_to(thread_id))

    @blueprint.post("/conversations/<int:thread_id>/lock/end")
    def reopen(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            unlock(session, _topic(session, viewer.scope, thread_id), viewer.member_id, reader.now)
        tell(reader.say("topic.is_unlocked"))
        return redirect(back_to(thread_id))

    return blueprint


def _topic(session: Session, scope: Scope, thread_id: int) -> Thread:
    """The topic, for somebody who looks after its chapter. Raises NotFound for anybody and anything else."""
    thread = thread_in(session, scope, thread_id)
    if thread.kind != TOPIC or not may_answer(session, scope.member_id, thread.chapter_id):
        raise NotFound("There is no such topic.")
    return thread


def _of_topic(session: Session, scope: Scope, thread_id: int, message_id: int) -> TopicPost:
    thread = _topic(session, scope, thread_id)
    post = session.get(TopicPost, message_id)
    if post is None or post.thread_id != thread.id:
        raise NotFound("There is no such post.")
    return post


def _post(post: TopicPost, names: dict[int | None, str], reader: Reader) -> PostShown:
    who = names.get(post.decided_by_id, "")
    match post.state:
        case "held" if post.release_at is not None:
            says = reader.say("topic.held_until", when=reader.moment(post.release_at))
        case "held":
            says = reader.say("topic.held")
        case "private":
            says = reader.say("topic.private_to", name=names.get(post.only_to_id, ""))
        case "out" if who:
            says = reader.say("topic.let_out_by", name=who)
        case "rejected":
            says = reader.say("topic.rejected_by", name=who)
        case _:
            says = reader.say(f"topic.{post.state}")
    why = post.verdict if post.state == "rejected" else reader.said(post.why) if post.state == "held" else ""
    return PostShown(STANDING[post.state], says, why, post.state == "held", post.state == "private")
