"""Find: the conversation that words belong to. Nothing is written here.

In this order: a signed address; a Message-ID of ours that they answer, by the same person; a person's own
mailbox; their open conversation; the room they wrote to or their home chapter; else nobody knows yet.
A token names the conversation and never the person: who wrote is judged by the From line beside it (law 9).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.tokens import Purpose, TokenRing
from engine.chapters.chapter import Chapter, chapter_named
from engine.chapters.membership import Membership, has_left_all, home_chapter, roles_of
from engine.conversations.assignment import where_answering
from engine.conversations.message import said_with
from engine.conversations.thread import Thread, open_person_thread
from engine.conversations.topic import TOPIC
from engine.enrollments.enrollment import has_ended
from engine.outbox.delivery import Delivery
from engine.outbox.letter import delivery_of
from engine.people.member import Member
from reply_router.addresses import Aim, Own, Room, Signed, normal, signed_in
from reply_router.place import FROM_ANOTHER_ADDRESS, JOURNEY_OVER, NEW_SUBJECT, SHARED_ADDRESS, How, Place
from reply_router.reading import Kind, Reading, Verb
from reply_router.sender import Sender, living, sender_member
from reply_router.subject import is_changed
from reply_router.talks import is_passed_on, last_said, subjects_of, talk_about, talk_of, talk_with

#: Names at our domain in To and Cc that are looked up.
_MOST_ROOMS = 200


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked at."""

    session: Session
    reading: Reading
    sender: Sender
    #: What the envelope's recipient says, and a signed reply address in To or Cc.
    aim: Aim
    beside: Signed | None
    tokens: TokenRing
    now: datetime
    domain: str = ""


def chapter_left(session: Session, reading: Reading, place: Place) -> Chapter | None:
    """The chapter that LEAVE names in this mail, where the member it came from is in it."""
    command = reading.command
    if command is None or command.verb is not Verb.LEAVE or place.member is None:
        return None
    chapter = chapter_named(session, command.argument)
    membership = session.get(Membership, (place.member.id, chapter.id)) if chapter is not None else None
    return chapter if membership is not None and membership.left_at is None else None


def signed_beside(reading: Reading, domain: str, tokens: TokenRing) -> Signed | None:
    """A reply address of ours in To or Cc that verifies. Only those for replies: the others count by envelope alone."""
    for box in (*reading.to, *reading.cc):
        signed = signed_in(box.address, domain, tokens)
        if isinstance(signed, Signed) and _names_words(signed):
            return signed
    return None


def find(search: Search) -> Place:
    """Where the words belong: the first way that knows."""
    for way in WAYS:
        place = way(search)
        if place is not None:
            return _with_marks(search, place)
    return Place(subject=search.reading.subject or "", chapter_id=_room(search))


# ---- the ways, in order


def by_token(search: Search) -> Place | None:
    """The signed address it was sent to."""
    for signed in (search.aim, search.beside):
        if isinstance(signed, Signed) and (_names_words(signed) or signed.token.purpose is Purpose.RETURN_PATH):
            token = signed.token
            member = living(search.session, token.member_id)
            if token.purpose is Purpose.REPLY_TO_THREAD:
                thread = search.session.get(Thread, token.subject_id)
                if thread is not None and thread.kind == TOPIC:
                    topic = Place(topic=thread, member=member, chapter_id=thread.chapter_id)
                    return _at(search, replace(topic, how="token"))
                if thread is not None:
                    member = living(search.session, thread.member_id)
                place = Place("token", thread=thread, member=member, said=last_said(search.session, thread))
            else:
                place = _of_delivery(search.session, token.subject_id, member)
            return _at(search, replace(place, how="token"))
    return None


def by_reference(search: Search) -> Place | None:
    """A Message-ID of ours in In-Reply-To or References, where the same person wrote."""
    reading = search.reading
    for name in dict.fromkeys((*reading.in_reply_to, *reversed(reading.references))):
        delivery_id = delivery_of(search.tokens, name)
        if delivery_id is None:
            continue
        place = _of_delivery(search.session, delivery_id, None)
        thread = place.thread
        same = place.member is not None and place.member.id in search.sender.member_ids
        stranger = place.member is None and thread is not None and thread.correspondent == search.sender.address
        if search.sender.address and (same or stranger):
            return _at(search, replace(place, how="reference"))
    return None


def by_mailbox(search: Search) -> Place | None:
    """The own mailbox of somebody who answers people here."""
    if not isinstance(search.aim, Own) or not search.sender.address:
        return None
    session, person = search.session, search.aim.member_id
    where = where_answering(session, person)
    chapters = [chapter for chapter, _ in roles_of(session, person) if chapter in where]
    if not chapters:
        return None
    member = sender_member(search.session, search.sender, None)
    thread = talk_of(search.session, search.sender, member, person)
    home = home_chapter(session, member.id) if member is not None else None
    chapter = home if home in where or None in where else chapters[0]
    return _fresh(search, "mailbox", member, chapter, thread, responsible_id=person)


def by_open_conversation(search: Search) -> Place | None:
    """The conversation that whoever writes from this address has with us just now."""
    if not search.sender.address or _is_for_several(search):
        return None
    member = sender_member(search.session, search.sender, _room(search))
    thread = talk_of(search.session, search.sender, member, None)
    return _fresh(search, "open", member, thread.chapter_id, thread) if thread is not None else None


