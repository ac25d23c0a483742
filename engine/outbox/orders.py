"""Orders: what an organizer says about a conversation without a browser, by mail or by text, and what becomes of it.

Words go out at once under their public name by the way the member wrote; a command of the first line is carried out
(engine/outbox/commands.py). Nothing is ever lost: words that came too late, or that hold the organizer's own address,
wait as a draft with one press. The caller has made sure that it is the organizer who speaks (law 9).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import Invalid
from engine.base.settings import Settings
from engine.conversations.assignment import assign
from engine.conversations.draft import Draft, keep_draft
from engine.conversations.message import Message, write_note
from engine.conversations.passing import keep_to_oneself
from engine.conversations.thread import Thread
from engine.outbox import commands
from engine.outbox.answering import last_channel
from engine.outbox.notices import zone_of
from engine.outbox.order import OF_THEMSELVES, UNKNOWN, VERBS, Done, Order, Speaker, name_of, sentence
from engine.outbox.own_address import without_own_addresses
from engine.outbox.post import answer
from engine.outbox.text_answer import text_answer
from engine.people.address import Address
from engine.people.consent import Channel
from engine.people.member import Member
from templates.web.reader import Reader

#: Words that came too late to go by themselves, and that one press sends all the same.
LATE, CLOSED, OWN_ADDRESS = "late", "closed", "own_address"
#: Words that no press could send as they are.
TOO_LONG, NO_WAY = "too_long", "no_way"


def carry_out(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    """The order is carried out, or nothing is changed and `says` tells why. Words go before the command."""
    session.refresh(who.thread, with_for_update=True)
    order = replace(order, text=order.text.strip(), argument=order.argument.strip())
    match order.verb:
        case "unknown" if not who.pressed:
            return as_draft(session, who, order, UNKNOWN, now)
        case verb if verb in OF_THEMSELVES:
            return commands.of_itself(session, who, order, now)
        case "note" | "private":
            return commands.note(session, who, order, now)
        case "close" if order.argument:
            # "#close thanks, see you": what stands behind it is for the member.
            order = replace(order, argument="", text="\n".join(each for each in (order.argument, order.text) if each))
    said = _say_words(session, who, order, now) if order.text else Done()
    if said.draft is not None:
        return said
    match order.verb:
        case "close":
            done = commands.close_conversation(session, who, now)
        case "assign":
            done = commands.hand_over(session, who, order, now)
        case "snooze":
            done = commands.put_off(session, who, order, now)
        case _:
            return said
    return replace(done, effect=done.effect or said.effect, delivery=said.delivery, message=said.message)


def as_draft(session: Session, who: Speaker, order: Order, why: str, now: datetime) -> Done:
    """Nothing was done yet: the order waits, shown in the conversation as a note, for one press."""
    command = f"#{order.verb} {order.argument}".strip() if order.verb in VERBS else ""
    shown = "\n".join(each for each in (command, order.text) if each)
    note = write_note(session, who.thread, who.author.id, shown, now)
    note.received_id = who.received_id
    draft = keep_draft(
        session, who.author.id, who.thread.id, order.text, why, now, verb=order.verb, argument=order.argument,
        received_id=who.received_id, message_id=note.id,
    )  # fmt: skip
    note.detail = {"draft": True, "why": why, "draft_id": str(draft.id)}
    if order.verb == "private":
        keep_to_oneself(session, note, now)
    others = {"other": _who_answered(session, who)} if why == LATE else {}
    others |= {"command": order.argument} if why == UNKNOWN else {}
    word = "was_closed" if why == CLOSED else why
    return Done(sentence(who, word, name=name_of(session, who), **others), (), "drafted", draft, None, note)


def press(session: Session, draft: Draft, settings: Settings, now: datetime) -> Done:
    """The draft is carried out, once: whoever presses again changes nothing.

    Raises Invalid, in a sentence, where it cannot go out even so; it waits on then.
    """
    session.refresh(draft, with_for_update=True)
    author, thread = session.get(Member, draft.author_id), session.get(Thread, draft.thread_id or 0)
    if draft.settled_at is not None or author is None or thread is None:
        return Done()
    who = Speaker(author, thread, settings, f"draft:{draft.id}", received_id=draft.received_id, pressed=True)
    done = carry_out(session, who, Order(draft.verb, draft.argument, draft.text), now)
    draft.settled_at = now
    draft.delivery_id = done.delivery.id if done.delivery is not None else None
    note = session.get(Message, draft.message_id) if draft.message_id is not None else None
    if note is not None:
        note.detail = {**note.detail, "draft": False, "pressed_at": now.isoformat()}
    session.flush()
    return done


def put_away(session: Session, draft: Draft, now: datetime) -> None:
    """The draft waits no more; its words stay as a note."""
    draft.settled_at = draft.settled_at or now
    note = session.get(Message, draft.message_id) if draft.message_id is not None else None
    if note is not None:
        note.detail = {**note.detail, "draft": False}
    session.flush()


# ---- words for the member


@dataclass(frozen=True, slots=True)
class _Way:
    channel: Channel
    not_before: datetime | None = None
    trouble: str = field(default="")


def _say_words(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    own = session.scalars(select(Address.value).where(Address.member_id == who.author.id)).all()
    text, holds = without_own_addresses(order.text, own) if not who.pressed else (order.text, False)
    why = _why_it_waits(session, who, holds)
    if why:
        return as_draft(session, who, replace(order, text=text), why, now)
    way = _way_of(session, who, now)
    if way.trouble:
        return _stuck(session, who, replace(order, text=text), way.trouble, now)
    hold = timedelta(hours=who.settings.conversations.hold_after_our_word_hours)
    try:
        delivery = answer(
            session, who.thread, who.author.id, text, now, key=who.key, hold_for=hold, channel=way.channel,
            not_before=way.not_before,
        )  # fmt: skip
    except Invalid:
        return _stuck(session, who, replace(order, text=text), TOO_LONG, now)
    if who.thread.responsible_id is None:
        assign(session, who.thread, who.author.id, who.author.id, "", now)
    message = session.scalar(select(Message).where(Message.delivery_id == delivery.id, Message.kind == "out"))
    if message is not None and who.received_id is not None:
        message.received_id = who.received_id
    says = ""
    if way.not_before is not None and way.not_before > now:
        when = Reader(now, zone_of(session, who.author, who.settings), who.language).moment(way.not_before)
        says = sentence(who, "later", name=name_of(session, who), when=when)
    return Done(says, (), "answered", None, delivery, message)


def _stuck(session: Session, who: Speaker, order: Order, why: str, now: datetime) -> Done:
    """Kept as a draft; pressed again, nothing changes and they are told why."""
    if who.pressed:
        raise Invalid(sentence(who, why, name=name_of(session, who)))
    return as_draft(session, who, order, why, now)


def _why_it_waits(session: Session, who: Speaker, holds_own_address: bool) -> str:
    if who.pressed:
        return ""
    if who.thread.closure_id is not None:
        return CLOSED
    if _who_answered(session, who):
        return LATE
    return OWN_ADDRESS if holds_own_address else ""


def _who_answered(session: Session, who: Speaker) -> str:
    """The name of somebody else who answered after they were told; empty: nobody did."""
    if who.knew_at is None:
        return ""
    query = (
        select(Message.author_name)
        .where(
            Message.thread_id == who.thread.id,
            Message.kind == "out",
            Message.author_id.is_not(None),
            Message.author_id != who.author.id,
            Message.created_at >= who.knew_at,
        )
        .order_by(Message.id.desc())
        .limit(1)
    )
    return session.scalar(query) or ""


def _way_of(session: Session, who: Speaker, now: datetime) -> _Way:
    """By what the words go: as the member last wrote, else by mail."""
    thread = who.thread
    has_mail = "@" in thread.correspondent
    if not has_mail and thread.member_id is not None:
        mail = select(Address.id).where(Address.member_id == thread.member_id, Address.kind == "email").limit(1)
        has_mail = session.scalar(mail) is not None
    if last_channel(session, thread) == "sms" or not has_mail:
        text = text_answer(session, thread, who.settings.sms, now)
        if text.trouble is None:
            return _Way("sms", text.opens_at)
        if not has_mail:
            return _Way("sms", None, NO_WAY)
    return _Way("email")
