"""Presence: a worker's sign of life in the database, so that whoever looks knows whether anybody works."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine.base.errors import Unavailable
from engine.base.lease import Lease, release, take
from engine.base.log import logger
from engine.base.services import Services

#: A worker that gave no sign for so long is not there.
WITHIN = timedelta(seconds=20)
EVERY_SECONDS = 5.0
#: Of workers that died nothing is kept for longer.
FORGOTTEN_AFTER = timedelta(days=1)
_PREFIX = "worker "

log = logger(__name__)


class Presence:
    """A thread that says every few seconds that this worker is there. In wall time, whatever the sandbox's clock."""

    def __init__(self, services: Services) -> None:
        self._db = services.db
        self._name = f"{_PREFIX}{token_hex(8)}"
        self._host = socket.gethostname()[:60]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """The worker is seen from now on."""
        self._thread.start()

    def stop(self) -> None:
        """It is seen no more, at once."""
        self._stop.set()
        self._thread.join(timeout=5)
        try:
            with self._db.write() as session:
                release(session, self._name, self._host)
        except Unavailable:
            pass  # it is forgotten by itself

    def _run(self) -> None:
        while True:
            try:
                now = datetime.now(UTC)
                with self._db.write() as session:
                    take(session, self._name, self._host, now, WITHIN)
                    session.execute(
                        delete(Lease).where(Lease.name.startswith(_PREFIX), Lease.until_at < now - FORGOTTEN_AFTER)
                    )
            except Unavailable:
                pass  # others say so; this one is seen again when the database is
            except Exception:
                log.exception("a worker could not say that it is there; it works on")
            if self._stop.wait(EVERY_SECONDS):
                return


def workers_seen(session: Session) -> int:
    """How many workers gave a sign of life lately."""
    now = datetime.now(UTC)
    return session.scalar(select(func.count()).where(Lease.name.startswith(_PREFIX), Lease.until_at > now)) or 0
