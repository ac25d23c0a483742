"""Tries: how long we wait before another one, and when we give up."""

import hashlib
from datetime import timedelta

#: The first pause before another try, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
#: Pauses are given up after so long altogether; hours in which we ourselves were down do not count.
PATIENCE = timedelta(hours=72)
#: A text that comes hours late is worse than none: then a person is asked.
PATIENCE_WITH_TEXTS = timedelta(hours=4)


def pause_after(attempt: int, delivery_id: int) -> timedelta:
    """How long after the `attempt`th try the next one comes: doubling, with up to a fifth more or less by its id."""
    nominal = min(FIRST_PAUSE * (1 << min(attempt - 1, 10)), LONGEST_PAUSE)
    digest = hashlib.sha256(f"{delivery_id} {attempt}".encode()).digest()
    share: float = 0.8 + 0.4 * int.from_bytes(digest[:4], "big") / 2**32
    return nominal * share


def gives_up_after(attempt: int, patience: timedelta = PATIENCE) -> bool:
    """Whether the pauses before this try add up to all our patience."""
    waited = sum((min(FIRST_PAUSE * (1 << min(n, 10)), LONGEST_PAUSE) for n in range(attempt - 1)), timedelta())
    return waited >= patience
