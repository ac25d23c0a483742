"""The world: everything the sandbox's doors need, and the clock moved with care."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
from engine.runner.scheduler import Scheduler

#: How often the people out there look at their mail while nobody moves the clock, in wall seconds.
LOOK_SECONDS = 1.0
PAST = "The clock only moves forward: what was said cannot be unsaid."

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
    #: Where a move of the clock that is under way will end; None: none is.
    on_the_way_to: datetime | None = None
    _moving: threading.Lock = field(default_factory=threading.Lock)
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _mover: threading.Thread | None = None
    _trouble: HearthlineError | None = None
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

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody out there does anything, and the clock is not moved, until the block ends."""
        with self._moving:
            yield

    def serve(self, services: Services, scheduler: Scheduler) -> None:
        """Hearthline has been started anew, and is this one now."""
        self.services = services
        self.living.serve(services, scheduler)

    def begin_to_move(self, moment: datetime, seconds: float) -> bool:
        """The clock is on its way to `moment`; True when it got there within so many wall seconds.

        Raises Invalid for the past, and whatever went wrong on the way.
        """
        if moment < self.clock.now():
            raise Invalid(PAST)
        with self._asking:
            if self.on_the_way_to is None:
                self.on_the_way_to, self._trouble = moment, None
                self._mover = threading.Thread(target=self._move, args=(moment,), name="time machine", daemon=True)
                self._mover.start()
            mover = self._mover
        if mover is not None:
            mover.join(seconds)
        return self.has_arrived()

    def has_arrived(self) -> bool:
        """Whether nobody is moving the clock. Raises what went wrong with the last move, once."""
        with self._asking:
            trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
        return self.on_the_way_to is None

    def _move(self, moment: datetime) -> None:
        try:
            self.move_to(moment)
        except HearthlineError as trouble:
            self._trouble = trouble
        except Exception:
            log.exception("the clock stopped on its way")
            self._trouble = Invalid("The clock stopped on its way; the log says why. What was lived is kept.")
        finally:
            self.on_the_way_to = None

    def move_to(self, moment: datetime) -> None:
        """Everything until then has happened and settled, and the clock goes on from there.

        Raises Invalid for the past.
        """
        with self._moving:
            if moment < self.clock.now():
                raise Invalid(PAST)
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
