"""Mail case: everything the rules look at for one mail, looked up before any of them is asked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.foreseen import is_foreseeing
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.outbox.letter import is_loop_mark
from engine.people.member import Member
from reply_router.addresses import Aim, Room, Signed, aim_of, normal, signed_in
from reply_router.asked import answers_question, only_an_answer
from reply_router.case import Case
from reply_router.confirming import is_asked, word_on
from reply_router.content import file_once, is_listed, key_of, loop_marks
from reply_router.find import Search, chapter_left, find, signed_beside
from reply_router.fresh_orders import fresh_order_in
from reply_router.junk_lane import junk_in
from reply_router.own_rules import CameIn, Chosen, choose, mail_words, may_choose, rules_now
from reply_router.place import Place
from reply_router.proof.proof import UNPROVEN, Proof
from reply_router.reading import Kind, Reading
from reply_router.reading.events import EVENT
from reply_router.reports import complained_of, is_from, told_of
from reply_router.sender import Sender, sender_of
from reply_router.sign_ups import confirms_by_mail, joins_by_mail
from reply_router.staff import organizer_of
from reply_router.topics.place import topic_of_mail


@dataclass(frozen=True, slots=True)
class Office:
    """What settling needs besides the database."""

    settings: Settings
    tokens: TokenRing


def case_of(
    session: Session,
    received: Received,
    reading: Reading,
    raw: bytes,
    content: bytes,
    office: Office,
    now: datetime,
    proof: Proof = UNPROVEN,
) -> Case:
    """Everything the rules look at. From here on the mail has its key, or is known to have been filed before."""
    tokens, domain = office.tokens, office.settings.mail.domain
    recipient = normal(received.rcpt_to)
    first = file_once(session, _key(received, recipient, content), received.id, now)
    sender = sender_of(session, reading)
    is_told = received.door == EVENT
    aim = told_of(session, reading, domain, tokens) if is_told else aim_of(session, recipient, domain, tokens)
    search = Search(session, reading, sender, aim, signed_beside(reading, domain, tokens), tokens, now, domain)
    place = find(search)
    alone = session.get_bind().dialect.name == "sqlite" or is_foreseeing(session)
    if place.thread is None and place.member is not None and not alone:
        # Two first mails of one person at the same time open one conversation: the second worker waits here, and looks
        # again. SQLite has one writer at a time, and a group took its members before: what it found holds.
        session.execute(select(Member.id).where(Member.id == place.member.id).with_for_update())
        place = find(search)
    own_word, place = word_on(session, reading, place, sender.name, now)
    organizer = organizer_of(session, aim, sender)
    left = chapter_left(session, reading, place)
    own = any(is_loop_mark(tokens, each) for each in loop_marks(raw))
    return Case(
        reading=reading,
        sender=sender,
        place=place,
        proof=proof,
        aim=aim,
        own=own or isinstance(signed_in(sender.address, domain, tokens), Signed),
        duplicate_of=first,
        is_told=is_told,
        is_foreign=is_told and not isinstance(aim, Signed) and not is_from(reading, domain),
        complained_of=complained_of(reading, aim, tokens) if reading.kind is Kind.COMPLAINT else None,
        answers=answers_question(session, reading, place, now),
        joins=joins_by_mail(session, reading, sender, aim, place),
        confirms=confirms_by_mail(session, reading, sender, place),
        chapter=left,
        is_asked=is_asked(session, reading, place, sender, left, now),
        own_word=own_word,
        junk=junk_in(received, reading, raw, sender, place, proof, office.settings.mail),
        organizer_id=organizer.id if organizer is not None else None,
        organizer=organizer.called if organizer is not None else "",
        fresh_order=fresh_order_in(session, reading, sender) if organizer is None else None,
        beside=_beside(session, received, reading, aim, content, now) if first is None else None,
        chosen=_chosen(session, reading, sender, place, now),
        topic=topic_of_mail(search, place, listed=is_listed(raw)),
    )


def _key(received: Received, recipient: str, content: bytes) -> bytes:
    """Under which key it is filed once: what a provider tells has an id, and mail is the same by what it says."""
    if received.door == EVENT and received.provider_id:
        return key_of("event", received.provider, received.provider_id)
    return key_of("mail", recipient, content)


def _beside(
    session: Session, received: Received, reading: Reading, aim: Aim, content: bytes, now: datetime
) -> Received | None:
    """The row by which the very same mail came to another chapter first, if it began the conversation it stands in."""
    if not isinstance(aim, Room) or reading.kind is not Kind.HUMAN:
        return None
    # Of several rows of one mail that are routed at the same time, the first to have this key begins the conversation.
    first_id = file_once(session, key_of("rooms", content), received.id, now)
    first = session.get(Received, first_id) if first_id is not None else None
    if first is None or first.thread_id is None or first.outcome not in ("thread", "needs_person"):
        return None
    began = session.scalar(
        select(Message.received_id)
        .where(Message.thread_id == first.thread_id)
        .order_by(Message.at, Message.id)
        .limit(1)
    )
    return first if began == first.id else None


def _chosen(session: Session, reading: Reading, sender: Sender, place: Place, now: datetime) -> Chosen | None:
    """Where a rule of staff's own sends the words; never out of a talk, and nothing that is only an answer."""
    if reading.kind is not Kind.HUMAN or not may_choose(place.thread):
        return None
    rules = rules_now(session)
    if not rules or only_an_answer(session, reading, place, now):
        return None
    words = mail_words(reading.subject or "", reading.text)
    language = place.member.language if place.member is not None else ""
    return choose(session, rules, CameIn(words, sender.address, chapter_id=place.chapter_id, language=language))
