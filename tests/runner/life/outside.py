"""The outside world: a relay and a provider of texts that may refuse, fall silent, or see us die in mid-call."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from engine.base.services import (
    NotSent,
    NumberFacts,
    OutgoingMail,
    OutgoingText,
    Picture,
    ProviderText,
    ReceivedTexts,
    Sent,
)  # fmt: skip
from engine.base.tokens import Purpose, TokenRing
from engine.outbox.letter import delivery_of

#: So long after a "not now" the same message comes again.
NOT_NOW = timedelta(minutes=10)


class Mood(StrEnum):
    """What becomes of the next message to an address."""

    TAKES = "takes it"
    NOT_NOW = "not now"
    NEVER = "never"
    #: The message was taken, and our side never hears of it.
    SILENT = "takes it without a word"
    #: It was not taken, and our side never hears that either.
    LOST = "loses it without a word"
    #: Our process dies as it begins to speak.
    DEADLY = "we die in the call"


class Died(BaseException):
    """The process ended here. No `except Exception` hears of it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that reached the outside world."""

    delivery_id: int
    channel: str
    address: str
    #: By what the receiver tells copies apart: a mail's Message-ID, a text's own sid.
    key: str
    at: datetime
    words: str


@dataclass
class Outside:
    """Everything that reached a relay or a phone, in order."""

    tokens: TokenRing
    now: Callable[[], datetime]
    heard: list[Heard] = field(default_factory=list)
    moods: dict[str, list[Mood]] = field(default_factory=lambda: defaultdict(list))
    texts: list[ProviderText] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)
    #: What was said last to each message, and when.
    said: dict[int, tuple[datetime, Mood]] = field(default_factory=dict)
    #: Whether a "not now" of the relay is a mail host's wish for less.
    asks_for_less: bool = False

    def comes(self, message: Heard, mood: Mood) -> bool:
        """Whether the message is taken."""
        taken = mood in (Mood.TAKES, Mood.SILENT)
        if taken:
            self.heard.append(message)
        return taken

    def mood(self, address: str, delivery_id: int) -> Mood:
        """What becomes of this message: what became of it before, where we died before we had noted it."""
        if (before := self.said.get(delivery_id)) is not None:
            at, mood = before
            if mood is Mood.NEVER or self.now() - at < NOT_NOW:
                return mood
        waiting = self.moods[address]
        mood = waiting.pop(0) if waiting else Mood.TAKES
        if mood is Mood.DEADLY:
            raise Died
        self.said[delivery_id] = (self.now(), mood)
        return mood


_ANSWERS = {
    Mood.NOT_NOW: NotSent(False, "450", "Not now.", retry_after=NOT_NOW),
    Mood.SILENT: NotSent(False, "timeout", "No answer.", unknown=True, retry_after=NOT_NOW),
    Mood.LOST: NotSent(False, "timeout", "No answer.", unknown=True, retry_after=NOT_NOW),
}


class Relay:
    """Takes mail."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside

    def send(self, return_path: str, recipient: str, message: bytes) -> Sent | NotSent:
        """Whatever the address' mood is."""
        lines = message.replace(b"\r", b"").split(b"\n\n", 1)[0].decode("ascii").splitlines()
        key = next(line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("message-id:"))
        delivery_id = delivery_of(self.outside.tokens, key)
        assert delivery_id is not None, key
        mood = self.outside.mood(recipient, delivery_id)
        self.outside.comes(Heard(delivery_id, "email", recipient, key, self.outside.now(), ""), mood)
        if mood is Mood.NEVER:
            return NotSent(True, "5.1.1", "No such mailbox.", about="address")
        if mood is Mood.NOT_NOW:
            code = "451" if self.outside.asks_for_less else "450"
            return NotSent(False, code, "Not now.", retry_after=NOT_NOW, of_recipient=True)
        return _ANSWERS.get(mood, Sent())

    def send_many(self, mails: Sequence[OutgoingMail], until: float) -> list[Sent | NotSent | None]:
        """Each address has its own mood."""
        return [self.send(each.return_path, each.recipient, each.message) for each in mails]

    def recording(self, url: str, most_bytes: int) -> Picture:
        """Nobody calls here."""
        raise AssertionError(url)

    def close(self) -> None:
        """Nothing is kept open."""


class Provider:
    """Takes texts, and can say what it took."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside

    def send(self, text: OutgoingText) -> Sent | NotSent:
        """Whatever the phone's mood is."""
        outside = self.outside
        sid = f"SM{next(outside.numbers):030}"
        delivery_id = outside.tokens.verify(text.status_url.rpartition("/")[2], Purpose.TEXT_STATUS).subject_id
        mood = outside.mood(text.to, delivery_id)
        if outside.comes(Heard(delivery_id, "sms", text.to, sid, outside.now(), text.body), mood):
            outside.texts.append(ProviderText(sid, text.to, text.from_, text.body, "sent", outside.now()))
        if mood is Mood.NEVER:
            return NotSent(True, "21614", "This phone takes no texts.", about="address")
        return _ANSWERS.get(mood, Sent(sid))

    def sent_since(self, to: str, from_: str, since: datetime) -> list[ProviderText]:
        """What it has of ours for this phone."""
        return [
            each for each in self.outside.texts if (each.to, each.from_) == (to, from_) and each.created_at >= since
        ]

    def received_since(self, number: str, since: datetime) -> ReceivedTexts:
        """Nobody texts us here but through our own verbs."""
        return ReceivedTexts(())

    def look_up(self, phone: str) -> NumberFacts:
        """Every phone is a mobile."""
        return NumberFacts(True, "mobile")

    def pictures_of(self, sid: str) -> list[tuple[str, str]]:
        """Nobody sends pictures here."""
        return []

    def picture(self, url: str, most_bytes: int) -> Picture:
        """Nobody sends pictures here."""
        raise AssertionError(url)

    def recording(self, url: str, most_bytes: int) -> Picture:
        """Nobody calls here."""
        raise AssertionError(url)

    def close(self) -> None:
        """Nothing is kept open."""
