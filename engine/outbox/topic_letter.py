"""TopicLetter: what a letter or text says that carries neighbors' words, whom it is from, and how it hangs together.

It comes from the chapter's own address in the neighbor's first name ("Jo in Duluth"), so that no address of theirs
leaves and DMARC holds; where a plain answer goes stands in its foot in words. It is a list's mail (RFC 2919, 2369) and
a person's words: a digest alone is marked as made by a machine (RFC 3834).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote as percent

from engine.base.settings import Settings
from engine.base.tokens import Purpose, TokenRing
from engine.channels.mime import Mailbox, one_line
from engine.chapters.chapter import Chapter
from engine.outbox.delivery import AnyDelivery
from engine.outbox.relayed_words import shortened, text_parts
from engine.outbox.topic_posts import PRIVATE_FROM, Post, TopicPosts, part_of, posts_in
from templates.vocabulary import first_name, paragraphs
from templates.words import Words

#: Signs of a neighbor's words in a text: with all around them that is two or three parts of one.
SHORT: Final = 240
#: Signs of one post, and posts of one topic, in a digest; the rest is in the topic.
SHORT_IN_DIGEST: Final = 700
MOST_OF_A_TOPIC: Final = 12
#: Topics of one digest.
MOST_TOPICS: Final = 25


def is_topics(delivery: AnyDelivery) -> bool:
    """Whether the delivery carries posts of topics."""
    return delivery.data is not None and bool(posts_in(delivery))


def is_digest(delivery: AnyDelivery) -> bool:
    """Whether it carries what was said since the last time, rather than one post as it was said."""
    return "digest" in (delivery.data or {})


def is_private(delivery: AnyDelivery) -> bool:
    """Whether it carries words meant for its reader alone."""
    return PRIVATE_FROM in (delivery.data or {})


def called(post: Post, language: str) -> str:
    """What a letter calls the post's author."""
    return first_name(post.author, language)


def chapters_box(chapter: Chapter, settings: Settings) -> str:
    """The chapter's own address."""
    return f"{chapter.slug}@{settings.mail.domain}"


def from_box(
    delivery: AnyDelivery, posts: TopicPosts, chapter: Chapter, words: Words, language: str, settings: Settings
) -> Mailbox:
    """Whom it is from: the neighbor's first name and the chapter; a digest comes from the chapter."""
    said = posts.of(delivery)
    name = chapter.name
    if said and not is_digest(delivery):
        name = words.say(language, "topic.from", author=called(said[-1], language), chapter=chapter.name)
    return Mailbox(one_line(name), chapters_box(chapter, settings))


def values_of_topic(
    delivery: AnyDelivery,
    posts: TopicPosts,
    chapter: Chapter,
    words: Words,
    language: str,
    settings: Settings,
    tokens: TokenRing,
) -> dict[str, Any]:
    """The groups `topic` and `digest` of the vocabulary, for this reader."""
    said = posts.of(delivery)
    newest = said[-1] if said else None
    if newest is None:
        return {}
    author = called(newest, language)
    private = is_private(delivery)
    to_author = chapter.default_to == "sender"
    goes: dict[str, str | int] = {"people": newest.people, "chapter": chapter.name, "author": author}
    if private:
        goes_to, fewer = "topic.goes_to_you_two", "topic.fewer_private"
    elif is_digest(delivery):
        goes_to, fewer = "topic.goes_to_organizers", "topic.fewer_digests"
    else:
        goes_to, fewer = "topic.goes_to_author" if to_author else "topic.goes_to_all", "topic.fewer"
    topic: dict[str, Any] = {
        "name": newest.topic,
        "author": author,
        "is_reply": newest.is_reply or private,
        "paragraphs": paragraphs(newest.words.text) or [[words.say(language, "topic.wordless", author=author)]],
        "short": _by_text(delivery, newest, private) or words.say(language, "topic.wordless", author=author),
        "left_off": _left_off(newest, author, words, language),
        "goes_to": words.say(language, goes_to, **goes),
        "goes_to_by_text": words.say(
            language, "topic.text_to_author" if to_author or private else "topic.text_to_all", **goes
        ),
        "fewer": words.say(language, fewer, author=author),
    }
    values: dict[str, Any] = {"topic": topic}
    if is_digest(delivery):
        values["digest"] = _digest(delivery, said, chapter, words, language, settings, tokens)
    return values


def _by_text(delivery: AnyDelivery, post: Post, private: bool) -> str:
    """The words as a text says them: of a topic their beginning, for one person alone all of them, in as many texts as
    they need."""
    if not private:
        return shortened(post.words.text, SHORT)
    parts = text_parts(post.words.text)
    number = part_of(delivery)
    if number > len(parts):
        return ""
    return f"({number}/{len(parts)}) {parts[number - 1]}" if len(parts) > 1 else parts[0]


