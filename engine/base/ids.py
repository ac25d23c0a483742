"""Row ids: 63-bit integers that grow with time, made in Python so that a batch knows its ids before it is written."""

import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Milliseconds of 2020-01-01T00:00:00Z; ids count from here and last until 2089.
EPOCH_MS = 1_577_836_800_000
#: Bits that tell processes apart: two processes collide only in the same millisecond, node and sequence.
NODE_BITS = 10
#: Ids one process can make in one millisecond before it borrows from the next.
SEQUENCE_BITS = 12

_lock = threading.Lock()
_node = secrets.randbits(NODE_BITS)
_last = 0
#: Ids count on from the last one, whatever time it is (`counting_from`).
_counts = False


def _be_another() -> None:
    """A process that was forked off makes ids of its own."""
    global _node
    _node = secrets.randbits(NODE_BITS)


os.register_at_fork(after_in_child=_be_another)


def new_id() -> int:
    """A new id, larger than every id made before it in this process."""
    return new_ids(1)[0]


def new_ids(count: int) -> range:
    """`count` ids in one step, ascending and without gaps between them."""
    global _last
    with _lock:
        stamp = 0 if _counts else (time.time_ns() // 1_000_000 - EPOCH_MS) << (NODE_BITS + SEQUENCE_BITS)
        first = max(_last + 1, 0 if _counts else stamp | (_node << SEQUENCE_BITS))
        _last = first + count - 1
        return range(first, first + count)


def id_at(milliseconds: int) -> int:
    """The smallest id made at that time (milliseconds since 1970): where a time partition begins."""
    return max(0, milliseconds - EPOCH_MS) << (NODE_BITS + SEQUENCE_BITS)


@contextmanager
def counting_from(first: int) -> Iterator[None]:
    """While the block runs ids of this process count up from `first`: a run on a database of its own repeats exactly.

    Only for a process that writes to no other database meanwhile.
    """
    global _last, _counts
    with _lock:
        before, _last, _counts = (_last, _counts), first - 1, True
    try:
        yield
    finally:
        with _lock:
            _last, _counts = before
