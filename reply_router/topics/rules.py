"""Checks of mail that has to do with a chapter's topic: commands, what is nobody else's to read, and posts.

Each says the sentence that is shown where it applies, else None. The order is the table's (reply_router.rules). Nobody
is heard by a whole chapter without proof of who they are (law 9), and what is not fit for a topic goes to a person.
"""

from reply_router.case import Case
from reply_router.topics.place import TopicPlace
from reply_router.topics.wishes import Ask

#: How a sentence tells what was asked.
_ASKED = {
    Ask.UNSEND: "took back what they wrote to",
    Ask.ONLY: "wants only one person to have what they wrote to",
    Ask.ENOUGH: "has had enough of what comes from",
    Ask.MUTE: "wants no more of a topic of",
    Ask.REPORT: "reports words from",
}


def moderation(case: Case) -> str | None:
    """A steward's APPROVE, REJECT or LOCK, in answer to the notice that only they have, and proven."""
    topic = case.topic
    if topic is None or not topic.is_organizer or not case.proof.proven:
        return None
    return decides(topic)


def decides(topic: TopicPlace) -> str | None:
    """A steward says what becomes of a post that waits, or of the topic."""
    if topic.wish is None or not topic.is_organizer:
        return None
    match topic.wish.ask:
        case Ask.APPROVE if topic.about is not None:
            return f"{topic.author.called} let a post go out to {topic.name}."
        case Ask.REJECT if topic.about is not None:
            return f"{topic.author.called} did not let a post go out to {topic.name}."
        case Ask.LOCK if topic.thread is not None:
            return f"{topic.author.called} closed a topic of {topic.name} to more posts."
    return None


def asks_which(topic: TopicPlace) -> str | None:
    """A steward says what becomes of a post, and several wait for them, or none of the number that they say."""
    if not topic.several or not topic.is_organizer:
        return None
    return f"{topic.author.called} decided about a post by text, and it is not plain which. We asked for its number."


def moderator_note(case: Case) -> str | None:
    """A steward's other words in answer to such a notice, or words that prove nothing."""
    topic = case.topic
    if case.organizer_id is None or topic is None or not topic.answers_note or not topic.is_organizer:
        return None
    if topic.about is None or topic.about.author_id == topic.author.id:
        several = topic.wish is not None
        return (
            f"{topic.author.called} answered a notice, and it is not plain about which post. Nothing was decided: "
            "decide on this page."
            if several
            else f"{topic.author.called} wrote about a topic of {topic.name}. Members do not see it."
        )
    if topic.wish is not None and not case.proof.proven:
        return f"{topic.author.called} seems to have decided, but nothing proves it was them: decide on this page."
    return f"{topic.author.called} wrote about a post that waits. Answer APPROVE or REJECT to decide, or decide here."


def command(case: Case) -> str | None:
    """UNSEND, ONLY, ENOUGH, MUTE or REPORT, proven."""
    return asks(case.topic) if case.topic is not None and case.proof.proven else None


def asks(topic: TopicPlace) -> str | None:
    """An author or a reader asks for something about words in a topic."""
    wish = topic.wish
    if wish is None or wish.ask not in _ASKED:
        return None
    if wish.ask in (Ask.UNSEND, Ask.ONLY) and (topic.about is None or topic.about.author_id != topic.author.id):
        return None
    if wish.ask in (Ask.ENOUGH, Ask.MUTE, Ask.REPORT) and (topic.thread is None or topic.about is not None):
        return None
    return f"{topic.author.called} {_ASKED[wish.ask]} {topic.name}."


def to_us(case: Case) -> str | None:
    """Words in answer to a note of ours about their own post."""
    return says_to_us(case.topic) if case.topic is not None and case.organizer_id is None else None


def says_to_us(topic: TopicPlace) -> str | None:
    """Not a command, and so said to us: what they wrote before goes to nobody until a person has looked."""
    if not topic.answers_note:
        return None
    return (
        f"{topic.author.called} answered our question about what they wrote to {topic.name}. It goes to nobody until "
        "somebody has read this."
    )


def listed(case: Case) -> str | None:
    """Another list passed it on, and it answers nothing of ours: two lists would write to each other for ever."""
    topic = case.topic
    if topic is None or not topic.listed or case.place.ours:
        return None
    return f"A mailing list passed it on to {topic.name}. Lists do not write to lists here."


def unproven(case: Case) -> str | None:
    """Nothing proves who wrote it, or a list passed it on."""
    topic = case.topic
    if topic is None or (case.proof.proven and not topic.listed):
        return None
    return (
        f"It says that {topic.author.called} wrote it for everybody in {topic.name}, and nothing proves that they did. "
        "It went to nobody: ask them, and have them write again from their own mail program."
    )


def outsider(case: Case) -> str | None:
    """Somebody who is not in the chapter."""
    return is_outside(case.topic) if case.topic is not None else None


def is_outside(topic: TopicPlace) -> str | None:
    """They are not in the chapter whose topic it is."""
    if topic.is_in or topic.is_organizer:
        return None
    return f"{topic.author.called} wrote to {topic.name} and is not in it. Only its organizers see this."


def unwanted(case: Case) -> str | None:
    """Words for somebody who wants none of theirs."""
    return is_unwanted(case.topic) if case.topic is not None else None


def is_unwanted(topic: TopicPlace) -> str | None:
    """Whom they answer has had enough of them: the words are kept, and reach a person instead."""
    if not topic.unwanted:
        return None
    return (
        f"{topic.author.called} answered somebody who wants no words of theirs. It went to nobody. Talk with "
        f"{topic.author.called}, and do not say who it was."
    )


def locked(case: Case) -> str | None:
    """A topic that takes no more posts."""
    return is_locked(case.topic) if case.topic is not None else None


def is_locked(topic: TopicPlace) -> str | None:
    """The topic takes no more posts: the words go to a person, and their author hears so once."""
    if not topic.locked or topic.is_organizer or topic.only_to is not None:
        return None
    return f"{topic.author.called} answered in a topic of {topic.name} that takes no more posts."


def post(case: Case) -> str | None:
    """A member's words for their chapter."""
    return says(case.topic) if case.topic is not None else None


def says(topic: TopicPlace) -> str | None:
    """Words for the chapter, or for the one neighbor who is answered."""
    if topic.only_to is not None:
        return f"{topic.author.called} answered one neighbor in {topic.name}, and only they get it."
    if topic.thread is not None:
        return f"{topic.author.called} answered in a topic of {topic.name}."
    grew = " that grew out of another" if topic.grew_from is not None else ""
    return f"{topic.author.called} began a topic{grew} in {topic.name}."
