"""Routing: rows that are due are taken, read and settled, many together where they do not need to wait for each other.

take     counts the try and leases the rows, before anything of them is looked at.
read     parses, with no transaction open (reply_router.understanding).
prove    asks whether each is from whom its From line names, with no transaction open either.
settle   all in one transaction; if it breaks, each in its own (reply_router.route).
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.clock import Clock
from engine.base.errors import Unavailable
from engine.base.foreseen import forget_all, is_foreseeing, write_all
from engine.base.log import logger
from engine.base.services import Services
from engine.conversations.received import Received
from reply_router.calls import DOOR as VOICE
from reply_router.content import fingerprint
from reply_router.facts import Come, foresee
from reply_router.mail_case import Office
from reply_router.proof.proof import Proof
from reply_router.reading import Reading
from reply_router.reading.call import Call
from reply_router.reading.events import EVENT
from reply_router.reading.text_message import TextMessage
from reply_router.route import last_resort, settle, settle_row
from reply_router.taken import Taken, give_back, note_settled, pause, take_group
from reply_router.text_route import DOOR
from reply_router.understanding import MOST_SECONDS, is_poison, letters_read, proof_of, read_row

#: Rows that one worker takes and settles together, at most.
MOST_TOGETHER = 128
#: Mails of a group whose senders are asked about at the same time.
MOST_AT_ONCE = 8
#: Rules after which what was foreseen for the mails behind still holds: they open, fill and assign conversations, and
#: change nothing else of what is foreseen.
FORESEEABLE = frozenset(
    """own duplicate bounce machine calendar doubtful_calendar doubtful_bounce unreadable junk broken_address own_rule
    token reference mailbox open chapter anybody""".split()
)

log = logger(__name__)


@dataclass(slots=True)
class Ready:
    """A row that was read and proven, and waits to be settled."""

    taken: Taken
    reading: Reading | TextMessage | Call
    proof: Proof
    fingerprint: bytes
    is_settled: bool = False


def route_one(services: Services, received_id: int) -> str | None:
    """The row is settled; its outcome. None when it was settled before, or another worker has it now.

    Raises whatever broke: the row is then still due, and the try is counted.
    """
    return Routing(services).group(take_group(services, received_id, 1)).get(received_id)


def route_due(services: Services, received_id: int) -> dict[int, str]:
    """The row is settled, and with it others that are due; the outcome of each. Empty as `route_one` is None.

    Raises what broke first, after all others were settled.
    """
    return Routing(services).group(take_group(services, received_id, MOST_TOGETHER))


class Routing:
    """Takes rows that are this worker's to where they belong."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._office = Office(services.settings, services.tokens)
        self._outcomes: dict[int, str] = {}
        self._broke: Exception | None = None

    def group(self, group: Sequence[Taken]) -> dict[int, str]:
        """All of them are settled, in their order, the outcome of each; what broke rests. Raises what broke first."""
        ready = self._ready(group)
        if len(ready) > 1:
            self._together(ready)
        for number, each in enumerate(ready):
            if each.taken.received_id not in self._outcomes and not each.is_settled:
                try:
                    self._alone(each)
                except Unavailable:
                    for other in ready[number + 1 :]:
                        give_back(self._services, other.taken)
                    raise
        if self._broke is not None:
            raise self._broke
        return self._outcomes

    def _ready(self, group: Sequence[Taken]) -> list[Ready]:
        """Those that were read and proven. Hostile mails take long: what is left after that is given back."""
        ready: list[Ready] = []
        began = time.monotonic()
        to_read = [each for each in group if not is_poison(each) and each.door not in (DOOR, VOICE, EVENT)]
        try:
            read = letters_read(to_read, self._office)
        except Unavailable:
            for taken in group:
                give_back(self._services, taken)
            raise
        letters = {each.received_id: one for each, one in zip(to_read, read, strict=False)}
        late = {each.received_id for each in to_read[len(read) :]}

        def look(taken: Taken) -> Ready | Exception | None:
            """What it says and whether it is proven, why not, or None: it is too late for it."""
            if taken.received_id in late or (taken is not group[0] and time.monotonic() - began > 2 * MOST_SECONDS):
                return None
            try:
                reading = read_row(taken, self._office, letters.get(taken.received_id))
                return Ready(taken, reading, proof_of(taken, reading, self._office), fingerprint(taken.raw))
            except Exception as error:
                return error

        # Whether a sender is proven may be asked of name servers far away: not of one after the other.
        asks_far = len(group) > 1 and self._services.settings.mail.check_senders
        with ThreadPoolExecutor(MOST_AT_ONCE) if asks_far else nullcontext() as pool:
            looked = list(pool.map(look, group) if pool is not None else map(look, group))
        away = next((each for each in looked if isinstance(each, Unavailable)), None)
        for taken, found in zip(group, looked, strict=True):
            if found is None or away is not None:  # our own trouble says nothing about the mails
                give_back(self._services, taken)
            elif isinstance(found, Exception):
                self._failed(taken, found)
            else:
                ready.append(found)
        if away is not None:
            raise away
        return ready

    def _together(self, ready: Sequence[Ready]) -> None:
        """All are settled in one transaction, or none: then each goes by itself, and only what breaks it stays."""
        try:
            with self._services.db.write() as session:
                outcomes = _settle_all(session, ready, self._office, self._services.clock)
        except Exception:
            log.warning("mails could not be settled together; each goes by itself", count=len(ready), exc_info=True)
            return
        for each in ready:
            each.is_settled = True
        self._outcomes |= outcomes
        # The first was woken already; of the others each has a wake of its own on its way.
        note_settled(self._services, [each.taken.received_id for each in ready[1:]])
        log.info("routed together", count=len(outcomes), first_id=ready[0].taken.received_id)

    def _alone(self, ready: Ready) -> None:
        taken = ready.taken
        try:
            with self._services.db.write() as session:
                now = self._services.clock.now()
                settled = settle(session, taken, ready.reading, self._office, now, ready.proof)
        except Unavailable:
            give_back(self._services, taken)
            raise
        except Exception as error:
            self._failed(taken, error)
            return
        if settled is not None and settled.outcome is not None:
            rule = settled.reason.partition(":")[0]
            log.info("routed", row_id=settled.id, outcome=settled.outcome, rule=rule, attempt=settled.attempts)
            self._outcomes[settled.id] = settled.outcome

    def _failed(self, taken: Taken, error: Exception) -> None:
        if not is_poison(taken):
            pause(self._services, taken, error)
            self._broke = self._broke or error
            return
        log.error("a mail cannot even be filed unread; it stands in the list of what needs a person", exc_info=error)
        with self._services.db.write() as session:
            outcome = last_resort(session, taken, error, self._services.clock.now())
        self._outcomes[taken.received_id] = outcome


