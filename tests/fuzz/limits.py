"""What one input may cost, and how a breach of it is said."""

import resource
import sys
import time
from collections.abc import Callable
from typing import Final

#: Processor seconds that one input may take (RELIABILITY.md 1.3); instrumented code is several times slower.
MOST_SECONDS: Final = 2.0
#: Seconds of wall time after which the fuzzer ends an input that does not come back by itself.
HARD_SECONDS: Final = 20
#: Megabytes by which the process may grow, from the moment at which everything is imported.
MOST_GROWTH_MB: Final = 256
#: The longest input that is tried; what grows beyond it is for the growth tests.
LONGEST_INPUT: Final = 16_384


class Stalled(AssertionError):
    """One input took more than its processor time."""


def within_limits(check: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The check, which now also fails when an input takes more than its processor time."""

    def timed(data: bytes) -> None:
        began = time.process_time()
        check(data)
        if (took := time.process_time() - began) > MOST_SECONDS:
            raise Stalled(f"{len(data)} bytes took {took:.1f} s of processor time.")

    return timed


def resident_mb() -> int:
    """The most memory this process has had, in megabytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1024 * 1024 if sys.platform == "darwin" else 1024)
