"""Allowance: how many connections, how much memory, how many messages and how much of the disk the mail doors give out.

Whoever is over an allowance is told to come again, or is answered slowly; never a permanent no (E15).
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from inbound.network import network_of

#: Networks that are told apart within one minute; beyond, they share one count.
_MOST_NETWORKS = 100_000
#: Seconds for which a look at the disk is good.
_LOOK_EVERY = 2.0


class Connections:
    """Counts open connections, all together and by network. Used by one event loop only."""

    def __init__(self, *, together: int, per_peer: int) -> None:
        self._together = together
        self._per_peer = per_peer
        self._open: Counter[str] = Counter()
        self._all = 0

    def enter(self, peer: str) -> bool:
        """True once the connection is counted; False when it is one too many."""
        network = network_of(peer)
        if self._all >= self._together or self._open[network] >= self._per_peer:
            return False
        self._open[network] += 1
        self._all += 1
        return True

    def leave(self, peer: str) -> None:
        """The connection counts no longer."""
        network = network_of(peer)
        self._open[network] -= 1
        self._all -= 1
        if self._open[network] <= 0:
            del self._open[network]


class Memory:
    """Counts the bytes of bodies that are not answered yet, over all connections. Used by one event loop only."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0

    @property
    def is_short(self) -> bool:
        """Whether a further body should not even begin."""
        return self._used >= self._limit

    def take(self, size: int) -> bool:
        """True once `size` bytes are counted; False when there is no room for them."""
        if self._used + size > self._limit:
            return False
        self._used += size
        return True

    def give_back(self, size: int) -> None:
        """`size` bytes count no longer."""
        self._used -= size


class PerMinute:
    """Counts what somebody did within the present minute. Used by one event loop only."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._minute = -1
        self._counts: Counter[str] = Counter()

    def add(self, who: str) -> None:
        """One more."""
        self._turn()
        self._counts[who if who in self._counts or len(self._counts) < _MOST_NETWORKS else ""] += 1

    def is_over(self, who: str) -> bool:
        """Whether they did more in this minute than they may; with a limit of 0 nobody is."""
        self._turn()
        return 0 < self._limit <= self._counts[who]

    def _turn(self) -> None:
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()


class Disk:
    """Whether there is room on the disk that our data is on. Used by one event loop only."""

    def __init__(self, folder: Path, free_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._free_bytes = free_bytes
        self._clock = clock
        self._looked_at = float("-inf")
        self._is_short = False

    @property
    def is_short(self) -> bool:
        """Whether less is free than must stay so; a disk that cannot be asked has room, and the database will tell."""
        now = self._clock()
        if self._free_bytes and now - self._looked_at > _LOOK_EVERY:
            self._looked_at = now
            try:
                self._is_short = shutil.disk_usage(self._folder).free < self._free_bytes
            except OSError:
                self._is_short = False
        return self._is_short