def by_chapter(search: Search) -> Place | None:
    """A member's chapter: the one they wrote to, else their home."""
    room = _room(search)
    member = sender_member(search.session, search.sender, room)
    if member is None:
        return None
    return _fresh(search, "chapter", member, room or home_chapter(search.session, member.id), None)


WAYS: tuple[Callable[[Search], Place | None], ...] = (
    by_token,
    by_reference,
    by_mailbox,
    by_open_conversation,
    by_chapter,
)


# ---- what they stand on


def _names_words(signed: Signed) -> bool:
    return signed.token.purpose in (Purpose.REPLY_TO_DELIVERY, Purpose.REPLY_TO_THREAD)


def _of_delivery(session: Session, delivery_id: int, member: Member | None) -> Place:
    """What is known of a delivery; it may have been pruned, and then the token's member is all."""
    delivery = session.get(Delivery, delivery_id)
    said = said_with(session, delivery_id)
    thread_id = said.thread_id if said is not None and said.thread_id else delivery.thread_id if delivery else None
    thread = session.get(Thread, thread_id) if thread_id is not None else None
    owner = (delivery.member_id if delivery else None) or (said.member_id if said else None)
    if thread is not None and thread.kind == TOPIC:
        # It came to one neighbor of many, and what they say of it to us alone is a conversation of their own.
        neighbor = living(session, owner)
        return Place(member=neighbor or member, delivery=delivery, chapter_id=thread.chapter_id, topic=thread)
    if thread is not None:
        owner = thread.member_id
    return Place(
        thread=thread,
        member=living(session, owner) if owner is not None else member,
        delivery=delivery,
        said=said,
        chapter_id=delivery.chapter_id if delivery else None,
    )


def _at(search: Search, place: Place) -> Place:
    """The place, with the conversation chosen where the words answered have none, or have another subject."""
    session, member, sender = search.session, place.member, search.sender
    known = member is not None and member.id in sender.member_ids
    if member is None and place.thread is not None:
        known = bool(sender.address) and place.thread.correspondent == sender.address
    thread = place.thread or (open_person_thread(session, member.id) if member is not None else None)
    if thread is None and member is None and sender.address:
        thread = talk_with(session, sender.address)
    subject = place.said.subject if place.said is not None else (place.delivery.subject or "") if place.delivery else ""
    if not known and member is not None and thread is not None and is_passed_on(session, thread, sender):
        # One letter passed on to forty people is forty conversations, and none of them the member's.
        return replace(
            place,
            thread=talk_with(session, sender.address),
            member=None,
            known=True,
            subject=search.reading.subject or subject,
            chapter_id=thread.chapter_id or place.chapter_id,
            grew_from=thread.id,
        )
    marks: tuple[str, ...] = ()
    grew_from = None
    if search.reading.kind is Kind.HUMAN and _is_another(search, subject, place.thread):
        marks = (NEW_SUBJECT,)
        grew_from = place.thread.id if place.thread is not None else None
        subject = search.reading.subject or subject
        thread = talk_about(session, member, sender, subject)
    home = home_chapter(session, member.id) if member is not None else None
    return replace(
        place,
        thread=thread,
        known=known,
        subject=subject or search.reading.subject or "",
        chapter_id=(place.thread.chapter_id if place.thread else None) or place.chapter_id or home or _room(search),
        grew_from=grew_from,
        marks=marks,
    )


def _fresh(
    search: Search,
    how: How,
    member: Member | None,
    chapter_id: int | None,
    thread: Thread | None,
    responsible_id: int | None = None,
) -> Place:
    marks = (SHARED_ADDRESS,) if len(search.sender.member_ids) > 1 else ()
    return Place(
        how,
        thread=thread,
        member=member,
        known=True,
        chapter_id=chapter_id,
        responsible_id=responsible_id,
        subject=search.reading.subject or "",
        marks=marks,
    )


def _with_marks(search: Search, place: Place) -> Place:
    marks = list(place.marks)
    if place.ours and not place.known and search.sender.address:
        marks.append(FROM_ANOTHER_ADDRESS)
    if _is_over(search.session, place):
        marks.append(JOURNEY_OVER)
    return replace(place, marks=tuple(dict.fromkeys(marks)))


def _is_over(session: Session, place: Place) -> bool:
    """Whether what they answer is past: its journey ended before its end, or they are in no chapter any more."""
    journey = place.delivery.enrollment_id if place.delivery is not None else None
    if journey is not None and has_ended(session, journey):
        return True
    if place.member is None or not place.ours:
        return False
    return has_left_all(session, place.member.id)


def _is_for_several(search: Search) -> bool:
    """Whether it names several of our chapters: then it is a talk of its own, which each of them sees."""
    if not isinstance(search.aim, Room):
        return False
    at = f"@{search.domain.lower()}"
    named = {normal(box.address) for box in (*search.reading.to, *search.reading.cc)}
    slugs = {each.removesuffix(at).partition("+")[0] for each in named if search.domain and each.endswith(at)}
    if len(slugs) < 2:
        return False
    rooms = search.session.scalars(select(Chapter.id).where(Chapter.slug.in_(sorted(slugs)[:_MOST_ROOMS]))).all()
    return len(rooms) > 1


def _room(search: Search) -> int | None:
    return search.aim.chapter_id if isinstance(search.aim, Room) else None


def _is_another(search: Search, subject: str, thread: Thread | None) -> bool:
    """Whether the mail has a subject that neither what it answers nor its conversation has."""
    wanted = search.reading.subject
    if subject and not is_changed(wanted, [subject]):
        return False
    return is_changed(wanted, [subject, *subjects_of(search.session, thread)])
