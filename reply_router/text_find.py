"""Where a text belongs: whose phone it is, what of ours it answers, which conversation. Nothing is written.

A phone is known by its number alone. A household may share one: the words are whoever's open question they answer, else
whom we texted last. The conversation is the member's open one, whatever ways it was held by before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.settings import Settings
from engine.chapters.chapter import Chapter
from engine.chapters.membership import home_chapter
from engine.conversations.message import Message
from engine.conversations.question import Question, question_of
from engine.conversations.thread import Thread, open_person_thread
from engine.outbox.delivery import Delivery
from engine.people.address import members_with
from engine.people.member import Member
from engine.people.sign_up import SignUp, asked_at_phone
from engine.people.text_sign_up import TextSignUp
from engine.people.text_stop import stopped_phones
from reply_router.answers import recognize
from reply_router.answers.words import Heard
from reply_router.reading.text_message import TextMessage

SHARED_PHONE = "shared phone"
#: How the provider's name of a messaging service begins.
SERVICE = "MG"
#: A text of ours older than this is not what somebody answers.
ANSWERS_WITHIN = timedelta(days=14)
#: Texts of ours that a tap may quote.
_MOST_QUOTED = 60
#: Shorter words of ours stand in many a quote.
_SHORTEST_QUOTED = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question, and the answer that is plain in the words."""

    question: Question
    heard: Heard


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a text belongs."""

    #: The phone it came from and the number of ours it came to, in E.164.
    phone: str
    our_number: str
    #: Everybody reached at the phone, oldest first, and the one whose words these are.
    household: tuple[Member, ...] = ()
    member: Member | None = None
    thread: Thread | None = None
    chapter_id: int | None = None
    #: The last text of ours to that member, and the delivery it went out by.
    said: Message | None = None
    delivery: Delivery | None = None
    #: Open questions that the words answer plainly; with several of them, nobody knows which.
    asked: tuple[Asked, ...] = ()
    #: The question of the last text of ours, open, whatever the words.
    question: Question | None = None
    #: The last text of ours asks nothing any more, and they answer it `again`, or it is `changed` or `late`.
    stale: str = ""
    sign_up: TextSignUp | None = None
    #: What this phone was asked to confirm, after somebody gave it when they signed up.
    confirming: SignUp | None = None
    #: Since when the phone gets no text of ours; None: it may.
    stopped_since: datetime | None = None


def find_text(session: Session, text: TextMessage, settings: Settings, now: datetime) -> TextPlace:
    """Where the text belongs."""
    phone, our_number = text.from_, text.to
    room = room_of_number(session, our_number, settings)
    stopped_since = stopped_phones(session, [phone]).get(phone) if phone else None
    household = _household(session, phone)
    if not household:
        return TextPlace(
            phone,
            our_number,
            thread=_talk_with(session, phone),
            chapter_id=room,
            sign_up=_sign_up(session, phone, now),
            confirming=asked_at_phone(session, phone, now) if phone else None,
            stopped_since=stopped_since,
        )
    open_now = _open_questions(session, household, now)
    last = _last_said(session, household, now)
    asked = _asked(household, open_now, text, last)
    member = _whose(household, asked, last)
    theirs = tuple(each for each in asked if each.question.member_id == member.id)
    said = last if last is not None and last.member_id == member.id else _last_said(session, (member,), now)
    delivery = session.get(Delivery, said.delivery_id) if said is not None and said.delivery_id is not None else None
    question = next((each for each in open_now if said is not None and each.delivery_id == said.delivery_id), None)
    thread = open_person_thread(session, member.id)
    return TextPlace(
        phone,
        our_number,
        household,
        member,
        thread,
        chapter_id=_lane(session, thread, room, delivery, member),
        said=said,
        delivery=delivery,
        asked=theirs,
        question=question,
        stale=_stale(session, said, text, now) if not theirs and question is None else "",
        confirming=asked_at_phone(session, phone, now),
        stopped_since=stopped_since,
    )


def chapters_that_texted(
    session: Session, household: Sequence[Member], our_number: str, settings: Settings, now: datetime
) -> list[int]:
    """The chapters whose texts reached this phone lately by a number that several share, whoever is in them now (E13).

    A chapter's own number is nobody else's: who answers it answers that chapter.
    """
    if not household or our_number in settings.sms.chapter_numbers.values():
        return []
    texted = session.scalars(
        select(Delivery.chapter_id)
        .join(Message, Message.delivery_id == Delivery.id)
        .where(
            Message.member_id.in_([each.id for each in household]),
            Message.at > now - ANSWERS_WITHIN,
            Message.channel == "sms",
            Message.kind.in_(("out", "journey")),
            Delivery.chapter_id.is_not(None),
        )
        .order_by(Message.at.desc())
        .limit(_MOST_QUOTED)
    )
    return [each for each in dict.fromkeys(texted) if each is not None]


def room_of_number(session: Session, our_number: str, settings: Settings) -> int | None:
    """The chapter that a number of ours belongs to, or None."""
    slug = next((slug for slug, each in settings.sms.chapter_numbers.items() if each == our_number), None)
    return session.scalar(select(Chapter.id).where(Chapter.slug == slug)) if slug is not None else None


def quoted(session: Session, place: TextPlace, quote: str) -> Message | None:
    """The words of ours that a tap quotes, whole or their beginning; the latest, if several are the same."""
    wanted = _squeezed(quote).rstrip("…. ")
    if place.member is None:
        where = Message.thread_id == (place.thread.id if place.thread is not None else 0)
    else:
        where = Message.member_id.in_([each.id for each in place.household])
    rows = session.scalars(
        select(Message)
        .where(where, Message.kind.in_(("out", "journey")), Message.channel == "sms")
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(_MOST_QUOTED)
    )
    return next((each for each in rows if wanted and _is_quoted(_squeezed(each.text), wanted)), None)


def _is_quoted(said: str, quote: str) -> bool:
    """Whether a tap quotes these words: whole, their beginning, or with the names that we wrote before them."""
    return quote in said or (len(said) >= _SHORTEST_QUOTED and said in quote)


# ---- what it stands on


def _lane(
    session: Session, thread: Thread | None, room: int | None, delivery: Delivery | None, member: Member
) -> int | None:
    """Whose organizers see it: those of the conversation, of the number they wrote to, of the text they answer (whether
    they are in that chapter still or not), of their home."""
    if thread is not None and thread.chapter_id is not None:
        return thread.chapter_id
    return room or (delivery.chapter_id if delivery is not None else None) or home_chapter(session, member.id)


def _household(session: Session, phone: str) -> tuple[Member, ...]:
    ids = list(dict.fromkeys(members_with(session, "phone", phone))) if phone else []
    if not ids:
        return ()
    known = {each.id: each for each in session.scalars(select(Member).where(Member.id.in_(ids)))}
    return tuple(known[each] for each in ids if each in known and known[each].erased_at is None)


def _talk_with(session: Session, phone: str) -> Thread | None:
    """The latest conversation with somebody who is no member; a closed one too, so that one phone is one talk."""
    if not phone:
        return None
    return session.scalar(
        select(Thread)
        .where(Thread.correspondent == phone, Thread.member_id.is_(None), Thread.kind == "person")
        .order_by(Thread.last_at.desc())
        .limit(1)
    )


def _sign_up(session: Session, phone: str, now: datetime) -> TextSignUp | None:
    """How far they have come in joining, if they have begun and not let it lie."""
    if not phone:
        return None
    row = session.scalar(
        select(TextSignUp).where(TextSignUp.phone == phone).order_by(TextSignUp.created_at.desc()).limit(1)
    )
    return row if row is not None and row.state in ("name", "place") and row.until_at > now else None


def _open_questions(session: Session, household: Sequence[Member], now: datetime) -> list[Question]:
    return list(
        session.scalars(
            select(Question)
            .where(
                Question.member_id.in_([each.id for each in household]),
                Question.answered_at.is_(None),
                Question.until_at > now,
            )
            .order_by(Question.id.desc())
        )
    )


def _last_said(session: Session, household: Sequence[Member], now: datetime) -> Message | None:
    """The last text of ours to one of them."""
    return session.scalar(
        select(Message)
        .where(
            Message.member_id.in_([each.id for each in household]),
            Message.kind.in_(("out", "journey")),
            Message.channel == "sms",
            Message.at > now - ANSWERS_WITHIN,
        )
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(1)
    )


def _asked(
    household: Sequence[Member], open_now: Sequence[Question], text: TextMessage, last: Message | None
) -> list[Asked]:
    """Open questions that the words answer: a number only the latest numbered one asked by this number of ours; words
    those asked by text, and only if there are none, those asked by mail."""
    names = [name for each in household for name in (each.name, each.first_name)]
    names += [last.author_name] if last is not None and last.author_name else []
    by_text = [each for each in open_now if each.channel == "sms" and _could_be_asked_by(each.our_number, text.to)]
    if text.body.strip(" .)").isdecimal():
        latest: dict[int, Question] = {}
        for each in by_text:
            if each.numbered:
                latest.setdefault(each.member_id, each)
        return _heard(latest.values(), text.body, names)
    return _heard(by_text, text.body, names) or _heard(
        (each for each in open_now if each.channel != "sms"), text.body, names
    )


def _could_be_asked_by(asked_by: str | None, our_number: str) -> bool:
    """Whether a question came from that number of ours; a messaging service chooses among its own, and nobody knows."""
    return not asked_by or asked_by.startswith(SERVICE) or asked_by == our_number


def _heard(questions: Iterable[Question], body: str, names: Sequence[str]) -> list[Asked]:
    found = ((each, recognize(each, body, names)) for each in questions)
    return [Asked(question, heard) for question, heard in found if heard is not None]


def _stale(session: Session, said: Message | None, text: TextMessage, now: datetime) -> str:
    """How the words meet what the last text of ours asked, where that is open no more: again, changed, late or not."""
    asked = question_of(session, said.delivery_id) if said is not None and said.delivery_id is not None else None
    return standing(asked, recognize(asked, text.body), now) if asked is not None else ""


def standing(question: Question, heard: Heard | None, now: datetime) -> str:
    """How an answer meets a question: `open`, or given `again`, `changed`, `late`; else empty: it is no answer."""
    if question.answered_at is None:
        return "open" if question.until_at > now else "late" if heard is not None else ""
    if heard is None or question.answer is None:
        return ""
    if heard.name != question.answer:
        return "changed"
    return "" if heard.more else "again"


def _whose(household: Sequence[Member], asked: Sequence[Asked], last: Message | None) -> Member:
    """Whose words these are: they answer one person's question, else whom we texted last, else the oldest member."""
    people = {each.question.member_id for each in asked}
    if len(people) == 1:
        (one,) = people
    else:
        one = last.member_id if last is not None and last.member_id is not None else household[0].id
    return next(each for each in household if each.id == one)


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").replace("“", '"').replace("”", '"').split())
