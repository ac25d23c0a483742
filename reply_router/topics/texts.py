"""Texts in topics, as mail in them (reply_router.topics.mail)."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.outbox.moderating import Back
from reply_router.filing import Entry
from reply_router.text_filing import Incoming, expect_pictures, file_text, words_of_text
from reply_router.topics.filing import Coming, ask_which, decide, do_asked, file_post, tell_of_lock, wait_for_person


def file_text_in_topic(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """What the rule says of this text and its topic is done."""
    topic, place = incoming.case.topic, incoming.place
    if topic is None:
        raise ValueError("it has nothing to do with a topic")
    back = Back("sms", place.phone, place.our_number or None)
    coming = Coming(
        topic, words_of_text(incoming), incoming.received, incoming.sentence, back, None, incoming.answer_within
    )
    match incoming.rule.name:
        case "moderation":
            return decide(session, coming, now).entry(topic.author.id)
        case "moderation_which":
            return ask_which(session, coming, now).entry(topic.author.id)
        case "topic_command":
            return do_asked(session, coming, now).entry(topic.author.id)
        case "topic_to_us":
            wait_for_person(session, topic, now)
            return file_text(session, incoming, now)
        case "topic_locked":
            tell_of_lock(session, topic, back, now)
            return file_text(session, incoming, now)
        case "topic":
            entry = file_post(session, coming, now).entry(topic.author.id)
            if entry.message is not None:
                expect_pictures(session, incoming, entry.message, now)
            return entry
    raise ValueError(f"{incoming.rule.name} is no rule of topics")
