"""Post: the only way to say something to somebody. Each verb sets its own message class and fixes its own key."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.base.local_time import first_known
from engine.conversations.assignment import answers_anywhere
from engine.conversations.handing_over import HANDED_FROM
from engine.conversations.message import Message, Words, file_words_out
from engine.conversations.thread import Thread
from engine.conversations.topic import TOPIC
from engine.outbox import limits
from engine.outbox.answering import said_before, subject_of_answer, texted_from
from engine.outbox.delivery import Delivery, PostingKey
from engine.outbox.fan_out import LETTER, POSTS, TEXT
from engine.outbox.held import release_held
from engine.outbox.posting import posted, put, put_text
from engine.outbox.relayed_words import relayed, text_parts
from engine.outbox.text_facts import AT_ANY_HOUR
from engine.outbox.topic_posts import PART, PRIVATE_FROM
from engine.people.absence import absence_of
from engine.people.address import Address
from engine.people.consent import Channel
from engine.people.member import Member
from templates.segments import plain_signs
from templates.vocabulary import base_language
from templates.web.reader import Reader
from templates.words import read_words

#: The letters of the system itself, by their names in the library.
ANSWER, COURTESY = "answer", "courtesy"
ANSWER_BY_TEXT = "sms/answer"
#: Signs of one answer by text, so that the words that introduce us fit around it (the provider takes 1,600).
LONGEST_WORDS = 1400
#: Between the texts of words that need several, so that they arrive one after the other.
BETWEEN_PARTS = timedelta(seconds=5)


def answer(
    session: Session,
    thread: Thread,
    author_id: int,
    text: str,
    now: datetime,
    *,
    key: str,
    hold_for: timedelta = timedelta(hours=72),
    channel: Channel = "email",
    not_before: datetime | None = None,
    at_any_hour: bool = False,
) -> Delivery:
    """The person's words are on their way and stand in the thread; nothing waits there any more.

    The same key twice is one answer. `hold_for`: how long journeys go on waiting for the member's next words. A text
    goes to the phone they last wrote from in this thread, by the number they wrote to; else to their best one. Raises
    Invalid when the words are too long for a text. The author chooses when a text leaves outside texting hours:
    `not_before` the next ones, or at once with `at_any_hour`.
    """
    by_text = channel == "sms"
    if thread.kind == TOPIC:
        raise Invalid("A topic has no one person to answer. Write to the topic instead.")
    if by_text and len(plain_signs(text.strip())) > LONGEST_WORDS:
        raise Invalid(
            f"A text holds {LONGEST_WORDS} signs, and this has {len(text.strip())}. Shorten it, or send mail."
        )
    if by_text and thread.member_id is None and "@" in thread.correspondent:
        raise Invalid("Only a mail address of theirs is known. Answer by mail.")
    # The same form sent twice at once is one answer: the second waits here, and finds the first.
    session.refresh(thread, with_for_update=True)
    known = posted(session, f"answer:{key}")
    if known is not None:
        return known
    reader = session.get(Member, thread.member_id) if thread.member_id is not None else None
    heard, references = (None, None) if by_text else said_before(session, thread)
    phone, our_number = texted_from(session, thread) if by_text else (None, None)
    handed = _says_handed(session, thread, author_id, reader, now)
    data: dict[str, Any] = {AT_ANY_HOUR: True} if by_text and at_any_hour else {}
    if handed:
        data["answer"] = {"handed": handed}
    delivery = put(
        session,
        f"answer:{key}",
        now,
        message_class="answer",
        channel=channel,
        member_id=thread.member_id,
        chapter_id=thread.chapter_id,
        thread_id=thread.id,
        template=ANSWER_BY_TEXT if by_text else ANSWER,
        language=reader.language if reader else "en",
        # Somebody who is no member is answered where they wrote from.
        to_address=phone or (None if reader is not None else thread.correspondent or None),
        our_number=our_number,
        author_id=author_id,
        data=data or None,
        subject=None if by_text else subject_of_answer(thread.subject),
        text=text,
        in_reply_to=heard,
        reference_ids=references,
        not_before=not_before,
    )
    author = session.get(Member, author_id)
    words = Words(
        text=text,
        subject=delivery.subject or "",
        channel=channel,
        author_id=author_id,
        author_name=author.name if author else "",
        delivery_id=delivery.id,
        detail={"handed": handed} if handed else {},
    )
    file_words_out(session, thread, words, now, hold_for=hold_for)
    if thread.member_id is not None:
        # What waited "until answered" now waits until a known time.
        release_held(session, thread.member_id, now)
    record(session, author_id, "answered", "thread", thread.id, now, chapter_id=thread.chapter_id)
    return delivery


def _says_handed(session: Session, thread: Thread, author_id: int, reader: Member | None, now: datetime) -> str:
    """Whom these words come instead of, in the member's language, once; empty where nobody was before (N21)."""
    handed = thread.detail.get(HANDED_FROM)
    before = session.get(Member, handed["from"]) if handed else None
    if not handed or before is None or reader is None:
        return ""
    thread.detail = {name: value for name, value in thread.detail.items() if name != HANDED_FROM}
    if before.id == author_id or before.erased_at is not None:
        return ""
    words, name = read_words(), before.called
    if not answers_anywhere(session, before.id):
        return words.say(reader.language, "handed.gone", name=name)
    until = datetime.fromisoformat(handed["until"]) if handed.get("until") else None
    absence = absence_of(session, before.id, now)
    if absence is None:
        return ""
    if until is None:
        return words.say(reader.language, "handed.away", name=name)
    zone = first_known((reader.zone, before.zone))
    day = Reader(now, zone, base_language(reader.language)).date(until)
    return words.say(reader.language, "handed.until", name=name, day=day)


