"""Batch: mails that several connections carry together, each the next one that nobody has begun."""

import threading
import time
from collections import deque
from collections.abc import Sequence

from engine.base.services import NotSent, OutgoingMail, Sent
from engine.channels.failures import IN_A_ROW, is_down
from engine.channels.pipeline import Numbered


class MailBatch:
    """What is to go, and what became of each. After `until` (monotonic seconds) none is begun any more, nor once the
    relay has failed at so many in a row that it must be down."""

    def __init__(self, mails: Sequence[OutgoingMail], until: float) -> None:
        self.outcomes: list[Sent | NotSent | None] = [None] * len(mails)
        self.settled = 0
        #: The relay let no further connection in, while others were at work.
        self.full = False
        self._carriers = 0
        self._failed_in_a_row = 0
        self._waiting: deque[Numbered] = deque(enumerate(mails))
        self._begun: set[int] = set()
        self._again: set[int] = set()
        self._until = until
        self._lock = threading.Lock()

    def begin(self) -> None:
        """One carrier more is at work."""
        with self._lock:
            self._carriers += 1

    def take(self) -> Numbered | None:
        """The next mail, which is begun now; None when there is none, or no time."""
        with self._lock:
            return self._next()

    def take_or_leave(self) -> Numbered | None:
        """The same; a carrier that gets none is at work no more, and others leave it nothing."""
        with self._lock:
            taken = self._next()
            self._carriers -= taken is None
            return taken

    def leave_to_others(self, mail: Numbered) -> bool:
        """No connection could be made for this mail: True when others are at work, and it is theirs; the carrier ends.

        A relay that lets in only so many at a time says so at its greeting. Tried with one mail after the other, it
        would turn most of the batch away, and each would have been tried in vain.
        """
        with self._lock:
            if self._carriers == 1:
                return False
            self._carriers -= 1
            self.full = True
            self._begun.discard(mail[0])
            self._waiting.appendleft(mail)
            return True

    def _next(self) -> Numbered | None:
        if not self._waiting or self._failed_in_a_row >= IN_A_ROW:
            return None
        if time.monotonic() > self._until and self._waiting[0][0] not in self._again:
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
            down = isinstance(outcome, NotSent) and is_down(outcome)
            self._failed_in_a_row = self._failed_in_a_row + 1 if down else 0

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
