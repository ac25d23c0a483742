"""Allowance: how many connections and how much memory the mail doors give out at once."""

from collections import Counter

from inbound.network import network_of


class Connections:
    """Counts open connections, all together and by network. Used by one event loop only."""

    def __init__(self, *, together: int, per_peer: int) -> None:
        self._together = together
        self._per_peer = per_peer
        self._open: Counter[str] = Counter()

    def enter(self, peer: str) -> bool:
        """True once the connection is counted; False when it is one too many."""
        network = network_of(peer)
        if self._open.total() >= self._together or self._open[network] >= self._per_peer:
            return False
        self._open[network] += 1
        return True

    def leave(self, peer: str) -> None:
        """The connection counts no longer."""
        network = network_of(peer)
        self._open[network] -= 1
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
