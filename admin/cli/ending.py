"""Ending: how a process hears that it should end (SIGTERM, SIGINT), and waits for that."""

import contextlib
import os
import select
import signal


class Ending:
    """Whether this process was asked to end. Made in its main thread, once.

    Nothing here takes a lock: a handler runs in the middle of whatever the main thread does, and one that set an Event
    the main thread waits for would wait for itself when the signal comes at the wrong moment.
    """

    def __init__(self) -> None:
        self._asked = False
        self._reads, self._writes = os.pipe()
        os.set_blocking(self._writes, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def is_asked(self) -> bool:
        """Whether an end was asked for by now."""
        return self._asked

    def wait(self, seconds: float | None = None) -> bool:
        """True once an end is asked for; False when `seconds` have passed before."""
        if not self._asked:
            select.select([self._reads], [], [], seconds)
        return self._asked

    def _ask(self, *_: object) -> None:
        self._asked = True
        with contextlib.suppress(BlockingIOError):  # full of earlier asks: whoever waits is awake
            os.write(self._writes, b".")