def picture_parts(delivery: AnyDelivery, posts: TopicPosts) -> Sequence[bytes]:
    """The pictures that go with it, as parts of the mail; a digest has none."""
    said = posts.of(delivery)
    return said[0].picture_parts if len(said) == 1 and not is_digest(delivery) else ()


def list_lines(delivery: AnyDelivery, chapter: Chapter, settings: Settings) -> Sequence[tuple[str, str]]:
    """What says to mail programs that this is a group's talk: nothing on words meant for one person."""
    if is_private(delivery):
        return ()
    lines = [("List-Post", f"<mailto:{chapters_box(chapter, settings)}>"), ("Precedence", "list")]
    if is_digest(delivery):
        lines.append(("Auto-Submitted", "auto-generated"))
    return lines


def thread_lines(
    delivery: AnyDelivery, posts: TopicPosts, domain: str, tokens: TokenRing, ours: Callable[[int], str]
) -> Sequence[tuple[str, str]]:
    """In-Reply-To and References by which a topic holds together: its root, then what the reader had or wrote before.

    The root is no mail: every letter of the topic names it, so that programs gather them under it (RFC 5256 3, step 1).
    `ours` makes a Message-ID of a delivery. A neighbor's own Message-IDs go to nobody but them: they name their host.
    """
    said = posts.of(delivery)
    if len(said) != 1 or is_digest(delivery):
        return ()
    root = topic_root(tokens, domain, said[0].thread_id)
    before = [root, *posts.own.get(delivery.id, ()), *(ours(each) for each in posts.before.get(delivery.id, ()))]
    return ("In-Reply-To", before[-1]), ("References", " ".join(before))


def topic_root(tokens: TokenRing, domain: str, thread_id: int) -> str:
    """The Message-ID that stands for the topic itself."""
    return f"<topic.{thread_id:x}.{tokens.mark(f'topic {thread_id}')[:16]}@{domain}>"


def _left_off(post: Post, author: str, words: Words, language: str) -> str:
    if not post.files:
        return ""
    key = "topic.file" if post.files == 1 else "topic.files"
    return words.say(language, key, author=author, files=post.files)


def _line(post: Post, words: Words, language: str) -> str:
    """One post in a digest: who said what, and that something came with it."""
    author = called(post, language)
    said = shortened(post.words.text, SHORT_IN_DIGEST) or words.say(language, "topic.wordless", author=author)
    line = words.say(language, "topic.said", author=author, words=said)
    if not post.files and not post.picture_parts:
        return line
    return f"{line} {words.say(language, 'topic.with_files', author=author)}"


def _digest(
    delivery: AnyDelivery,
    said: Sequence[Post],
    chapter: Chapter,
    words: Words,
    language: str,
    settings: Settings,
    tokens: TokenRing,
) -> Mapping[str, Any]:
    every = str((delivery.data or {})["digest"].get("every", "daily"))
    by_topic: dict[int, list[Post]] = {}
    for post in said:
        by_topic.setdefault(post.thread_id, []).append(post)
    topics: list[dict[str, Any]] = []
    for thread_id, theirs in list(by_topic.items())[:MOST_TOPICS]:
        shown = theirs[-MOST_OF_A_TOPIC:]
        lines = [_line(post, words, language) for post in shown]
        if len(shown) < len(theirs):
            lines.append(words.say(language, "topic.more"))
        last = theirs[-1]
        to_author = chapter.default_to == "sender"
        goes_to = words.say(
            language,
            "topic.goes_to_author" if to_author else "topic.goes_to_all",
            author=called(last, language),
            people=last.people,
            chapter=chapter.name,
        )
        token = tokens.sign(Purpose.REPLY_TO_THREAD, thread_id, delivery.member_id or 0)
        subject = percent(f"Re: [{chapter.name}] {last.topic}")
        link = f"mailto:r-{token}@{settings.mail.domain}?subject={subject}"
        topics.append({"name": last.topic, "lines": lines, "goes_to": goes_to, "link": link})
    many, in_many = len(said), len(by_topic)
    key = "topic.digest_one" if many == 1 else "topic.digest_in_one" if in_many == 1 else "topic.digest_many"
    by_text = "topic.text_one" if many == 1 else "topic.text_many"
    return {
        "title": words.say(language, "topic.weekly" if every == "weekly" else "topic.daily"),
        "preview": shortened(", ".join(theirs[-1].topic for theirs in by_topic.values()), 120),
        "says": words.say(language, by_text if delivery.channel == "sms" else key, posts=many, topics=in_many),
        "topics": topics,
    }
