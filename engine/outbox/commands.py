"""Commands: what a first line behind a # does, one by one.

Each is carried out, or changes nothing and says why. Words for the member below it are said beside it
(engine/outbox/orders.py); below a command that is about no one conversation they are for nobody there, and stand as a
note.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time

from sqlalchemy.orm import Session

from engine.base.spoken_time import moment_said
from engine.conversations.assignment import assign, who_may_answer
from engine.conversations.closure import close
from engine.conversations.handing_over import give_back, leave
from engine.conversations.message import write_note
from engine.conversations.passing import keep_to_oneself
from engine.conversations.snooze import snooze
from engine.outbox.notices import zone_of
from engine.outbox.order import Done, Order, Speaker, name_of, sentence
from engine.outbox.sending_orders import beside_everything, sending_order
from engine.outbox.sending_pause import LONGEST_WHY
from engine.people.absence import comes_back, goes_away
from templates.web.reader import Reader

#: What is put off until a day comes back in the morning.
_MORNING = time(9)
_MOST_CHOICES = 12


def note(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    """The words stand as a note, among organizers or for its author alone."""
    text = "\n".join(each for each in (order.argument, order.text) if each)
    if not text:
        return Done(sentence(who, "empty_note"))
    row = write_note(session, who.thread, who.author.id, text, now)
    row.received_id = who.received_id
    if order.verb == "private":
        keep_to_oneself(session, row, now)
    word = "noted_mine" if order.verb == "private" else "noted"
    return Done(sentence(who, word, name=name_of(session, who)), (), "noted", None, None, row)


def close_conversation(session: Session, who: Speaker, now: datetime) -> Done:
    """The conversation is over for now."""
    closed = close(session, who.thread, who.author.id, now)
    word = "closed" if closed is not None else "closed_before"
    return Done(sentence(who, word, name=name_of(session, who)), (), "closed" if closed is not None else "")


def hand_over(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    """Whoever is named answers from now on."""
    can = who_may_answer(session, who.thread.chapter_id)
    found = _named(can, order.argument)
    if len(found) != 1:
        names = [name for _, name in (found or can)][:_MOST_CHOICES]
        return Done(sentence(who, "several_named" if found else "nobody_named"), tuple(names))
    ((to, name),) = found
    assign(session, who.thread, to, who.author.id, "", now)
    return Done(sentence(who, "assigned", to=name, name=name_of(session, who)), (), "assigned")


def put_off(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    """The conversation comes back to them then."""
    zone = zone_of(session, who.author, who.settings)
    until = moment_said(order.argument, now, zone, _MORNING)
    if until is None:
        return Done(sentence(who, "when_unknown"))
    name = name_of(session, who)
    if not snooze(session, who.thread, until, who.author.id, now):
        return Done(sentence(who, "nothing_waits", name=name))
    when = Reader(now, zone, who.language).moment(until)
    return Done(sentence(who, "snoozed", name=name, when=when), (), "snoozed")


def of_itself(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    """A command that is about no one conversation is carried out; what was written besides is a note."""
    besides = [order.text]
    match order.verb:
        case "away" | "back":
            done = take_time_off(session, who, order, now)
            besides = [order.argument if order.verb == "back" else "", order.text]
        case "help":
            done = tell_commands(who)
            besides = [order.argument, order.text]
        case _:
            word, effect = sending_order(session, who.author.id, order, who.by, now)
            done = Done(sentence(who, word), (), effect)
            # Why it is paused stands with the pause, as far as there is room.
            stands = effect == "sending_paused" and not order.text and len(order.argument) <= LONGEST_WHY
            besides = [] if stands else [beside_everything(order), order.text]
    words = "\n".join(each for each in besides if each)
    # What waited for a press stands as a note since it came.
    if not words or who.pressed:
        return done
    row = write_note(session, who.thread, who.author.id, words, now)
    row.received_id = who.received_id
    lines = (*done.lines, sentence(who, "noted_besides", name=name_of(session, who)))
    return replace(done, lines=lines, effect=done.effect or "noted", message=row)


def take_time_off(session: Session, who: Speaker, order: Order, now: datetime) -> Done:
    """Others answer meanwhile, or their people are theirs again."""
    if order.verb == "back":
        back = comes_back(session, who.author.id, who.author.id, now)
        give_back(session, now)
        return Done(sentence(who, "back" if back else "not_away"), (), "back" if back else "")
    zone = zone_of(session, who.author, who.settings)
    until = moment_said(order.argument, now, zone) if order.argument else None
    if order.argument and until is None:
        return Done(sentence(who, "away_unknown"))
    passed = leave(session, goes_away(session, who.author.id, until, who.author.id, who.by, now), now)
    counts = {"threads": passed.threads, "members": passed.members}
    if until is None:
        return Done(sentence(who, "away_open", **counts), (), "away")
    day = Reader(now, zone, who.language).date(until)
    return Done(sentence(who, "away", day=day, **counts), (), "away")


def tell_commands(who: Speaker) -> Done:
    """What each command does."""
    told = ("close", "note", "private", "assign", "snooze", "away", "pause")
    lines = (sentence(who, f"help_{each}") for each in told)
    return Done(sentence(who, "help"), tuple(lines))


def _named(can: Sequence[tuple[int, str]], wanted: str) -> list[tuple[int, str]]:
    """Whom a name means: the whole name, else the first one, else how it begins."""
    said = " ".join(wanted.casefold().strip(" @.!").split())
    if not said:
        return []
    whole = [each for each in can if each[1].casefold() == said]
    first = [each for each in can if each[1].casefold().split()[:1] == [said]]
    return whole or first or [each for each in can if each[1].casefold().startswith(said)]
