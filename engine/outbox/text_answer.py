"""Text answer: what an organizer's answer by text would meet, told to them before they write it.

The gate judges again when the text is about to leave; its rules are the truth, and this says the same sooner.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.outbox.answering import texted_from
from engine.outbox.line import TextLine
from engine.outbox.text_facts import AWAKE_FOR
from engine.people.consent import EVERYTHING
from engine.people.member import Member
from engine.people.preference import latest, lets_come
from engine.people.text_stop import stopped_phones
from engine.people.texting import Phone, Untextable, in_the_way, phones_of
from engine.people.texting_hours import opens_at, zones_of
from templates.segments import cost, measure, plain_signs
from templates.words import read_words


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """How a text would go to somebody in a conversation."""

    #: Where it would go, in E.164; None: no phone is known.
    phone: str | None
    #: Why none can go at all; None: one can.
    trouble: Untextable | None
    #: When texts may arrive there next; None: now.
    opens_at: datetime | None = None
    #: Whether a decent hour exists wherever they could be.
    has_hour: bool = True


@dataclass(frozen=True, slots=True)
class Size:
    """What some words cost as a text."""

    segments: int
    cost: Decimal
    #: Signs that make every segment hold less than half.
    outside: tuple[str, ...]
    #: Whether words that introduce us go before them, because this phone never had a text from us.
    introduced: bool


def text_answer(session: Session, thread: Thread, sms: Texting, now: datetime) -> TextAnswer:
    """How an answer by text in this conversation would go."""
    member = session.get(Member, thread.member_id) if thread.member_id is not None else None
    phone, trouble = _phone(session, thread, member)
    if not sms.enabled and phone is not None:
        trouble = Untextable.NOT_SET_UP
    if phone is None or trouble is not None:
        return TextAnswer(phone, trouble or Untextable.NO_PHONE)
    heard = _last_text(session, member.id) if member is not None else thread.last_in_at
    if member is not None and (trouble := _unwelcome(session, member.id, heard)) is not None:
        return TextAnswer(phone, trouble)
    if heard is not None and now - heard <= AWAKE_FOR:
        return TextAnswer(phone, None)
    opens = opens_at(zones_of(member, phone), sms.opens, sms.closes, now)
    return TextAnswer(phone, None, None if opens is None or opens <= now else opens, has_hour=opens is not None)


def text_trouble(session: Session, member: Member, *, enabled: bool = True) -> Untextable | None:
    """Why no text of a person's own could go to the member; None: one can. `enabled`: as in engine.people.texting."""
    phone = _best(phones_of(session, {member.id}).get(member.id, []))
    if phone is None:
        return Untextable.NO_PHONE
    if not enabled:
        return Untextable.NOT_SET_UP
    return phone.trouble or _unwelcome(session, member.id, _last_text(session, member.id))


def size_of(session: Session, text: str, phone: str | None, author: str, language: str, settings: Settings) -> Size:
    """What these words of `author` cost as a text to this phone, the introduction included where it is the first."""
    line = session.get(TextLine, phone) if phone else None
    introduced = line is None or line.introduced_at is None
    whole = plain_signs(text.strip())
    if introduced:
        words = read_words()
        names = {"sender.name": author, "org.name": settings.organization.name}
        whole = f"{words.say(language, 'text.by_a_person', **names)}: {whole}\n{words.say(language, 'text.stop')}"
    length = measure(whole)
    return Size(length.segments, cost([length.segments], settings.sms.segment_price), length.outside, introduced)


def _phone(session: Session, thread: Thread, member: Member | None) -> tuple[str | None, Untextable | None]:
    """The phone they last wrote from here, else their best one; and what is in the way there."""
    wrote_from, _ = texted_from(session, thread)
    if member is None:
        phone = wrote_from or (thread.correspondent if thread.correspondent.startswith("+") else None)
        return phone, Untextable.STOPPED if phone and stopped_phones(session, [phone]) else None
    phones = phones_of(session, {member.id}).get(member.id, [])
    chosen = next((each for each in phones if each.value == wrote_from), None) or _best(phones)
    return (None, None) if chosen is None else (chosen.value, chosen.trouble)


def _best(phones: list[Phone]) -> Phone | None:
    free = next((each for each in phones if in_the_way([each]) is None), None)
    return free or next(iter(phones), None)


def _last_text(session: Session, member_id: int) -> datetime | None:
    return session.scalar(
        select(func.max(Message.at)).where(
            Message.member_id == member_id, Message.kind == "in", Message.channel == "sms"
        )
    )


def _unwelcome(session: Session, member_id: int, heard: datetime | None) -> Untextable | None:
    """Their own words about texts: a stop that no later text of theirs took back, or no yes and no text at all."""
    said = latest(session, member_id, "sms")
    everything = said.get(EVERYTHING)
    if everything is not None and not everything.opted_in and (heard is None or heard <= everything.at):
        return Untextable.STOPPED
    if heard is None and not any(lets_come(scope, said) for scope in said):
        return Untextable.NO_YES
    return None
