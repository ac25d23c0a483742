"""Mail in topics: each rule of topics has its own way, and what is nobody else's to read goes to a person besides."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.outbox.moderating import Back
from reply_router.filing import Entry, file_in_place
from reply_router.mail_words import Mail, words_of
from reply_router.topics.filing import (
    Coming,
    decide,
    do_asked,
    file_post,
    note_it,
    tell_of_lock,
    wait_for_person,
)


def file_in_topic(session: Session, mail: Mail, now: datetime) -> Entry:
    """What the rule says of this mail and its topic is done."""
    topic = mail.case.topic
    if topic is None:
        raise ValueError("it has nothing to do with a topic")
    back = Back("email", mail.case.sender.address or None)
    coming = Coming(topic, words_of(mail), mail.received, mail.sentence, back, mail.fingerprint, mail.answer_within)
    match mail.rule.name:
        case "moderation":
            return decide(session, coming, now).entry(topic.author.id)
        case "moderator_note":
            return note_it(session, coming, now).entry(topic.author.id)
        case "topic_command":
            return do_asked(session, coming, now).entry(topic.author.id)
        case "topic_to_us":
            wait_for_person(session, topic, now)
            return file_in_place(session, mail, now)
        case "topic_locked":
            tell_of_lock(session, topic, back, now)
            return file_in_place(session, mail, now)
        case "topic":
            return file_post(session, coming, now).entry(topic.author.id)
    raise ValueError(f"{mail.rule.name} is no rule of topics")
