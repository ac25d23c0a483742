"""Gate, consent: who may be written to at all: not forgotten, not stopped, and by a yes where one is needed."""

from typing import assert_never

from engine.outbox.classes import MessageClass, Need
from engine.outbox.gate_facts import Facts, Refuse, Verdict
from engine.people.consent import EVERYTHING

_CHANNEL_WORDS = {"email": "mail", "sms": "texts"}


def scope_of(message_class: MessageClass, chapter_id: int | None) -> str:
    """The scope of the consent ledger that a message of this class is about."""
    return message_class.scope.format(chapter=chapter_id)


def person(facts: Facts) -> Verdict | None:
    if facts.erased:
        return Refuse("This person asked us to erase what we know of them. Nothing is sent to them any more.")
    return None


def forgotten(facts: Facts) -> Verdict | None:
    since = facts.forgotten_since
    if since is None or facts.message_class.need is Need.NOTHING:
        return None
    if facts.message_class.need is Need.NOT_STOPPED and facts.wrote_here_after(since):
        return None
    return Refuse("Whoever is reached there asked us to forget them. Only their own word, from there, can undo that.")


def phone(facts: Facts) -> Verdict | None:
    if facts.phone_stopped_at is None or facts.message_class.need is Need.NOTHING:
        return None
    since = f"{facts.phone_stopped_at:%d %B %Y}"
    return Refuse(f"This phone asked for no texts from us on {since}. Only they can undo that.")


def consent(facts: Facts) -> Verdict | None:
    row = facts.message_class
    words = _CHANNEL_WORDS.get(facts.channel, facts.channel)
    stopped = facts.standings.get(EVERYTHING)
    stopped = stopped if stopped is not None and not stopped.opted_in else None
    scope = scope_of(row, facts.chapter_id)
    own = facts.standings.get(scope)
    match row.need:
        case Need.NOTHING:
            return None
        case Need.OWN_SETTING:
            if own is not None and not own.opted_in:
                return Refuse("They switched these notices off.")
            return None
        case Need.NOT_STOPPED:
            if stopped is None and facts.channel == "sms" and not _welcomed_texts(facts):
                # Whom a file or somebody else brought has a phone here, and never said that it may be texted (O6).
                return Refuse("They never texted us, nor said yes to texts. Write to them by mail.")
            if stopped is None or facts.wrote_here_after(stopped.at):
                return None
            return Refuse(
                f"They asked for no {words} from us at all and have not written since. Only they can undo that."
            )
        case Need.ASKED_FOR | Need.MEMBERSHIP | Need.OPT_IN:
            if own is not None and not own.opted_in:
                return Refuse(f"They stopped {words} of this kind. Only they can undo that.")
            if stopped is not None and (own is None or own.at <= stopped.at):
                return Refuse(f"They asked for no {words} from us at all. Only they can undo that.")
            everything_yes = EVERYTHING in facts.standings and stopped is None
            needs_yes = row.need is Need.OPT_IN or (row.need is Need.MEMBERSHIP and facts.channel == "sms")
            if needs_yes and own is None and not everything_yes:
                return Refuse(f"They never said yes to {words} of this kind.")
            return None
        case _:
            assert_never(row.need)


def room(facts: Facts) -> Verdict | None:
    return Refuse(facts.unwanted) if facts.unwanted else None


def _welcomed_texts(facts: Facts) -> bool:
    """Whether they texted us, or said yes to some texts of ours."""
    return facts.last_texts_at is not None or any(each.opted_in for each in facts.standings.values())
