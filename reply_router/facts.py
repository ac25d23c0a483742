"""Facts: what finding, judging and filing ask of the database, known for a group of mails before the first is judged.

One query for each kind of fact, for all mails of the group; what nobody foresees here is asked as for a single mail.
What one mail changes is put down beside the change (engine.base.foreseen), so that the next sees it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import ManyAsked
from engine.base.foreseen import begin_foreseeing, hold
from engine.base.tokens import Purpose
from engine.chapters.membership import foresee_memberships, foresee_roles
from engine.conversations.assignment import foresee_desks
from engine.conversations.message import foresee_came, foresee_messages
from engine.conversations.question import foresee_questions
from engine.conversations.received import Received
from engine.conversations.storm import foresee_storms
from engine.conversations.thread import Thread, foresee_threads
from engine.enrollments.enrollment import foresee_ends
from engine.outbox.delivery import Delivery
from engine.outbox.letter import delivery_of
from engine.people.absence import foresee_absences
from engine.people.address import foresee_members_with
from engine.people.member import Member
from engine.people.pending import foresee_asked_by
from reply_router.addresses import Signed, normal, signed_in
from reply_router.content import foresee_keys, key_of, take_keys
from reply_router.find import signed_beside
from reply_router.mail_case import Office
from reply_router.mail_words import identifier_of
from reply_router.own_rules import foresee_rules
from reply_router.reading import Reading
from reply_router.sender import box_of

#: Message-IDs of ours that one mail may name and are looked up before.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Come:
    """One mail that is to be settled with others."""

    received: Received
    reading: Reading
    fingerprint: bytes


@dataclass(slots=True)
class _Named:
    """What a group of mails names, by its addresses and its Message-IDs."""

    senders: set[str]
    names: set[str]
    deliveries: set[int]
    threads: set[int]
    members: set[int]


def foresee(session: Session, mails: Sequence[Come], office: Office, now: datetime) -> None:
    """What these mails ask is known, and nobody else writes to their members' conversations until this ends."""
    session.flush()  # what follows is asked beside the session
    begin_foreseeing(session)
    keys: dict[bytes, int] = {}
    for mail in mails:
        keys.setdefault(key_of("mail", normal(mail.received.rcpt_to), mail.fingerprint), mail.received.id)
    take_keys(session, keys, now)
    named = _named_by(mails, office)
    members = named.members | foresee_members_with(session, "email", named.senders)
    deliveries: Sequence[Delivery] = _DELIVERIES.found(session, named.deliveries)
    said = foresee_messages(session, named.deliveries)
    members |= _known(row.member_id for row in deliveries) | _known(row.member_id for row in said)
    threads = named.threads | _known(row.thread_id for row in deliveries) | _known(row.thread_id for row in said)
    # Two first mails of one person at the same time open one conversation: whoever comes second waits here.
    people: Sequence[Member] = _PEOPLE.found(session, members)
    talks = foresee_threads(session, threads, members)
    authors = _AUTHORS.found(session, _known(row.author_id for row in said) - members)
    hold(session, (deliveries, people, authors))
    foresee_ends(session, _known(row.enrollment_id for row in deliveries))
    foresee_came(session, [row.id for row in talks], named.names)
    foresee_questions(session, named.deliveries, members, now)
    foresee_asked_by(session, named.deliveries)
    foresee_storms(session, members, now)
    foresee_rules(session)
    answering = {row.organizer_id for row in people} | {row.responsible_id for row in talks}
    foresee_roles(session, _known(answering))
    foresee_absences(session, _known(answering), now)
    chapters = foresee_memberships(session, members)
    chapters |= _known(row.chapter_id for row in deliveries) | _known(row.chapter_id for row in talks)
    foresee_desks(session, chapters, now)
    _foresee_thread_keys(session, mails, talks)


_DELIVERIES = ManyAsked(lambda one_of: select(Delivery).where(one_of(Delivery.id)))
_AUTHORS = ManyAsked(lambda one_of: select(Member).where(one_of(Member.id)))
_PEOPLE = ManyAsked(
    lambda one_of: select(Member).where(one_of(Member.id)).order_by(Member.id).with_for_update(key_share=True)
)


def _known(ids: Iterable[int | None]) -> set[int]:
    return {each for each in ids if each is not None}


def _named_by(mails: Sequence[Come], office: Office) -> _Named:
    named = _Named(set(), set(), set(), set(), set())
    domain, tokens = office.settings.mail.domain, office.tokens
    for mail in mails:
        reading = mail.reading
        sender = box_of(reading)[0]
        if sender:
            named.senders.add(sender)
        if reading.message_id is not None:
            named.names.add(identifier_of(reading))
        signed = signed_in(normal(mail.received.rcpt_to), domain, tokens)
        if not isinstance(signed, Signed):
            signed = signed_beside(reading, domain, tokens)
        if isinstance(signed, Signed):
            token = signed.token
            if token.purpose is Purpose.REPLY_TO_THREAD or token.purpose is Purpose.STAFF_REPLY:
                named.threads.add(token.subject_id)
            elif token.purpose in (Purpose.REPLY_TO_DELIVERY, Purpose.RETURN_PATH):
                named.deliveries.add(token.subject_id)
            if token.member_id:
                named.members.add(token.member_id)
            continue
        for name in (*reading.in_reply_to, *reading.references)[:_MOST_NAMED]:
            delivery_id = delivery_of(tokens, name)
            if delivery_id is not None:
                named.deliveries.add(delivery_id)
    return named


def _foresee_thread_keys(session: Session, mails: Sequence[Come], talks: Sequence[Thread]) -> None:
    """Which of these mails stand in which of these conversations already; nobody else writes in them now."""
    if talks and len(talks) * len(mails) <= _MOST_KEYS:
        foresee_keys(session, {key_of("thread", thread.id, mail.fingerprint) for thread in talks for mail in mails})


#: Beyond so many pairs of a mail and a conversation each is asked when it comes to it.
_MOST_KEYS = 4_000