def consent_mail(
    session: Session,
    to_address: str,
    member_id: int | None,
    template: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    key: str,
    language: str | None = None,
    chapter_id: int | None = None,
) -> Delivery:
    """A mail about consent itself (a magic link, a confirmation) is on its way; the same key twice is one mail.

    `language`: of a reader who is no member, or of one who has just chosen another.
    """
    reader = session.get(Member, member_id) if member_id is not None else None
    return posted(session, f"consent:{key}") or put(
        session,
        f"consent:{key}",
        now,
        message_class="consent",
        member_id=member_id,
        chapter_id=chapter_id,
        template=template,
        language=language or (reader.language if reader else "en"),
        to_address=to_address,
        data=dict(data),
    )


def consent_text(
    session: Session,
    phone: str,
    member_id: int | None,
    template: str,
    now: datetime,
    *,
    key: str,
    our_number: str | None = None,
    language: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Delivery:
    """A text about consent itself (`sms/stopped`, `sms/started`, `sms/help`) is on its way, even to a stopped phone.

    The same key twice is one text. It leaves by `our_number`, the one they wrote to.
    """
    return put_text(session, "consent", phone, member_id, template, data or {}, now, key, our_number, language, None)


def service_text(
    session: Session,
    phone: str,
    member_id: int | None,
    template: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    key: str,
    our_number: str | None = None,
    language: str | None = None,
    thread_id: int | None = None,
    chapter_id: int | None = None,
) -> Delivery:
    """A text somebody asked for (a step of joining, a receipt) is on its way; the same key twice is one text.

    `data` lies over the vocabulary's values: `{"join": {"consent": shown}, "member": {"first_name": "Rosa"}}`.
    """
    return put_text(
        session, "service", phone, member_id, template, data, now, key, our_number, language, thread_id, chapter_id
    )


def service_letter(
    session: Session,
    to_address: str | None,
    member_id: int,
    template: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    key: str,
    thread: Thread | None = None,
    chapter_id: int | None = None,
    in_reply_to: str | None = None,
) -> Delivery:
    """A letter somebody asked for (a receipt) is on its way, as an answer in the thread; the same key twice is one.

    `data` lies over the vocabulary's values. Without a thread it is about the chapter, and answers `in_reply_to` of the
    member's own; without an address it goes to their best one.
    """
    whole = f"service-letter:{key}"
    known = posted(session, whole)
    if known is not None:
        return known
    reader = session.get(Member, member_id)
    heard, references = said_before(session, thread) if thread is not None else (in_reply_to, in_reply_to)
    return put(
        session,
        whole,
        now,
        message_class="service",
        member_id=member_id,
        chapter_id=thread.chapter_id if thread is not None else chapter_id,
        thread_id=thread.id if thread is not None else None,
        template=template,
        language=reader.language if reader else "en",
        to_address=to_address,
        in_reply_to=heard,
        reference_ids=references,
        data=dict(data),
    )


def relay(
    session: Session, message_id: int, thread_id: int, chapter_id: int, from_id: int, to_id: int, now: datetime
) -> Delivery:
    """One neighbor's words are on their way to another alone, built anew; the answer comes back to us for them alone.

    By mail where an address is known, else by text, in as many texts as they need. That they were said stands in the
    reader's timeline, not what.
    """
    whole = f"relay:{message_id}"
    known = posted(session, whole)
    if known is not None:
        return known
    reader, author = session.get_one(Member, to_id), session.get_one(Member, from_id)
    has_mail = session.scalar(select(Address.id).where(Address.member_id == to_id, Address.kind == "email").limit(1))
    channel: Channel = "email" if has_mail is not None else "sms"
    delivery = put(
        session,
        whole,
        now,
        message_class="answer",
        channel=channel,
        member_id=to_id,
        chapter_id=chapter_id,
        thread_id=thread_id,
        template=LETTER if channel == "email" else TEXT,
        language=reader.language,
        data={POSTS: [message_id], PRIVATE_FROM: from_id},
    )
    session.add(
        Message(
            id=new_id(), created_at=now, at=now, member_id=to_id, kind="out", channel=channel, author_id=from_id,
            author_name=author.name, folded=[], attachments=[], delivery_id=delivery.id,
            detail={"private_post": message_id},
        )
    )  # fmt: skip
    session.flush()
    if channel == "sms":
        said = session.get(Message, message_id)
        parts = len(text_parts(relayed(said.text, author.name).text)) if said is not None else 1
        for part in range(2, parts + 1):
            put(
                session, f"{whole}:{part}", now, message_class="answer", channel="sms", member_id=to_id,
                not_before=now + (part - 1) * BETWEEN_PARTS,
                chapter_id=chapter_id, thread_id=thread_id, template=TEXT, language=reader.language,
                data={POSTS: [message_id], PRIVATE_FROM: from_id, PART: part},
            )  # fmt: skip
    return delivery


def courtesy(
    session: Session, to_address: str, member_id: int | None, thread: Thread, now: datetime, *, key: str
) -> Delivery | None:
    """The machine's "we got it" is on its way: one per address within a day, whatever the keys; None: not again yet.

    The caller has made sure that a person wrote, from a proven address (RFC 3834 2).
    """
    day = f"courtesy:{hashlib.sha256(to_address.lower().encode()).hexdigest()[:40]}:{now:%Y-%m-%d}"
    known = posted(session, f"courtesy:{key}") or posted(session, day)
    if known is not None or not limits.may_be_courteous(session, to_address, now):
        return known
    reader = session.get(Member, member_id) if member_id is not None else None
    heard, references = said_before(session, thread)
    delivery = put(
        session,
        f"courtesy:{key}",
        now,
        message_class="consent",
        member_id=member_id,
        chapter_id=thread.chapter_id,
        thread_id=thread.id,
        template=COURTESY,
        language=reader.language if reader else "en",
        to_address=to_address,
        in_reply_to=heard,
        reference_ids=references,
    )
    # Two workers at the same moment: the second one's insert fails, and its mail is routed anew.
    session.add(PostingKey(key=day, created_at=now, delivery_id=delivery.id))
    limits.note(session, limits.COURTESY, to_address, thread.id, now)
    return delivery


def staff_notice(
    session: Session,
    member_id: int,
    template: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    key: str,
    thread_id: int | None = None,
) -> Delivery:
    """A notice to an organizer is on its way; with a thread, answering it answers the thread."""
    reader = session.get(Member, member_id)
    thread = session.get(Thread, thread_id) if thread_id is not None else None
    return posted(session, f"staff:{key}") or put(
        session,
        f"staff:{key}",
        now,
        message_class="staff",
        member_id=member_id,
        chapter_id=thread.chapter_id if thread else None,
        thread_id=thread_id,
        template=template,
        language=reader.language if reader else "en",
        data=dict(data),
    )


def staff_text(
    session: Session,
    phone: str,
    member_id: int,
    template: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    key: str,
    thread_id: int | None = None,
    our_number: str | None = None,
) -> Delivery:
    """A text to an organizer is on its way, by `our_number` if they wrote to it; the same key twice is one text."""
    thread = session.get(Thread, thread_id) if thread_id is not None else None
    chapter_id = thread.chapter_id if thread is not None else None
    return put_text(
        session, "staff", phone, member_id, template, data, now, key, our_number, None, thread_id, chapter_id
    )
