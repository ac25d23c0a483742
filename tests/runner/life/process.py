"""Our process in a life: all its work at one moment, in one order, and its death after any statement."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event

from engine.base.services import Services
from engine.base.stored_time import to_microseconds
from engine.enrollments import journey as journey_versions
from engine.enrollments.pause import unjudged
from engine.outbox import queue
from engine.outbox.courier import send_due
from engine.outbox.held import ended_holds, release_held
from engine.outbox.text_courier import send_due_texts
from engine.runner import visited
from engine.runner.overdue import tend_tasks
from engine.runner.pausing import judge
from engine.runner.signals import handle_signals
from engine.runner.tick import NEARLY, tick
from tests.runner.life.outside import Died


class Process:
    """Does what the sweeps of a running process would find."""

    def __init__(self, services: Services, file: Path) -> None:
        self.services = services
        self.glance = sqlite3.connect(file)

    def works(self, dies_after: int | None, batch: int) -> None:
        """Everything due at this moment is done, by as many processes as it takes."""
        if dies_after is not None:
            with suppress(Died), self._dying(dies_after):
                self._work(batch)
            self.begins_again()
        while True:
            try:
                self._work(batch)
                return
            except Died:
                self.begins_again()

    def _work(self, batch: int) -> None:
        """In one order, so that whoever died in it goes on where it was: what pauses kept back, steps, mail, texts."""
        for _ in range(100):
            if not (self._judge() + self._move(batch) + self._release()) and not self._speak():
                if self.any("SELECT 1 FROM task WHERE done_at IS NULL LIMIT 1"):
                    tend_tasks(self.services)
                return
        raise AssertionError("it does not come to rest")

    def _judge(self) -> int:
        if not self.any("SELECT 1 FROM journey_pause WHERE resumed_at IS NOT NULL AND judged_at IS NULL"):
            return 0
        with self.services.db.read() as session:
            over = unjudged(session)
        return sum(1 + judge(self.services.db, each, self.services.clock.now()) for each in over)

    def _move(self, batch: int) -> int:
        heard = self.any("SELECT 1 FROM signal WHERE handled_at IS NULL") and handle_signals(self.services)
        nearly = to_microseconds(self.services.clock.now() + NEARLY)
        return int(heard) + (
            tick(self.services, limit=batch) if self.any("SELECT 1 FROM due WHERE due_at <= ?", nearly) else 0
        )

    def _release(self) -> int:
        if not self.any("SELECT 1 FROM held_delivery WHERE until_at > ?", to_microseconds(self.services.clock.now())):
            return 0
        with self.services.db.write() as session:
            return sum(
                release_held(session, each, self.services.clock.now())
                for each in ended_holds(session, self.services.clock.now())
            )

    def _speak(self) -> int:
        due = "SELECT 1 FROM outbox_due WHERE send_at <= ? AND rank {} 100"
        sent = 0
        if self.any(due.format("<"), to_microseconds(self.services.clock.now())):
            sent += send_due(self.services)
        if self.any(due.format(">="), to_microseconds(self.services.clock.now())):
            sent += send_due_texts(self.services)
        return sent

    def any(self, query: str, *values: object) -> bool:
        """Whether there is such a row: a look that costs nothing, for what our sweeps ask all day."""
        return self.glance.execute(query, values).fetchone() is not None

    @contextmanager
    def _dying(self, after: int) -> Iterator[None]:
        left = after

        def count_down(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Died

        event.listen(self.services.db.engine, "before_cursor_execute", count_down)
        try:
            yield
        finally:
            event.remove(self.services.db.engine, "before_cursor_execute", count_down)

    def begins_again(self) -> None:
        """A process that remembers nothing, on what the database holds."""
        self.services.db.engine.dispose()
        journey_versions._kept.clear()
        visited._restless.clear()
        with self.services.db.write() as session:
            queue.free(session)
