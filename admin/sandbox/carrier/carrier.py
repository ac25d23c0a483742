"""The carrier: takes our texts in and carries them to phones, and carries what phones write to our door."""

import re
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from admin.sandbox.carrier.calls import LONGEST as LONGEST_CALL
from admin.sandbox.carrier.calls import Call, Calls
from admin.sandbox.carrier.errands import PAUSES, Errands, steps
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.carrier.text import Picture, Text, new_sid
from admin.sandbox.carrier.texts import TAKEN, Texts
from admin.sandbox.carrier.trouble import EVERYBODY, FAILURES, Refused, Trouble
from admin.sandbox.store import Store
from engine.base.clock import Clock
from engine.base.errors import Invalid

#: The words the provider keeps for itself (https://help.twilio.com/articles/223134027), and what it answers to them.
STOP_WORDS = frozenset("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split())
START_WORDS = frozenset("START YES UNSTOP".split())
HELP_WORDS = frozenset("HELP INFO".split())
STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
#: The longest text that may be created.
LETTERS = 1600
#: Wall seconds somebody who pressed "send" waits for our door.
PATIENCE = 30.0

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,6}")


@dataclass(frozen=True, slots=True)
class Account:
    """Our account at the provider."""

    sid: str
    token: str
    numbers: tuple[str, ...]
    #: Our messaging service there, if we have one.
    service: str = ""
    #: Whether the provider answers STOP, START and HELP itself and refuses what comes after a STOP (error 21610).
    keeps_stops: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody asks the provider to send."""

    to: str
    body: str
    sender: str = ""
    service: str = ""
    media: tuple[str, ...] = ()
    callback: str = ""


class Carrier:
    """All phones out there, and the provider."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        account: Account,
        door: OurDoor,
        *,
        landlines: frozenset[str] = frozenset(),
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.account = account
        self.texts = Texts(store)
        self.calls = Calls(store, door, account.sid)
        self._clock = clock
        self._door = door
        self._landlines = landlines
        self._errands = Errands(self.texts, clock, door, account.sid, pauses)
        #: One text at a time is written down, so that their order is that of their times.
        self._writing = threading.Lock()

    def start(self, api_url: str) -> None:
        """Texts are carried; `api_url` is where the provider's own pages are, for pictures."""
        self._errands.api_url = self.calls.api_url = api_url
        self._errands.start()

    def stop(self) -> None:
        """Nothing is carried any more."""
        self._errands.stop()

    @property
    def in_flight(self) -> int:
        """How many webhooks and callbacks are still to be made."""
        return self.texts.count_open()

    def settle(self, seconds: float) -> bool:
        """True once every text has come where it goes and our door was told; False when the time was over before."""
        return self._errands.settle(seconds)

    @property
    def received_url(self) -> str:
        """The address of ours that is called with what phones write."""
        return self._door.received_url

    def script(self, number: str, trouble: Trouble | None) -> None:
        """The trouble waits for our texts to that number, or to EVERYBODY; None: none does any more. Raises Invalid."""
        if trouble is not None:
            trouble.check()
        self.texts.script(number if number == EVERYBODY else outside_number(number), trouble)

    def is_landline(self, number: str) -> bool:
        """Whether no text can ever arrive there."""
        return number in self._landlines or self.texts.troubles().get(number, Trouble()).code == 21614

    def create(self, draft: Draft, trouble: Trouble) -> Text:
        """The text is taken in and on its way. Raises Refused."""
        sender = self._judge(draft)
        if trouble.code and trouble.code not in FAILURES:
            raise Refused(trouble.code, draft.to)
        fate = trouble.code or (30006 if draft.to in self._landlines else 0)
        media = tuple(Picture(new_sid("ME"), "application/octet-stream", url=url) for url in draft.media)
        with self._writing:
            now = self._clock.now()
            text = Text(
                sid=new_sid("MM" if media else "SM"),
                at=now,
                updated_at=now,
                sent_at=None,
                direction="outbound-api",
                sender=sender,
                recipient=draft.to,
                body=draft.body,
                status="accepted" if draft.service else "queued",
                fate=fate,
                service=draft.service,
                callback=draft.callback,
                manner=trouble.callbacks,
                pictures=media,
            )
            first = steps(text)[0]
            self.texts.keep(text, first)
        self._errands.add(text.sid, first)
        return text

    def _judge(self, draft: Draft) -> str:
        """The number it leaves from. Raises Refused, in the provider's order of questions."""
        if not draft.to:
            raise Refused(21604)
        if not _NUMBER.fullmatch(draft.to):
            raise Refused(21211, draft.to)
        if not draft.sender and not draft.service:
            raise Refused(21603)
        if draft.service and draft.service != self.account.service:
            raise Refused(21701, draft.service)
        if draft.sender and draft.sender not in self.account.numbers:
            raise Refused(21606, draft.sender)
        if not draft.body and not draft.media:
            raise Refused(21602)
        if len(draft.body) > LETTERS:
            raise Refused(21617)
        if draft.callback and not self._door.knows(draft.callback):
            raise Refused(21609, draft.callback)
        for url in draft.media:
            if not self._door.knows(url):
                raise Refused(21620, url)
        if self.account.keeps_stops and self.texts.has_stopped(draft.to):
            raise Refused(21610)
        return draft.sender or self._sender_for(draft.to)

    def _sender_for(self, phone: str) -> str:
        """The service's number that the phone knows already, else always the same one for it."""
        known = self.texts.last_number(phone)
        if known in self.account.numbers:
            return known
        return self.account.numbers[zlib.crc32(phone.encode()) % len(self.account.numbers)]

    def write(self, phone: str, to: str, body: str, pictures: Sequence[tuple[str, bytes]] = (), key: str = "") -> str:
        """The phone has sent the text; its sid is returned. Given the same key again, it is the same text.

        Raises Invalid for a number that is not ours, or for nothing at all.
        """
        if to not in self.account.numbers:
            raise Invalid(f"{to} is no number of ours. These are: {', '.join(self.account.numbers) or 'none'}.")
        if not body.strip() and not pictures:
            raise Invalid("There is nothing written yet.")
        sid = new_sid("MM" if pictures else "SM", key)
        with self._writing:
            now = self._clock.now()
            text = Text(
                sid=sid,
                at=now,
                updated_at=now,
                sent_at=now,
                direction="inbound",
                sender=outside_number(phone),
                recipient=to,
                body=body,
                status="received",
                service=self.account.service,
                pictures=tuple(
                    Picture(new_sid("ME", f"{sid} {place}"), mime, content)
                    for place, (mime, content) in enumerate(pictures)
                ),
            )
            fresh = self.texts.keep(text, "received")
            if fresh and self.account.keeps_stops:
                self._hear(text)
        if fresh:
            self._errands.add(sid, "received")
        return sid

    def send(
        self, phone: str, to: str, body: str, pictures: Sequence[tuple[str, bytes]] = (), key: str = ""
    ) -> tuple[str, bool]:
        """The phone has sent it and our door was called: the text's sid, and whether the door took it."""
        sid = self.write(phone, to, body, pictures, key)
        return sid, self._errands.wait(sid, "received", PATIENCE) == TAKEN

    def call(self, phone: str, to: str, seconds: int, key: str = "") -> Call:
        """The phone has called that number of ours, and words of so many seconds were left (0: none). Raises Invalid.

        Given the same key again, it is the same call.
        """
        if to not in self.account.numbers:
            raise Invalid(f"{to} is no number of ours. These are: {', '.join(self.account.numbers) or 'none'}.")
        if not 0 <= seconds <= LONGEST_CALL:
            raise Invalid(f"A voicemail has 0 to {LONGEST_CALL} seconds; 0 is a call without words.")
        return self.calls.make(outside_number(phone), to, seconds, key)

    def _hear(self, text: Text) -> None:
        """The provider minds its own words; it forwards them to us all the same."""
        word = text.body.strip().upper()
        if word in STOP_WORDS and self.texts.stop(text.phone, text.at):
            self._reply(text, STOPPED)
        elif word in START_WORDS and self.texts.start(text.phone):
            self._reply(text, STARTED)
        elif word in HELP_WORDS and not self.texts.has_stopped(text.phone):
            self._reply(text, HELPED)

    def _reply(self, text: Text, words: str) -> None:
        answer = replace(
            text,
            sid=new_sid("SM", f"{text.sid} reply"),
            direction="outbound-reply",
            sender=text.recipient,
            recipient=text.sender,
            body=words,
            status="delivered",
            pictures=(),
        )
        self.texts.keep(answer, None)


def outside_number(number: str) -> str:
    """The number in international form, with its plus, however a path or a form wrote it. Raises Invalid."""
    bare = re.sub(r"[\s().-]", "", number)
    full = bare if bare.startswith("+") or len(bare) <= 6 else f"+{bare}"
    if not _NUMBER.fullmatch(full):
        raise Invalid(f"{number!r} is not a number in international form such as +14045550142.")
    return full
