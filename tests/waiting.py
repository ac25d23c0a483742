"""Waiting for what other threads and processes do: as long as a slow machine needs, no longer than the thing takes."""

import time
from collections.abc import Callable

#: Seconds. Nothing here takes one of them on an idle machine.
PATIENCE = 60.0


def soon(true: Callable[[], object], told: Callable[[], object] = lambda: "", *, seconds: float = PATIENCE) -> None:
    """It has become true; if it has not in that time, the failure says what is told."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"it did not happen within {seconds:g} s. {told()}"
        time.sleep(0.01)
