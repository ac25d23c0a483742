"""Ending: how a process hears that it should end (SIGTERM, SIGINT), and waits for that."""

import os
import select
import signal
from types import FrameType


class Ending:
    """Whether this process was asked to end. Made in its main thread, once.

    Nothing here takes a lock: a handler runs in the middle of whatever the main thread does, and one that set an Event
    the main thread waits for would wait for itself when the signal comes at the wrong moment. Nor is the handler
    written in Python: the next signal of a storm would interrupt it, and so on until the stack is full.
    """

    def __init__(self) -> None:
        #: The first frame that each signal interrupted; `setdefault` is C, takes just what a handler is given, and is
        #: over before the next signal is looked at.
        self._asked: dict[int, FrameType | None] = {}
        self._reads, writes = os.pipe()
        os.set_blocking(writes, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)  # full of earlier asks: whoever waits is awake
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked.setdefault)

    def is_asked(self) -> bool:
        """Whether an end was asked for by now."""
        return bool(self._asked)

    def wait(self, seconds: float | None = None) -> bool:
        """True once an end is asked for; False when `seconds` have passed before."""
        if not self._asked:
            select.select([self._reads], [], [], seconds)
        return bool(self._asked)
