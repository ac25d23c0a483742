"""Case: one received text as the rules see it, and what a rule is (reply_router.text_rules has the table)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.chapters.chapter import Chapter
from engine.conversations.message import Message
from reply_router.answers.words import Heard
from reply_router.own_rules import Chosen
from reply_router.reading.text_message import TextMessage
from reply_router.reading.texts import TextKind
from reply_router.text_desk import DeskText
from reply_router.text_find import TextPlace
from reply_router.topics.place import TopicPlace
from reply_router.topics.text_choice import TextChoice


class TextFiled(StrEnum):
    """What is done with a text once a rule has decided."""

    #: Only the received row says that it came.
    NOWHERE = "nowhere"
    #: Beside the same words, which came a moment before.
    AGAIN = "again"
    #: At the words of ours that were tapped.
    TAP = "tap"
    #: In the conversation, with what the command does.
    STOP = "stop"
    START = "start"
    HELP = "help"
    NUMBER_OFF = "number_off"
    LEAVE = "leave"
    PACE = "pace"
    #: How topics come to the phone (reply_router.topics.text_choice).
    CHOICE = "choice"
    JOIN = "join"
    SIGN_UP = "sign_up"
    CONFIRM = "confirm"
    #: In the conversation, with a question of ours which of two they mean.
    WHICH = "which"
    #: In the conversation that was found, or a new one.
    PLACE = "place"
    #: The same, where a rule of staff's own sends it.
    CHOSEN = "chosen"
    #: In a chapter's topic (reply_router.topics.texts).
    TOPIC = "topic"
    #: As the organizer wishes who answers an alert (reply_router.text_desk), or asked for which conversation.
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class TextCase:
    """One received text as the rules see it."""

    text: TextMessage
    place: TextPlace
    #: The row that brought the same text of the provider before.
    duplicate_of: int | None = None
    #: It comes from one of our own numbers.
    own: bool = False
    #: The message with the same words, which came from the same phone within a minute.
    same: Message | None = None
    #: What of ours a tap quotes.
    tapped: Message | None = None
    #: The chapter that JOIN or LEAVE names, or that a stranger's only words name.
    chapter: Chapter | None = None
    #: The member is in that chapter.
    is_in: bool = False
    #: It answers an alert: what its organizer asks for.
    desk: DeskText | None = None
    #: They ask us to write less, not for a while, or as before (reply_router.reading.paces).
    pace: str = ""
    #: The phone is of a country whose phones may sign up by text; others are answered by a person alone.
    may_sign_up: bool = True
    #: Whoever is joining said what was asked for: their name, or where they live.
    answers_sign_up: bool = False
    #: Yes or no to what the phone was asked to confirm.
    confirms: Heard | None = None
    #: Our machine has texted them so often lately that a person goes on.
    machine_rests: bool = False
    #: Where a rule of staff's own sends the words.
    chosen: Chosen | None = None
    #: What it has to do with a chapter's topic.
    topic: TopicPlace | None = None
    #: How much of a chapter's topics they want by text.
    choice: TextChoice | None = None

    @property
    def who(self) -> str:
        """How sentences call whoever wrote."""
        return self.place.member.called if self.place.member is not None else "Somebody"

    @property
    def before_stop(self) -> bool:
        """It was said before the stop that stands, and reached us late."""
        since, said_at = self.place.stopped_since, self.text.said_at
        return since is not None and said_at is not None and said_at <= since

    @property
    def kind(self) -> TextKind:
        """What the words ask for."""
        return self.text.kind


@dataclass(frozen=True, slots=True)
class TextRule:
    """A name, what it is for, the outcome, what is done, and the check: its sentence where it applies."""

    name: str
    description: str
    outcome: str
    filed: TextFiled
    check: Callable[[TextCase], str | None]
    #: What it may do besides (keys of reply_router.effects.EFFECTS).
    effects: tuple[str, ...] = ()


def short(text: str) -> str:
    """The beginning of words, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"
