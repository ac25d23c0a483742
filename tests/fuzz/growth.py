"""Whether work grows with the length of what it is given, and not faster.

So that a busy machine changes nothing, only processor time of this process counts, the best of several tries, and a
bound in seconds is longer where a plain pattern takes longer too. A bound is generous, and what breaks it is far beyond
it: what grows with the square takes sixteen times as long for four times as much.
"""

import re
import time
from collections.abc import Callable
from typing import Any, Final

from tests.fuzz.patterns import Found, hard_inputs

LARGE: Final = 1_000_000
#: Seconds on a megabyte, whatever the growth, on a machine that does _PLAIN in _PLAIN_SECONDS.
MOST_SECONDS: Final = 2.0
_PLAIN: Final = (re.compile(r"[^.?]+"), "a plain sentence that ends. " * 40_000)
_PLAIN_SECONDS: Final = 0.005
#: Seconds that a pattern may take on any few bytes; and on the 600 that are all that some of ours ever see, where the
#: slowest takes 0.015.
_ANY_SECONDS: Final = 0.02
_CAPPED_SECONDS: Final = 0.06
#: A megabyte may take so many times as long as a quarter of it. In step would be four.
_MOST_TIMES: Final = 10
#: Sizes at which every input is tried first, so that what explodes is seen before it takes for ever.
_FIRST_SIZES: Final = (24, 32, 48, 256, 1_024, 4_096)
#: Then the input that was slowest is grown in steps.
_NEXT_SIZES: Final = (16_384, 65_536)

#: The most that a pattern gets to see, where the code that uses it cuts or refuses what is longer, and why that is so.
CAPPED: Final[dict[str, int]] = {
    # texts._wish lets nobody's message beyond _LONGEST into clauses: longer ones are somebody telling something.
    "reply_router.reading.plain_wishes.": 600,
    # texts._is_told looks at the beginning of a message that it has found to be short already.
    "reply_router.reading.texts._QUOTED": 2_400,
}


def cap_of(name: str) -> int:
    """How much of a stranger's words the pattern of this name can meet."""
    return min((cap for begins, cap in CAPPED.items() if name.startswith(begins)), default=LARGE)


def seconds(work: Callable[[], object], enough: float, tries: int = 3) -> float:
    """Processor seconds, the best of several tries; no more are made when it is good enough."""
    best = float("inf")
    for _ in range(tries):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
        if best <= enough:
            break
    return best


def over(took: float, bound: float) -> bool:
    """Whether that took longer than the bound, in seconds; on a slower machine the bound is longer."""
    if took <= bound:
        return False
    pattern, text = _PLAIN
    return took > bound * max(1.0, seconds(lambda: pattern.findall(text), 0.0) / _PLAIN_SECONDS)


def faster_than_its_length(work: Callable[[Any], object], given: Callable[[int], Any], *, large: int = LARGE) -> str:
    """What is wrong with how the work grows from a quarter of `large` bytes to all; nothing if it grows in step."""
    small = large // 4
    few_bytes, many_bytes = given(small), given(large)
    few = seconds(lambda: work(few_bytes), MOST_SECONDS)
    in_step = _MOST_TIMES * few + 0.1
    many = seconds(lambda: work(many_bytes), min(MOST_SECONDS, in_step))
    if many <= in_step and not over(many, MOST_SECONDS):
        return ""
    return f"{few:.3f} s for {small // 1000} kB, {many:.3f} s for {large // 1000} kB"


def wrong_with(found: Found, thorough: bool) -> str:
    """What is wrong with how a pattern grows on the inputs that are hardest for it; nothing if it grows in step."""
    slowest: tuple[float, int, str] = (-1.0, 0, "")
    cap = cap_of(found.name)
    for size in [size for size in _FIRST_SIZES if size < cap] + [cap] * (cap < LARGE):
        for number, text in enumerate(hard_inputs(found.pattern, size)):
            for method in sorted(found.methods):
                bound = (_CAPPED_SECONDS if size == cap else _ANY_SECONDS) + size * MOST_SECONDS / LARGE
                took = seconds(_use(found.pattern, method, text), bound)
                if over(took, bound):
                    return f"{method}: {took:.3f} s for {size} of {text[:60]!r}"
                slowest = max(slowest, (took, number, method))
    if cap < LARGE:
        return ""
    numbers = range(len(hard_inputs(found.pattern, 24))) if thorough else [slowest[1]]
    for number in numbers:
        for method in sorted(found.methods) if thorough else [slowest[2]]:
            if said := _grown(found.pattern, method, number, LARGE if thorough else LARGE // 4):
                return f"{method}: {said} of {hard_inputs(found.pattern, 61, number)[0]!r}"
    return ""


def _grown(pattern: re.Pattern[Any], method: str, number: int, large: int) -> str:
    for size in _NEXT_SIZES:
        bound = _ANY_SECONDS + size * MOST_SECONDS / LARGE
        took = seconds(_use(pattern, method, hard_inputs(pattern, size, number)[0]), bound)
        if over(took, bound):
            return f"{took:.3f} s for {size}"
    return faster_than_its_length(
        lambda text: _use(pattern, method, text)(), lambda size: hard_inputs(pattern, size, number)[0], large=large
    )


def _use(pattern: re.Pattern[Any], method: str, text: Any) -> Callable[[], object]:
    if method in ("sub", "subn"):
        return lambda: getattr(pattern, method)(text[:0], text)
    if method == "finditer":
        return lambda: sum(1 for _ in pattern.finditer(text))
    return lambda: getattr(pattern, method)(text)
