"""The sandbox's clock: moved while others work."""

import threading
from datetime import UTC, datetime

from engine.base.clock import SandboxClock
from engine.base.db import Database

FIRST, SECOND = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)


def test_the_clock_is_moved_while_a_job_that_writes_asks_the_time(db: Database) -> None:
    clock = SandboxClock(db)
    clock.hold(FIRST)
    mover = threading.Thread(target=lambda: clock.hold(SECOND), daemon=True)
    asked: list[datetime] = []
    asker = threading.Thread(target=lambda: asked.append(clock.now()), daemon=True)
    with db.write():
        mover.start()
        mover.join(0.3)  # it waits for our transaction by now
        asker.start()
        asker.join(60)
        assert asked == [FIRST]
    mover.join(60)
    assert clock.now() == SECOND
