"""Case: one received mail as the rules see it, and what a rule is.

Nothing is decided here: the table is `reply_router.rules`, and its checks stand in files beside it, by what they judge
(machine_rules, command_rules, place_rules).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.base.tokens import Purpose
from engine.chapters.chapter import Chapter
from engine.conversations.received import Received
from engine.outbox.order import Order
from engine.people.sign_up import SignUp
from reply_router.addresses import ANYWHERE, Aim, Signed
from reply_router.answers.words import Heard
from reply_router.own_rules import Chosen
from reply_router.place import Place
from reply_router.proof.proof import UNPROVEN, Proof
from reply_router.reading import Reading
from reply_router.sender import Sender
from reply_router.topics.place import TopicPlace


class Filed(StrEnum):
    """Where words go once a rule has decided."""

    #: Only the received row says that it came.
    NOWHERE = "nowhere"
    #: Folded in the member's timeline as what a machine wrote.
    MACHINE = "machine"
    #: In the conversation that was found, or a new one.
    PLACE = "place"
    #: In the conversation that was found, or a new one; and a sign-up goes on by it.
    SIGN_UP = "sign_up"
    #: In the conversation that was found, or a new one, where a rule of staff's own sends them.
    CHOSEN = "chosen"
    #: In the conversation that the same mail to another chapter began, which this chapter sees from now on.
    BESIDE = "beside"
    #: In a conversation of its own with whoever wrote, linked to nobody.
    APART = "apart"
    #: As the organizer to whom the staff address was given wishes.
    STAFF = "staff"
    #: In the own conversation of whoever orders something about all sending (reply_router.fresh_orders).
    ORDER = "order"
    #: In a chapter's topic, where each rule of topics has its own way (reply_router.topics.mail).
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Joins:
    """Somebody whom we do not know asks to be with us, in which chapter (None: the organization)."""

    chapter: Chapter | None
    is_spanish: bool
    #: They said something besides.
    more: bool


@dataclass(frozen=True, slots=True)
class Confirms:
    """What somebody says to the sign-up that they were asked about."""

    row: SignUp
    heard: Heard


@dataclass(frozen=True, slots=True)
class FreshOrder:
    """An order about all sending in a mail that answers no notice, and who gives it as far as the From line tells."""

    order: Order
    author_id: int
    author: str
    #: They are staff of the whole organization; else they have another role.
    is_staff: bool
    #: Nobody else is reached at the address: who proves that it is theirs proves that it was them.
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One received row as the rules see it."""

    reading: Reading
    sender: Sender
    place: Place
    #: Whether it is from whom its From line names (law 9).
    proof: Proof = UNPROVEN
    #: What the envelope's recipient says.
    aim: Aim = ANYWHERE
    #: It carries a mark that only we can make, or comes from one of our own signed addresses.
    own: bool = False
    #: The row that was filed before with the same content for the same recipient.
    duplicate_of: int | None = None
    #: A provider told it by a webhook that it signed; and it is about no letter of ours, nor from our domain.
    is_told: bool = False
    is_foreign: bool = False
    #: The delivery of ours that a complaint names, proven by what only we can make.
    complained_of: int | None = None
    #: The words are an answer to what the letter before them asked, whatever else they may mean.
    answers: bool = False
    #: They ask to be with us, or say yes or no to what their sign-up asked them.
    joins: Joins | None = None
    confirms: Confirms | None = None
    #: The chapter that LEAVE names, where the member is in it.
    chapter: Chapter | None = None
    #: Whether the member in whose name a command came is asked about it, or was today; else a person finds out.
    is_asked: bool = True
    #: Why it is junk, in one sentence; "" for whatever is not.
    junk: str = ""
    #: They answer our question whether they asked something: "yes", "no", or "" for anything else.
    own_word: str = ""
    #: The organizer behind a staff address: their id and name when they may answer there and wrote from an address of
    #: theirs.
    organizer_id: int | None = None
    organizer: str = ""
    #: What somebody with a role here orders about all sending, where they answer no notice of ours.
    fresh_order: FreshOrder | None = None
    #: By which row the very same mail came to another chapter of ours, and began a conversation there.
    beside: Received | None = None
    #: Where a rule of staff's own sends the words.
    chosen: Chosen | None = None
    #: What it has to do with a chapter's topic, where whoever wrote is a member.
    topic: TopicPlace | None = None

    @property
    def purpose(self) -> Purpose | None:
        """What the envelope's recipient was made for, when we made it."""
        return self.aim.token.purpose if isinstance(self.aim, Signed) else None

    @property
    def who(self) -> str:
        """How sentences call whoever wrote."""
        if self.place.member is not None and self.place.known:
            return self.place.member.called
        return self.sender.name or "Somebody"


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, what it is for, the outcome, where the words go, and the check: its sentence where it applies."""

    name: str
    description: str
    outcome: str
    filed: Filed
    check: Callable[[Case], str | None]
    #: What it may do besides (keys of reply_router.effects.EFFECTS).
    effects: tuple[str, ...] = ()


def shortened(text: str) -> str:
    """The beginning of words, on one line, as a sentence quotes them."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"
