"""The straight line of one received text: read, judge, find, file, answer or assign, tell the runner.

Beside `reply_router.route`, which takes, leases and settles rows of every door.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine.base.db import one_at_a_time
from engine.base.errors import Invalid
from engine.base.settings import Settings
from engine.chapters.chapter import Chapter, chapter_named
from engine.chapters.membership import Membership
from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.outbox.text_lines import knows_us_by
from engine.people.phone import may_sign_up, normal_phone
from reply_router.content import file_once, key_of
from reply_router.filing import Entry, filed_before
from reply_router.own_rules import CameIn, Chosen, choose, may_choose, rules_now
from reply_router.reading import READING_VERSION
from reply_router.reading.paces import pace_of
from reply_router.reading.text_message import TextMessage
from reply_router.reading.texts import TextKind
from reply_router.sign_ups import file_confirmed_text, hear_confirmation
from reply_router.text_case import TextCase, TextFiled
from reply_router.text_commands import (
    file_choice,
    file_help,
    file_leave,
    file_pace,
    file_start,
    file_stop,
    file_wrong_number,
)
from reply_router.text_desk import ask_which_conversation, desk_text, file_desk_text
from reply_router.text_filing import Incoming, file_again, file_tap, file_text, stand
from reply_router.text_find import TextPlace, find_text, quoted, room_of_number
from reply_router.text_join import answers, file_join, file_sign_up, only_chapter
from reply_router.text_rules import judge_text
from reply_router.text_which import ask_which
from reply_router.topics.place import decides_a_post, topic_of_text
from reply_router.topics.text_choice import text_choice
from reply_router.topics.texts import file_text_in_topic

DOOR = "sms"
#: The same words from the same phone within so long were sent twice.
TWICE_WITHIN = timedelta(seconds=60)
#: So many texts our machine sends to one person, each for a text of theirs.
RECEIPTS_AN_HOUR, RECEIPTS_A_DAY = 5, 20
#: Longer words are no keyword.
_LONGEST_KEYWORD = 60
_LONGEST_SHORT_CODE = 8


def text_key(provider: str, provider_id: str) -> bytes:
    """The key under which the provider's one text is filed once."""
    return key_of("provider", provider, provider_id)


def route_text(session: Session, received: Received, text: TextMessage, settings: Settings, now: datetime) -> None:
    """The row has its one outcome and everything that follows from it."""
    text = replace(text, from_=_in_full(text.from_, settings), to=_in_full(text.to, settings))
    # Answers go to where it came from, in the one form that the provider takes; the bytes keep how it was written.
    received.mail_from, received.rcpt_to = text.from_ or received.mail_from, text.to or received.rcpt_to
    if text.from_:
        # Two texts of one phone are filed one after the other, the second knowing what the first did.
        one_at_a_time(session, f"text from {text.from_}")
    case = text_case_of(session, received, text, settings, now)
    rule, sentence = judge_text(case)
    if text.to in settings.sms.every_number and rule.outcome not in ("duplicate", "machine") and not text.trouble:
        # They hear from the number that they wrote to.
        knows_us_by(session, text.from_, text.to, now)
    entry = _file(session, Incoming(received, case, rule, sentence, settings), now)
    received.outcome, received.reason = rule.outcome, f"{rule.name}: {sentence}"
    received.duplicate_of = case.duplicate_of if rule.name == "duplicate" else entry.same_as
    received.effect = entry.effect
    received.thread_id = entry.thread.id if entry.thread is not None else None
    received.message_id = entry.message.id if entry.message is not None else None
    received.member_id = entry.member_id
    received.reading_version = READING_VERSION
    received.settled_at, received.leased_until_at = now, None
    session.flush()


def text_case_of(
    session: Session, received: Received, text: TextMessage, settings: Settings, now: datetime
) -> TextCase:
    """Everything the rules look at. From here on the text has its key, or is known to have been filed before."""
    first = None
    if received.provider_id:
        first = file_once(session, text_key(received.provider, received.provider_id), received.id, now)
    place = find_text(session, text, settings, now)
    echo = text.words.tapback
    chapter = _chapter_meant(session, text, place, settings)
    topic = topic_of_text(session, text, place, now)
    return TextCase(
        text,
        place,
        duplicate_of=first,
        own=bool(text.from_) and text.from_ in settings.sms.every_number,
        same=_same(session, received, text, place),
        tapped=_tapped(session, place, echo.quote) if echo is not None else None,
        chapter=chapter,
        is_in=chapter is not None and _is_in(session, place, chapter),
        pace=pace_of(text.body) if text.kind is TextKind.HUMAN and not text.picture_count else "",
        may_sign_up=place.member is not None
        or (chapter is not None and may_sign_up(text.from_, settings.sms.country, settings.sms.sign_up_countries)),
        answers_sign_up=text.kind is TextKind.HUMAN and answers(place.sign_up, text.body),
        confirms=hear_confirmation(place.confirming, text),
        machine_rests=_machine_said_enough(session, place, now),
        topic=topic,
        choice=text_choice(session, text, place, topic, now),
        # A steward's APPROVE is no word to a member, whoever else waits for an answer of theirs.
        desk=desk_text(session, text, place, now) if not decides_a_post(topic) else None,
        chosen=_chosen(session, text, place),
    )


