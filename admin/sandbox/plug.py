"""The plug: it is pulled for real while forty people write, and afterwards the database is asked what became of them.

For that time all of Hearthline runs as a process of its own, and this one, which plays the outside world, stays up: it
kills the other (SIGKILL: nothing can be finished or tidied), starts it again, and its forty senders do what mail
servers do, which is to try again until somebody has said yes.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.sandbox.cast import read
from admin.sandbox.fleet import Fleet
from admin.sandbox.pen import Writer, bare_address, open_letter, reply_subject, write
from admin.sandbox.store import Letter
from admin.sandbox.world import World
from engine.base.errors import HearthlineError
from engine.base.log import logger
from engine.conversations.message import Message
from engine.conversations.received import Received

SENDERS = 40
#: So many had heard a yes when the plug is pulled: some mails are safe then, some on their way, some not begun.
PULLED_AFTER = 14
#: Wall seconds from one sender's beginning to the next one's.
APART = 0.05
#: Wall seconds within which everything has been taken in and found its place.
PATIENCE = 90.0
#: Where the outside world remembers how it went.
FACT = "tour plug"

log = logger(__name__)


class Hands(Protocol):
    """What it takes to run Hearthline in a process of its own, and here again."""

    def apart(self) -> Fleet:
        """Hearthline runs in a process of its own, behind the same doors."""
        ...

    def together(self, fleet: Fleet) -> None:
        """It runs as it did before."""
        ...


@dataclass(frozen=True, slots=True)
class Pulled:
    """How far it has come, and what the database said at the end."""

    senders: int = 0
    accepted: int = 0
    #: The process that was killed, and how many had heard a yes by then.
    process: int | None = None
    accepted_before: int = 0
    seconds_away: float | None = None
    #: Out of the database: mails received, standing in conversations, nowhere, and standing there more than once.
    received: int | None = None
    in_threads: int = 0
    lost: int = 0
    doubled: int = 0
    #: Mails that came a second time, because the yes had died with the process, and were recognized.
    recognized: int = 0
    trouble: str = ""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.received is not None or bool(self.trouble)


@dataclass
class Plug:
    """One plug, pulled as often as somebody likes, once at a time."""

    world: World
    hands: Hands
    _now: Pulled | None = None
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pull(self) -> None:
        """Forty people begin to write, and the plug will be pulled. Already under way, nothing more happens."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._now = Pulled()
            self._thread = threading.Thread(target=self._go, name="plug", daemon=True)
            self._thread.start()

    def how(self) -> Pulled | None:
        """How it goes, or went the last time; None: it was never pulled."""
        if self._now is not None:
            return self._now
        known = self.world.store.fact(FACT)
        return Pulled(**json.loads(known)) if known else None

    def stop(self) -> None:
        """What was begun is over."""
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _tell(self, **news: object) -> None:
        with self._lock:
            self._now = replace(self._now or Pulled(), **news)  # type: ignore[arg-type]

    def _go(self) -> None:
        try:
            with self.world.still():
                self._pull()
        except HearthlineError as trouble:
            self._tell(trouble=str(trouble))
        except Exception as trouble:
            log.exception("the plug could not be pulled to the end")
            self._tell(trouble=f"It broke off: {type(trouble).__name__}. Nothing that was received is lost.")
        how = self.how()
        if how is not None:
            self.world.store.note(FACT, json.dumps(asdict(how)))

    def _pull(self) -> None:
        letters = self._letters()
        if not letters:
            self._tell(trouble="Nobody here has a letter to answer yet. Move the clock on by a day, and pull again.")
            return
        round_number = int(self.world.store.fact("plug round") or 0) + 1
        self.world.store.note("plug round", str(round_number))
        mails = [self._mail(letters[n % len(letters)], n, round_number) for n in range(SENDERS)]
        fleet = self.hands.apart()
        try:
            books = self._kill_while_they_write(fleet, mails)
        finally:
            self.hands.together(fleet)
        self._tell(**books)

    def _kill_while_they_write(self, fleet: Fleet, mails: Sequence[tuple[bytes, str, str, str]]) -> dict[str, int]:
        """What the database says when all of them have heard a yes and everything has its place."""
        self._tell(senders=len(mails))
        for number, mail in enumerate(mails):
            threading.Thread(target=self._send, args=(number, *mail), daemon=True).start()
        _wait(lambda: self._accepted() >= PULLED_AFTER)
        began = time.monotonic()
        killed = [fleet.kill(role) for role in fleet.roles]
        self._tell(process=killed[0], accepted_before=self._accepted())
        for role in fleet.roles:
            fleet.begin(role)
        fleet.wait_for(*fleet.roles)
        self._tell(seconds_away=round(time.monotonic() - began, 1))
        _wait(lambda: self._accepted() == len(mails) and self._settled(fleet))
        with fleet.services.db.read() as session:
            return _books(session, [name for _, _, name, _ in mails])

    def _accepted(self) -> int:
        return self._now.accepted if self._now is not None else 0

    def _letters(self) -> list[Letter]:
        """The last letter of everybody whose mailbox works: what forty people answer, the crowd first."""
        store, cast = self.world.store, self.world.cast
        found = [(cast.by_mailbox(letter.mailbox), letter) for letter in store.last_letters()]
        known = [(person, letter) for person, letter in found if person is not None and not person.gone]
        return [letter for _, letter in sorted(known, key=lambda each: (each[0].by_hand, each[1].id))][:SENDERS]

    def _mail(self, letter: Letter, number: int, round_number: int) -> tuple[bytes, str, str, str]:
        """The mail, its writer's mailbox, its Message-ID, and where it goes."""
        seen, lines = open_letter(letter), read("crowd")["forty"]
        message = write(
            Writer(self.world.name_of(letter.mailbox), letter.mailbox),
            bare_address(seen.reply_to),
            reply_subject(seen.subject),
            lines[number % len(lines)],
            self.world.clock.now() + timedelta(seconds=number),
            f"plug {round_number} {number}",
            answering=seen,
            answered_at=letter.at,
        )
        return message.as_bytes(), letter.mailbox, str(message["Message-ID"]), str(message["To"])

    def _send(self, number: int, raw: bytes, mailbox: str, name: str, to: str) -> None:
        """One sender: it tries until it has heard a yes."""
        time.sleep(APART * number)
        try:
            self.world.living.send(raw, mailbox, to, name)
        except Exception as trouble:
            log.warning("a sender gave up", says=f"{type(trouble).__name__}: {trouble}")
            return
        with self._lock:
            self._now = replace(self._now or Pulled(), accepted=self._accepted() + 1)

    @staticmethod
    def _settled(fleet: Fleet) -> bool:
        with fleet.services.db.read() as session:
            return not session.scalar(select(func.count()).select_from(Received).where(Received.outcome.is_(None)))


def _books(session: Session, names: Sequence[str]) -> dict[str, int]:
    """What the database says of these mails, by their Message-IDs."""
    rows = session.execute(
        select(Message.internet_message_id, Message.received_id, func.count())
        .where(Message.internet_message_id.in_(names), Message.kind == "in", Message.thread_id.is_not(None))
        .group_by(Message.internet_message_id, Message.received_id)
    ).all()
    standing = {name for name, _, _ in rows}
    first = [received_id for _, received_id, _ in rows]
    received = session.scalar(select(func.count()).select_from(Received).where(Received.id.in_(first))) or 0
    again = session.scalar(select(func.count()).select_from(Received).where(Received.duplicate_of.in_(first))) or 0
    return {
        "received": received,
        "in_threads": len(standing),
        "lost": len(set(names) - standing),
        "doubled": sum(count for _, _, count in rows) - len(standing),
        "recognized": again,
    }


def _wait(so: Callable[[], bool]) -> None:
    """It is so. Raises HearthlineError when it does not become so in time."""
    until = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > until:
            raise HearthlineError(
                f"It took longer than {PATIENCE:.0f} seconds and was left at that. Nothing that was received is lost: "
                "`hearthline doctor` shows where everything is."
            )
        time.sleep(0.01)
