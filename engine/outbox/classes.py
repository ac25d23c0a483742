"""The message classes, highest first: what each one needs before it leaves.

The posting verb chooses the class; a template never does. The table is the whole rule: the gate and the courier read it
and know no class by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """What a member must have said before a class may reach them on a channel."""

    #: Their words are being answered: only a stop on this channel is in the way.
    NOT_STOPPED = "not stopped"
    #: Nothing: the message is about consent itself.
    NOTHING = "nothing"
    #: The member asked for the thing it is about (an RSVP, a receipt).
    ASKED_FOR = "asked for"
    #: Being in the room is enough by mail; texts need an opt-in of their own.
    MEMBERSHIP = "membership"
    #: A yes, to this scope or to everything.
    OPT_IN = "opt-in"
    #: An organizer's own choice of notices.
    OWN_SETTING = "own setting"


class Window(StrEnum):
    """When a text of a class may arrive; mail has no window."""

    #: Waived for 30 minutes after their own text; else the organizer chooses.
    AFTER_THEIR_WORD = "after their word"
    NONE = "none"
    TEXTING_HOURS = "texting hours"
    OWN_HOURS = "own hours"


@dataclass(frozen=True, slots=True)
class MessageClass:
    """One row of the table."""

    name: str
    #: 0 leaves first.
    rank: int
    need: Need
    #: The consent ledger's scope; `{chapter}` stands for the chapter's id.
    scope: str
    window: Window
    weekly_cap: bool
    ask_budget: bool
    #: Waits while the member has an open talk with a person (law 7).
    held: bool
    list_unsubscribe: bool
    #: Written by a machine: marked Auto-Submitted. A person's answer never is.
    by_machine: bool = True

    @property
    def to_many(self) -> bool:
        """Whether it goes to many at once: what warms a new domain up, and rests while a chapter's readers complain."""
        return self.weekly_cap


_ROWS = (
    # name          need               scope              window            cap    asks   held   List-Unsubscribe
    ("answer", Need.NOT_STOPPED, "all", Window.AFTER_THEIR_WORD, False, False, False, False),
    ("consent", Need.NOTHING, "", Window.NONE, False, False, False, False),
    ("service", Need.ASKED_FOR, "reminders", Window.AFTER_THEIR_WORD, False, False, False, False),
    ("chapter", Need.MEMBERSHIP, "chapter:{chapter}", Window.TEXTING_HOURS, False, False, False, True),
    ("journey", Need.OPT_IN, "journey", Window.TEXTING_HOURS, True, True, True, True),
    ("broadcast", Need.OPT_IN, "broadcast", Window.TEXTING_HOURS, True, True, True, True),
    ("invitation", Need.OPT_IN, "broadcast", Window.TEXTING_HOURS, True, True, True, True),
    ("digest", Need.OPT_IN, "digest", Window.TEXTING_HOURS, True, True, False, True),
    ("staff", Need.OWN_SETTING, "staff", Window.OWN_HOURS, False, False, False, False),
)

#: Broadcast and invitation stand on one line of the design and share a rank.
_RANKS = {"broadcast": 5, "invitation": 5, "digest": 6, "staff": 7}

CLASSES: Mapping[str, MessageClass] = {
    row[0]: MessageClass(row[0], _RANKS.get(row[0], number), *row[1:], by_machine=row[0] != "answer")
    for number, row in enumerate(_ROWS)
}

#: Of staff's notices those that tell of a pause itself stand behind the others, in the one queue that it leaves open.
TELLS_OF_PAUSE = 8

#: Every rank the mails' queue may hold, highest class first.
RANKS = (*sorted({row.rank for row in CLASSES.values()}), TELLS_OF_PAUSE)

#: Texts stand in queues of their own, so that a slow provider never keeps a mail waiting, nor a mail a text.
TEXTS_FROM = 100


#: What goes to many at once.
TO_MANY = tuple(name for name, row in CLASSES.items() if row.to_many)

#: Somebody waits for these at this moment: they never share a batch with what is sent to many.
PROMPT = ("answer", "consent", "service")


def rank_of(message_class: str, channel: str, *, tells_of_pause: bool = False) -> int:
    """The rank of the queue in which a delivery of this class stands."""
    rank = TELLS_OF_PAUSE if tells_of_pause else CLASSES[message_class].rank
    return rank + (TEXTS_FROM if channel == "sms" else 0)


def ranks_paused(channel: str) -> frozenset[int]:
    """The ranks of a channel's queues from which nothing leaves while everything is paused."""
    return frozenset(ranks_of(channel)) - {rank_of("staff", channel, tells_of_pause=True)}


def ranks_of(channel: str) -> tuple[int, ...]:
    """The ranks of a channel's queues, highest class first."""
    return tuple(rank + (TEXTS_FROM if channel == "sms" else 0) for rank in RANKS)


def ranks_to_many(channel: str) -> frozenset[int]:
    """The ranks of a channel's queues in which stands what goes to many."""
    return frozenset(rank_of(name, channel) for name in TO_MANY)