def _settle_all(session: Session, ready: Sequence[Ready], office: Office, clock: Clock) -> dict[int, str]:
    """Those that nobody else settled meanwhile have their outcomes, each as if it came by itself after those before it.

    What a mail asks is known for all of them before (reply_router.facts), and what they write is written together.
    """
    ids = [each.taken.received_id for each in ready]
    rows = {
        row.id: row
        for row in session.scalars(
            select(Received)
            .where(among(session, Received.id, ids), Received.outcome.is_(None))
            .order_by(Received.id)
            .with_for_update()
        )
    }
    outcomes: dict[int, str] = {}
    for number, each in enumerate(ready):
        received = rows.get(each.taken.received_id)
        if received is None:
            continue
        now = clock.now()
        if not is_foreseeing(session):
            mails = _mails(ready[number:], rows)
            if len(mails) > 1:
                foresee(session, mails, office, now)
        settle_row(session, received, each.taken, each.reading, office, now, each.proof, each.fingerprint)
        outcomes[received.id] = received.outcome or ""
        if received.reason.partition(":")[0] not in FORESEEABLE or received.effect not in ("", "answer"):
            forget_all(session)
    write_all(session)
    return outcomes


def _mails(ready: Sequence[Ready], rows: dict[int, Received]) -> list[Come]:
    """The mails until the next text, call or word of a provider."""
    mails = []
    for each in ready:
        if not isinstance(each.reading, Reading) or each.taken.door == EVENT:
            break
        if each.taken.received_id in rows:
            mails.append(Come(rows[each.taken.received_id], each.reading, each.fingerprint))
    return mails
