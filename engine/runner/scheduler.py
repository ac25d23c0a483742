"""The scheduler: wakes every sweep in its turn, in one process at a time.

Intervals are wall time: they say how soon lost work is found again, whatever the sandbox's clock does.
"""

import contextlib
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from secrets import token_hex

from engine.base.clock import SystemClock
from engine.base.errors import Unavailable
from engine.base.lease import release, take
from engine.base.log import logger
from engine.base.metrics import SCHEDULER_LEADS
from engine.base.services import Services
from engine.base.sweep import Sweep

#: How long a scheduler leads after its last sign of life; another takes over then.
LEASE = timedelta(seconds=5)
#: The lease's name.
LEASE_NAME = "scheduler"
#: How often it looks whether a sweep's turn has come.
BEAT_SECONDS = 0.1
#: How often a worker looks for itself while the queue is away.
LOOK_SECONDS = 1.0

log = logger(__name__)


class Scheduler:
    """A thread that finds due work again and again."""

    def __init__(self, services: Services, sweeps: Sequence[Sweep]) -> None:
        self._services = services
        self._sweeps = sweeps
        self._name = token_hex(8)
        self._wall = SystemClock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Sweeps run from now on, while this process holds the lease."""
        self._thread.start()

    def stop(self) -> None:
        """No sweep begins any more, and another process may lead at once."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
            with contextlib.suppress(Unavailable), self._services.db.write() as session:
                release(session, LEASE_NAME, self._name)
        SCHEDULER_LEADS.set(0)

    def sweep_once(self, sweeps: Sequence[Sweep] | None = None) -> int:
        """Every sweep that finds what is due here has looked once, or each of these; how many jobs it woke."""
        woken = 0
        now = self._services.clock.now()
        here = [sweep for sweep in self._sweeps if not sweep.asks_outside]
        with self._services.db.read() as session:
            found = [(sweep.name, sweep.due(session, now)) for sweep in (here if sweeps is None else sweeps)]
        for name, rows in found:
            for row_id in rows:
                self._services.broker.wake(name, row_id)
            woken += len(rows)
        return woken

    def finds_anything(self) -> bool:
        """Whether any sweep of what is due here would find something, all asked at one moment; nothing is woken."""
        now = self._services.clock.now()
        with self._services.db.read() as session:
            return any(sweep.due(session, now) for sweep in self._sweeps if not sweep.asks_outside)

    def _run(self) -> None:
        turn = {sweep.name: 0.0 for sweep in self._sweeps}
        leads_until = 0.0
        while not self._stop.wait(BEAT_SECONDS):
            try:
                if time.monotonic() > leads_until:
                    leads_until = self._lead()
                if time.monotonic() > leads_until:
                    continue
                for sweep in self._sweeps:
                    if time.monotonic() >= turn[sweep.name]:
                        turn[sweep.name] = time.monotonic() + sweep.every.total_seconds()
                        self._look(sweep)
            except Unavailable as trouble:
                log.warning("the scheduler waits for the database", says=str(trouble))
                self._stop.wait(1)
            except Exception:
                log.exception("the scheduler stumbled; it goes on")

    def _look(self, sweep: Sweep) -> None:
        """The sweep has looked; one that goes wrong takes no other's turn away."""
        try:
            self.sweep_once([sweep])
        except Unavailable:
            raise
        except Exception:
            log.exception("a sweep failed; it comes round again", sweep=sweep.name)

    def _lead(self) -> float:
        with self._services.db.write() as session:
            leads = take(session, LEASE_NAME, self._name, self._wall.now(), LEASE)
        SCHEDULER_LEADS.set(leads)
        return time.monotonic() + LEASE.total_seconds() / 3 if leads else 0.0


class Lookout:
    """A worker's own sweeps while the queue is away: slower, and nothing waits for it to come back."""

    def __init__(self, services: Services, sweeps: Sequence[Sweep]) -> None:
        self._services = services
        self._sweeps = sweeps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    def start(self) -> None:
        """Whenever the queue is away, this process finds its work itself."""
        self._thread.start()

    def stop(self) -> None:
        """It looks no more; what it had begun has ended or was given ten seconds."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            if self._services.broker.is_away:
                for sweep in self._sweeps:
                    self._look(sweep)

    def _look(self, sweep: Sweep) -> None:
        try:
            now = self._services.clock.now()
            with self._services.db.read() as session:
                rows = sweep.due(session, now)
            for row_id in rows:
                if not self._stop.is_set():
                    self._services.broker.run_here(sweep.name, row_id)
        except Unavailable as trouble:
            log.warning("the lookout waits for the database", says=str(trouble))
        except Exception:
            log.exception("a sweep failed; it comes round again", sweep=sweep.name)
