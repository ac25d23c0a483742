"""Errands: what the carrier does for a text after it was taken in: it leaves, it arrives, and our door is told.

Each errand is a row, so what was begun goes on after a kill; the queue of this process only says which is next.
"""

import heapq
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from admin.sandbox.carrier.form import received_form, status_form
from admin.sandbox.carrier.our_door import Answer, OurDoor
from admin.sandbox.carrier.text import Text
from admin.sandbox.carrier.texts import TAKEN, Texts
from admin.sandbox.carrier.trouble import FAILURES
from engine.base.clock import Clock
from engine.base.log import logger

#: Wall seconds before each further try, while our door is away or says 5xx; then it is given up, as the provider does.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
#: Threads that call our door.
CALLERS = 4

log = logger(__name__)


@dataclass(order=True, slots=True)
class _Turn:
    due: float
    number: int
    sid: str
    status: str
    tries: int = 0


def steps(text: Text) -> tuple[str, ...]:
    """What our door is told of the text, one after the other, after the answer to its creation."""
    if text.direction == "inbound":
        return ("received",)
    final = FAILURES[text.fate][0] if text.fate else "delivered"
    told = ("failed",) if final == "failed" else ("sent", final)
    return told[::-1] if text.manner == "backwards" else told


class Errands:
    """The carrier's threads."""

    def __init__(
        self, texts: Texts, clock: Clock, door: OurDoor, account: str, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._texts = texts
        self._clock = clock
        self._door = door
        self._account = account
        self._pauses = tuple(pauses)
        self._turns: list[_Turn] = []
        self._number = 0
        self._changed = threading.Condition()
        self._ending = False
        self._threads: list[threading.Thread] = []
        self.api_url = ""

    def start(self) -> None:
        """What was left undone goes on, and what comes is done."""
        for sid, status in self._texts.open_errands():
            self.add(sid, status)
        for number in range(CALLERS):
            thread = threading.Thread(target=self._work, name=f"carrier {number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Nothing more is done; the rows say what is left."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(5)

    def add(self, sid: str, status: str) -> None:
        """The errand, whose row stands, is done soon."""
        self._put(_Turn(time.monotonic(), 0, sid, status))

    def wait(self, sid: str, status: str, seconds: float) -> str | None:
        """How the errand ended; None when it did not within that time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while (ended := self._texts.ended(sid, status)) is None and not self._ending:
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
        return ended

    def settle(self, seconds: float) -> bool:
        """True once nothing is left to do, callbacks and webhooks included; False when the time was over before."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._texts.count_open():
                left = deadline - time.monotonic()
                if left <= 0 or self._ending:
                    return False
                self._changed.wait(left)
        return True

    def _put(self, turn: _Turn) -> None:
        with self._changed:
            self._number += 1
            turn.number = self._number
            heapq.heappush(self._turns, turn)
            self._changed.notify_all()

    def _next(self) -> _Turn | None:
        with self._changed:
            while not self._ending:
                if not self._turns:
                    self._changed.wait()
                elif (left := self._turns[0].due - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    return heapq.heappop(self._turns)
        return None

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            try:
                self._do(turn)
            except Exception:
                log.exception("the sandbox's carrier stumbled; the errand is done again", sid=turn.sid)
                self._later(turn)

    def _do(self, turn: _Turn) -> None:
        text = self._texts.text(turn.sid)
        if text is None:
            return
        if text.direction == "inbound":
            answer = self._door.call(
                self._door.received_url, received_form(text, self._account, self.api_url), f"{turn.sid} received"
            )
        else:
            text = self._carry(text, turn.status)
            answer = self._tell(text, turn.status)
        if answer.may_be_tried_again and turn.tries < len(self._pauses):
            self._later(turn)
            return
        how = TAKEN if answer.taken else f"given up: {answer.status or 'away'} {answer.says}"
        order = steps(text)
        then = order[order.index(turn.status) + 1 :] if turn.status in order else ()
        self._texts.end(turn.sid, turn.status, how, then[0] if then else None)
        if then:
            self.add(turn.sid, then[0])
        with self._changed:
            self._changed.notify_all()

    def _carry(self, text: Text, status: str) -> Text:
        """The text itself has come that far, whatever our door says to it."""
        now = self._clock.now()
        if status == "delivered" and not self._fetch_pictures(text):
            self._texts.advance(text.sid, "failed", 11200, now)
        else:
            self._texts.advance(
                text.sid, status, text.fate or None if status not in ("sent", "delivered") else None, now
            )
        return self._texts.text(text.sid) or text

    def _fetch_pictures(self, text: Text) -> bool:
        for picture in text.pictures:
            if picture.content is None:
                answer, kind, content = self._door.fetch(picture.url)
                if not answer.taken:
                    return False
                self._texts.fill(picture.sid, kind, content)
        return True

    def _tell(self, text: Text, status: str) -> Answer:
        if not text.callback or text.manner == "never":
            return Answer(200, "nobody asked")
        told = text.status if status == "delivered" else status
        form = status_form(text, told, self._account, self._clock.now())
        answer = self._door.call(text.callback, form, f"{text.sid} {status}")
        if text.manner == "twice" and answer.taken:
            answer = self._door.call(text.callback, form, f"{text.sid} {status}")
        return answer

    def _later(self, turn: _Turn) -> None:
        pause = self._pauses[min(turn.tries, len(self._pauses) - 1)] if self._pauses else 0.2
        turn.tries += 1
        turn.due = time.monotonic() + pause
        self._put(turn)
