"""Side by side: questions to the world asked at once, so that the slowest of them is waited for and not their sum."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def side_by_side(questions: Sequence[Callable[[], T]]) -> list[T]:
    """What each of them says, in their order. Raises what the first of them raises, when all have ended."""
    if not questions:
        return []
    with ThreadPoolExecutor(len(questions), "asks") as pool:
        return list(pool.map(lambda question: question(), questions))
