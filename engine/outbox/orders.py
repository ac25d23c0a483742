"""Orders: what an organizer says about a conversation without a browser, by mail or by text, and what becomes of it.

Words go out at once under their public name by the way the member wrote; a command of the first line is carried out.
Nothing is ever lost: words that came too late, or that hold the organizer's own address, wait as a draft with one
press. The caller has made sure that it is the organizer who speaks (law 9).
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import Invalid
from engine.base.settings import Settings
from engine.base.spoken_time import moment_said
from engine.conversations.assignment import assign, who_may_answer
from engine.conversations.closure import close
from engine.conversations.draft import Draft, keep_draft
from engine.conversations.handing_over import give_back, leave
from engine.conversations.message import Message, write_note
from engine.conversations.passing import keep_to_oneself
from engine.conversations.snooze import snooze
from engine.conversations.thread import Thread
from engine.outbox import sending_orders
from engine.outbox.answering import last_channel
from engine.outbox.delivery import Delivery
from engine.outbox.notices import zone_of
from engine.outbox.post import answer
from engine.outbox.sending_orders import sending_order
from engine.outbox.text_answer import text_answer
from engine.people.absence import comes_back, goes_away
from engine.people.address import Address, masked
from engine.people.consent import Channel
from engine.people.member import Member
from templates.vocabulary import base_language
from templates.web.reader import Reader
from templates.words import read_words

#: The commands there are; each is the first line of its own, behind a #.
VERBS = ("close", "note", "private", "assign", "snooze", "away", "back", "help", *sending_orders.VERBS)
#: Of these the ones whose words are for a note: among organizers, or its author's alone.
NOTES = ("note", "private")
#: Of these the ones whose further lines are no words for the member.
KEEPS_WORDS = (*NOTES, "pause")
#: A first line that looks like a command of ours and is none: it waits, for it may be words for others than the member.
UNKNOWN = "unknown"
_COMMAND = re.compile(r"#([^\W\d]\w*)(?:[ \t:.,!]+(.*)|)$")
#: Words that came too late to go by themselves, and that one press sends all the same.
LATE, CLOSED, OWN_ADDRESS = "late", "closed", "own_address"
#: Words that no press could send as they are.
TOO_LONG, NO_WAY = "too_long", "no_way"
#: What is put off until a day comes back in the morning.
_MORNING = time(9)
_MOST_CHOICES = 12
_LONGEST_SIGN_OFF = 6


@dataclass(frozen=True, slots=True)
class Order:
    """A command, if there is one, what stood behind it, and the words for the member (or of a note)."""

    verb: str = ""
    argument: str = ""
    text: str = ""


def order_of(text: str) -> Order:
    """What a mail's or a text's own words ask for: a command of the whole first line, and the words below it.

    A first line that begins with # and a word is never taken for words to a member by itself, however it is spelled.
    """
    text = text.strip()
    line, _, below = text.partition("\n")
    found = _COMMAND.match(line.strip())
    if found is None:
        return Order(text=text)
    verb = found[1].casefold()
    if verb not in VERBS:
        return Order(UNKNOWN, f"#{found[1]}", text)
    argument = (found[2] or "").strip(" " if verb in NOTES else " .!")
    return Order(verb, argument, below.strip())


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, of which conversation, by what, and what they knew of it."""

    author: Member
    thread: Thread
    settings: Settings
    #: One order is carried out once.
    key: str
    #: When they were told of the conversation; None: not known, and nothing can be too late.
    knew_at: datetime | None = None
    received_id: int | None = None
    #: They looked at it and pressed: what would wait goes.
    pressed: bool = False

    @property
    def language(self) -> str:
        """The language they are answered in."""
        return base_language(self.author.language)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an order: sentences for whoever gave it, empty where nothing need be said."""

    says: str = ""
    lines: tuple[str, ...] = ()
    #: `answered`, `noted`, `closed`, `assigned`, `snoozed`, `away`, `back`, `drafted`, `sending_paused`,
    #: `sending_resumed`; empty: nothing was changed.
    effect: str = ""
    draft: Draft | None = None
    delivery: Delivery | None = None
    #: The words that stand in the conversation by it.
    message: Message | None = None


def carry_out(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    """The order is carried out, or nothing is changed and `says` tells why. Words go before the command."""
    session.refresh(who.thread, with_for_update=True)
    order = replace(order, text=order.text.strip(), argument=order.argument.strip())
    match order.verb:
        case "help":
            return _help(who)
        case "unknown" if not who.pressed:
            return as_draft(session, who, order, UNKNOWN, now)
        case "away" | "back":
            return _away(session, who, order, now)
        case "pause" | "resume":
            word, effect = sending_order(session, who.author.id, order, now)
            return Done(_word(who, word), (), effect)
        case "note" | "private":
            return _note(session, who, order, now)
        case "close" if order.argument:
            # "#close thanks, see you": what stands behind it is for the member.
            order = replace(order, argument="", text="\n".join(each for each in (order.argument, order.text) if each))
    said = _say_words(session, who, order, now) if order.text else Done()
    if said.draft is not None:
        return said
    match order.verb:
        case "close":
            done = _close(session, who, now)
        case "assign":
            done = _assign(session, who, order, now)
        case "snooze":
            done = _snooze(session, who, order, now)
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
    return Done(_word(who, word, name=name_of(session, who), **others), (), "drafted", draft, None, note)


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


def name_of(session: Session, who: Speaker) -> str:
    """How the organizer hears of whoever the conversation is with; never an address."""
    member = session.get(Member, who.thread.member_id) if who.thread.member_id is not None else None
    if member is not None:
        return member.called
    return who.thread.correspondent_name or masked(who.thread.correspondent)


def without_own_addresses(text: str, own: Collection[str]) -> tuple[str, bool]:
    """The words without a sign-off at their end that holds an address or number of the writer's own, and whether one
    stands in them still."""
    blocks = re.split(r"(\n[ \t]*\n)", text.strip())
    if len(blocks) > 1 and holds_own(blocks[-1], own) and blocks[-1].count("\n") < _LONGEST_SIGN_OFF:
        blocks = blocks[:-2]
    kept = "".join(blocks).strip()
    return kept, holds_own(kept, own)


def holds_own(text: str, own: Collection[str]) -> bool:
    """Whether one of these addresses or numbers stands in the text, however a number is written."""
    lowered = text.casefold()
    for each in own:
        if "@" in each and each.casefold() in lowered:
            return True
        digits = re.sub(r"\D", "", each)[-10:]
        if "@" not in each and len(digits) >= 7 and digits in re.sub(r"[^\d\n]", "", text):
            return True
    return False


# ---- one order each


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
        says = _word(who, "later", name=name_of(session, who), when=when)
    return Done(says, (), "answered", None, delivery, message)


def _stuck(session: Session, who: Speaker, order: Order, why: str, now: datetime) -> Done:
    """Kept as a draft; pressed again, nothing changes and they are told why."""
    if who.pressed:
        raise Invalid(_word(who, why, name=name_of(session, who)))
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


def _note(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    text = "\n".join(each for each in (order.argument, order.text) if each)
    if not text:
        return Done(_word(who, "empty_note"))
    note = write_note(session, who.thread, who.author.id, text, now)
    note.received_id = who.received_id
    if order.verb == "private":
        keep_to_oneself(session, note, now)
    word = "noted_mine" if order.verb == "private" else "noted"
    return Done(_word(who, word, name=name_of(session, who)), (), "noted", None, None, note)


def _close(session: Session, who: Speaker, now: datetime) -> Done:
    closed = close(session, who.thread, who.author.id, now)
    word = "closed" if closed is not None else "closed_before"
    return Done(_word(who, word, name=name_of(session, who)), (), "closed" if closed is not None else "")


def _assign(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    can = who_may_answer(session, who.thread.chapter_id)
    found = _named(can, order.argument)
    if len(found) != 1:
        names = [name for _, name in (found or can)][:_MOST_CHOICES]
        return Done(_word(who, "several_named" if found else "nobody_named"), tuple(names))
    ((to, name),) = found
    assign(session, who.thread, to, who.author.id, "", now)
    return Done(_word(who, "assigned", to=name, name=name_of(session, who)), (), "assigned")


def _named(can: Sequence[tuple[int, str]], wanted: str) -> list[tuple[int, str]]:
    """Whom a name means: the whole name, else the first one, else how it begins."""
    said = " ".join(wanted.casefold().strip(" @.!").split())
    if not said:
        return []
    whole = [each for each in can if each[1].casefold() == said]
    first = [each for each in can if each[1].casefold().split()[:1] == [said]]
    return whole or first or [each for each in can if each[1].casefold().startswith(said)]


def _snooze(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    zone = zone_of(session, who.author, who.settings)
    until = moment_said(order.argument, now, zone, _MORNING)
    if until is None:
        return Done(_word(who, "when_unknown"))
    name = name_of(session, who)
    if not snooze(session, who.thread, until, who.author.id, now):
        return Done(_word(who, "nothing_waits", name=name))
    when = Reader(now, zone, who.language).moment(until)
    return Done(_word(who, "snoozed", name=name, when=when), (), "snoozed")


def _away(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    if order.verb == "back":
        back = comes_back(session, who.author.id, who.author.id, now)
        give_back(session, now)
        return Done(_word(who, "back" if back else "not_away"), (), "back" if back else "")
    zone = zone_of(session, who.author, who.settings)
    until = moment_said(order.argument, now, zone) if order.argument else None
    if order.argument and until is None:
        return Done(_word(who, "away_unknown"))
    passed = leave(session, goes_away(session, who.author.id, until, who.author.id, "mail", now), now)
    counts = {"threads": passed.threads, "members": passed.members}
    if until is None:
        return Done(_word(who, "away_open", **counts), (), "away")
    day = Reader(now, zone, who.language).date(until)
    return Done(_word(who, "away", day=day, **counts), (), "away")


def _help(who: Speaker) -> Done:
    lines = (_word(who, f"help_{each}") for each in ("close", "note", "private", "assign", "snooze", "away", "pause"))
    return Done(_word(who, "help"), tuple(lines))


def _word(who: Speaker, key: str, **values: str | int) -> str:
    return read_words().say(who.language, f"desk_mail.{key}", **values)
