"""The world: everything the sandbox's doors need, and the clock moved with care."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from admin.sandbox.carrier.carrier import Carrier
from admin.sandbox.cast import Cast
from admin.sandbox.living import Living
from admin.sandbox.store import Store
from engine.base.clock import SandboxClock
from engine.base.errors import HearthlineError, Invalid
from engine.base.log import logger
from engine.base.services import Services

#: How often the people out there look at their mail while nobody moves the clock, in wall seconds.
LOOK_SECONDS = 1.0

log = logger(__name__)


@dataclass
class World:
    """The outside world of one running sandbox."""

    services: Services
    clock: SandboxClock
    store: Store
    living: Living
    cast: Cast
    carrier: Carrier
    _moving: threading.Lock = field(default_factory=threading.Lock)
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def name_of(self, mailbox: str) -> str:
        """The name of whoever owns the mailbox; for somebody who is not of the cast, the mailbox's own word."""
        person = self.cast.by_mailbox(mailbox)
        if person is not None:
            return person.name
        for organizer in self.cast.organizers:
            if organizer.mailbox == mailbox.lower():
                return organizer.name
        return mailbox.partition("@")[0].replace(".", " ").title()

    def move_to(self, moment: datetime) -> None:
        """Everything until then has happened and settled, and the clock goes on from there.

        Raises Invalid for the past.
        """
        with self._moving:
            if moment < self.clock.now():
                raise Invalid("The clock only moves forward: what was said cannot be unsaid.")
            self.clock.hold(self.clock.now())
            try:
                self.living.live(moment)
            finally:
                self.clock.run_from(self.clock.now())

    def start(self) -> None:
        """People out there read and answer as the clock goes on with the wall's."""
        self._thread = threading.Thread(target=self._go_on, name="world", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The world stands still."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _go_on(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            with self._moving:
                try:
                    self.living.go_on()
                except HearthlineError as trouble:
                    log.warning("the sandbox's world waits", says=str(trouble))
                except Exception:
                    log.exception("somebody in the sandbox stumbled; the world goes on")
