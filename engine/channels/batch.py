"""Batch: mails that several connections carry together, each the next one that nobody has begun."""

import threading
import time
from collections import deque
from collections.abc import Sequence

from engine.base.services import NotSent, OutgoingMail, Sent
from engine.channels.pipeline import Numbered


class MailBatch:
    """What is to go, and what became of each. After `until` (monotonic seconds) none is begun any more."""

    def __init__(self, mails: Sequence[OutgoingMail], until: float) -> None:
        self.outcomes: list[Sent | NotSent | None] = [None] * len(mails)
        self.settled = 0
        self._waiting: deque[Numbered] = deque(enumerate(mails))
        self._begun: set[int] = set()
        self._again: set[int] = set()
        self._until = until
        self._lock = threading.Lock()

    def take(self) -> Numbered | None:
        """The next mail, which is begun now; None when there is none, or no time."""
        with self._lock:
            if not self._waiting or (time.monotonic() > self._until and self._waiting[0][0] not in self._again):
                return None
            taken = self._waiting.popleft()
            self._begun.add(taken[0])
            return taken

    def settle(self, number: int, outcome: Sent | NotSent) -> None:
        """It is known what became of this mail."""
        with self._lock:
            self.outcomes[number] = outcome
            self.settled += 1
            self._begun.discard(number)

    def give_back(self, left: Numbered, reason: NotSent) -> None:
        """This mail was begun and not handed over: it is tried once more over another connection, then that is all."""
        with self._lock:
            again = left[0] not in self._again
            if again:
                self._again.add(left[0])
                self._begun.discard(left[0])
                self._waiting.appendleft(left)
        if not again:
            self.settle(left[0], reason)

    @property
    def begun(self) -> tuple[int, ...]:
        """Which were begun and are not settled."""
        with self._lock:
            return tuple(self._begun)