def _chosen(session: Session, text: TextMessage, place: TextPlace) -> Chosen | None:
    """Where a rule of staff's own sends the words; never out of a talk, and nothing that answers a question."""
    if text.kind not in (TextKind.HUMAN, TextKind.HUMAN_FLAG) or place.asked or not may_choose(place.thread):
        return None
    rules = rules_now(session)
    language = place.member.language if place.member is not None else ""
    came = CameIn(text.body, from_number=text.from_, to_number=text.to, chapter_id=place.chapter_id, language=language)
    return choose(session, rules, came) if rules else None


def _machine_said_enough(session: Session, place: TextPlace, now: datetime) -> bool:
    """Whether so many texts went to them by machine, each for a text of theirs, that the next words need a person."""
    theirs = Thread.member_id == place.member.id if place.member is not None else Thread.correspondent == place.phone
    talks = select(Thread.id).where(theirs, Thread.last_at > now - timedelta(days=1))
    times = session.scalars(
        select(Delivery.created_at)
        .where(
            Delivery.thread_id.in_(talks),
            Delivery.channel == "sms",
            Delivery.message_class == "service",
            Delivery.created_at > now - timedelta(days=1),
        )
        .limit(RECEIPTS_A_DAY)
    ).all()
    within_an_hour = sum(at > now - timedelta(hours=1) for at in times)
    return len(times) >= RECEIPTS_A_DAY or within_an_hour >= RECEIPTS_AN_HOUR


def _at_desk(session: Session, incoming: Incoming, now: datetime) -> Entry:
    desk = incoming.case.desk
    if desk is None:
        raise ValueError("no organizer answers an alert here")
    do = file_desk_text if desk.alert is not None else ask_which_conversation
    return do(session, desk, incoming.received, incoming.text, incoming.settings, now)


def _file(session: Session, incoming: Incoming, now: datetime) -> Entry:
    match incoming.rule.filed:
        case TextFiled.NOWHERE:
            return filed_before(session, incoming.case.duplicate_of)
        case TextFiled.DESK:
            return _at_desk(session, incoming, now)
        case TextFiled.AGAIN:
            return file_again(session, incoming)
        case TextFiled.TAP:
            return file_tap(session, incoming)
        case TextFiled.STOP:
            return file_stop(session, incoming, now)
        case TextFiled.START:
            return file_start(session, incoming, now)
        case TextFiled.HELP:
            return file_help(session, incoming, now)
        case TextFiled.NUMBER_OFF:
            return file_wrong_number(session, incoming, now)
        case TextFiled.LEAVE:
            return file_leave(session, incoming, now)
        case TextFiled.PACE:
            return file_pace(session, incoming, now)
        case TextFiled.CHOICE:
            return file_choice(session, incoming, now)
        case TextFiled.JOIN:
            return file_join(session, incoming, now)
        case TextFiled.SIGN_UP:
            return file_sign_up(session, incoming, now)
        case TextFiled.CONFIRM:
            return file_confirmed_text(session, incoming, now)
        case TextFiled.WHICH:
            thread, message = stand(session, incoming, now, waits=False)
            ask_which(session, incoming.place, incoming.place.asked, message, thread, now)
            return Entry(thread, message, thread.member_id)
        case TextFiled.TOPIC:
            return file_text_in_topic(session, incoming, now)
        case TextFiled.PLACE | TextFiled.CHOSEN:
            return file_text(session, incoming, now)
        case _:
            assert_never(incoming.rule.filed)


def _in_full(number: str, settings: Settings) -> str:
    """The number in E.164; one without a country is of ours. A short code stays as it is."""
    if number.startswith("+") or len(number) <= _LONGEST_SHORT_CODE:
        return number
    try:
        return normal_phone(number, settings.sms.country)
    except Invalid:
        return number


def _same(session: Session, received: Received, text: TextMessage, place: TextPlace) -> Message | None:
    """The message with these very words that came from this phone a moment before, with no text of ours between."""
    if place.thread is None or text.picture_count or not text.body.strip():
        return None
    rows = session.scalars(
        select(Message)
        .where(
            or_(
                Message.thread_id == place.thread.id,
                # A journey's text stands in no conversation before it is answered, and comes between all the same.
                and_(Message.thread_id.is_(None), Message.member_id == place.thread.member_id),
            ),
            Message.channel == "sms",
            Message.at > received.created_at - TWICE_WITHIN,
        )
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(5)
    )
    for message in rows:
        if message.kind != "in":
            return None
        if message.text == text.body and message.received_id is not None:
            before = session.get(Received, message.received_id)
            return message if before is not None and before.mail_from == received.mail_from else None
    return None


def _tapped(session: Session, place: TextPlace, quote: str) -> Message | None:
    """The words of ours that were tapped; of a picture, whatever we said last."""
    return quoted(session, place, quote) if quote else place.said


def _chapter_meant(session: Session, text: TextMessage, place: TextPlace, settings: Settings) -> Chapter | None:
    """The chapter that JOIN or LEAVE names; a stranger's whole text may be a chapter's name too, as on a poster."""
    if text.kind in (TextKind.JOIN, TextKind.LEAVE):
        if text.words.argument:
            return chapter_named(session, text.words.argument)
        room = room_of_number(session, place.our_number, settings)
        return session.get(Chapter, room) if room is not None else only_chapter(session)
    is_keyword = text.kind is TextKind.HUMAN and place.member is None and place.sign_up is None
    if is_keyword and 0 < len(text.body.strip()) <= _LONGEST_KEYWORD and not text.picture_count:
        return chapter_named(session, text.body)
    return None


def _is_in(session: Session, place: TextPlace, chapter: Chapter) -> bool:
    if place.member is None:
        return False
    membership = session.get(Membership, (place.member.id, chapter.id))
    return membership is not None and membership.left_at is None
