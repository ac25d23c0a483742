"""Readers: the processes that read mail for this one, and what is asked of them.

One, started when the first mail comes; a second for as long as the first is held up by a mail that is large or hostile.
Each has its own three pipes and nothing else of ours: no settings in its environment, no socket, no file. It ends when
this process ends, however that ends: its standard input then does.
"""

import atexit
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.base.errors import Unavailable, Unread
from engine.base.metrics import READING_SECONDS
from reply_router.budget.form import read_back, written
from reply_router.budget.frames import Frame, What
from reply_router.budget.limits import LIMITS, Limits
from reply_router.budget.process import Child, Gone, crashed, seconds_now
from reply_router.proof.signatures import Good
from reply_router.reading.values import Reading

#: Processes at most: one that reads, one beside it while that is held up.
MOST: Final = 2
#: Seconds one waits for a reader that is busy, before another is started beside it.
HELD_UP: Final = 0.2
#: Seconds one waits while all are busy; a row's lease lasts twice as long.
PATIENCE: Final = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be read: its bytes, the words of ours that it probably quotes, and its envelope's sender."""

    raw: bytes
    sent: str | None = None
    mail_from: str | None = None


class Readers:
    """The processes that read for this one, lent to one thread at a time."""

    def __init__(self, limits: Limits = LIMITS, most: int = MOST) -> None:
        """Nothing is started yet."""
        self.limits = limits
        self._most = most
        self._free = threading.Condition()
        self._idle: list[Child] = []
        self._there = 0
        #: Raised by `close`: what was lent before it ends when it comes back.
        self._age = 0

    def read(self, raw: bytes, *, sent: str | None = None, mail_from: str | None = None) -> Reading:
        """The letter's reading, as `reading.read` gives it. Raises Unread when it runs out of its budget, Unavailable
        for trouble of our own."""
        (read,) = self.read_in_turn([Letter(raw, sent, mail_from)], 0)
        if isinstance(read, Unread):
            raise read
        return read

    def read_in_turn(self, letters: Sequence[Letter], seconds: float) -> list[Reading | Unread]:
        """The readings of the letters, in their order: of all, or of as many as were begun within so many seconds, but
        of one at least. Unread stands for one that ran out of its budget. Raises Unavailable for trouble of our own."""
        frames = [Frame(What.LETTER, written([each.sent, each.mail_from]), each.raw) for each in letters]
        until = seconds_now() + seconds
        found: list[Reading | Unread] = []
        in_vain = 0
        while len(found) < len(frames) and (not found or seconds_now() < until):
            with self._lent() as child:
                answers = child.ask_in_turn(frames[len(found) :], until)
            found += [each if isinstance(each, Unread) else _read_in(each) for each in answers]
            in_vain = 0 if answers else in_vain + 1
            if in_vain > MOST:
                raise Unavailable("The processes that read mail end as soon as they begin.")
        return found

    def glance(self, raw: bytes) -> Reading:
        """What the beginning of its header says, as `glance.glance` gives it. Raises as `read` does."""
        return _value(self._ask(Frame(What.HEADER, b"", raw[:100_000])), Reading)

    def attachment(self, raw: bytes, index: int) -> bytes:
        """The decoded bytes of that attachment; empty when there is none. Raises as `read` does."""
        return self._ask(Frame(What.ATTACHMENT, written(index), raw)).body

    def signatures(self, raw: bytes, keys: dict[str, str]) -> Good:
        """Which of the mail's signatures are good, as `signatures.good_signatures` says. Raises as `read` does."""
        return _value(self._ask(Frame(What.SIGNATURES, written(keys), raw)), Good)

    def close(self) -> None:
        """None is left, or will be once it has answered; the next mail starts one anew."""
        with self._free:
            idle, self._idle = self._idle, []
            self._there -= len(idle)
            self._age += 1
        for child in idle:
            child.end()

    @property
    def pids(self) -> list[int]:
        """The process ids of those that wait for a mail."""
        with self._free:
            return [child.pid for child in self._idle]

    def _ask(self, frame: Frame) -> Frame:
        for _ in range(MOST + 1):  # each of those that wait may have ended just now, with nothing to read for long
            with suppress(Gone), self._lent() as child:
                return child.ask(frame)
        raise Unavailable("The processes that read mail end as soon as they begin.")

    @contextmanager
    def _lent(self) -> Iterator[Child]:
        child = self._take()
        try:
            yield child
        finally:
            self._give_back(child)

    def _take(self) -> Child:
        """One that is idle; a new one if there is none, or if all there are have been busy for a while."""
        began = seconds_now()
        with self._free:
            while True:
                while self._idle:
                    child = self._idle.pop()
                    if child.is_there:
                        return child
                    self._there -= 1
                    child.end()
                waited = seconds_now() - began
                if self._there == 0 or (waited >= HELD_UP and self._there < self._most):
                    self._there += 1
                    age = self._age
                    break
                if waited > PATIENCE:
                    raise Unavailable("Every process that reads mail is held up; this mail is read later.")
                self._free.wait(HELD_UP if self._there < self._most else PATIENCE)
        try:
            return Child(self.limits, age)
        except BaseException:
            with self._free:
                self._there -= 1
                self._free.notify()
            raise

    def _give_back(self, child: Child) -> None:
        with self._free:
            # A second one stays no longer than it is needed.
            if child.is_there and child.age == self._age and not self._idle:
                self._idle.append(child)
                self._free.notify()
                return
            self._there -= 1
            self._free.notify()
        child.end()


def _read_in(answer: Frame) -> Reading | Unread:
    try:
        reading = _value(answer, Reading)
    except Unread as trouble:
        return trouble
    READING_SECONDS.observe(reading.seconds)
    return reading


def _value(answer: Frame, kind: type[T]) -> T:
    try:
        return read_back(kind, answer.words)
    except ValueError as error:
        raise crashed("broke", "Our reader broke at it.") from error


#: This process's own.
readers = Readers()
atexit.register(readers.close)
