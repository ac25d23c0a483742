"""Order: what an organizer says about a conversation, by mail or by text; who says it, and what became of it."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.settings import Settings
from engine.conversations.draft import Draft
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.outbox import sending_orders
from engine.outbox.delivery import Delivery
from engine.outbox.sending_pause import How
from engine.people.address import masked
from engine.people.member import Member
from templates.vocabulary import base_language
from templates.words import read_words

#: The commands there are; each is the first line of its own, behind a #.
VERBS = ("close", "note", "private", "assign", "snooze", "away", "back", "help", *sending_orders.VERBS)
#: Of these the ones whose words are for a note: among organizers, or its author's alone.
NOTES = ("note", "private")
#: Of these the ones that are about no one conversation.
OF_THEMSELVES = ("away", "back", "help", *sending_orders.VERBS)
#: Of these the ones whose further lines are no words for the member.
KEEPS_WORDS = (*NOTES, *OF_THEMSELVES)
#: A first line that looks like a command of ours and is none: it waits, for it may be words for others than the member.
UNKNOWN = "unknown"
_COMMAND = re.compile(r"#([^\W\d]\w*)(?:[ \t:.,!]+(.*)|)$")


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
    verb = sending_orders.SPANISH.get(found[1].casefold(), found[1].casefold())
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
    #: How their word came to us.
    by: How = "page"

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


def name_of(session: Session, who: Speaker) -> str:
    """How the organizer hears of whoever the conversation is with; never an address."""
    member = session.get(Member, who.thread.member_id) if who.thread.member_id is not None else None
    if member is not None:
        return member.called
    return who.thread.correspondent_name or masked(who.thread.correspondent)


def sentence(who: Speaker, key: str, **values: str | int) -> str:
    """A sentence about an order (desk_mail.*), in the language of whoever gave it."""
    return read_words().say(who.language, f"desk_mail.{key}", **values)
