"""Route: one received row goes its way, and ends in exactly one outcome.

take     counts the try and leases the row, before anything of it is looked at.
read     parses, with no transaction open: it is a stranger's text.
prove    asks whether it is from whom its From line names (reply_router/proof), with no transaction open either.
settle   judge, find, file, answer or assign, signal: one transaction, undone whole when anything goes wrong.

A mail is read in a process of its own, within a budget (reply_router/budget). A row whose reader or filing broke three
times is settled without reading: to a person, with the original.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.clock import Clock
from engine.base.db import among
from engine.base.errors import NotFound, Unavailable, Unread
from engine.base.foreseen import flush_soon, forget_all, is_foreseeing, write_all
from engine.base.log import logger
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.conversations.assignment import recount
from engine.conversations.received import Received
from engine.conversations.thread import IN_STORM, Thread
from engine.outbox import probe
from engine.outbox.letter import is_loop_mark
from engine.outbox.notices import Bell
from engine.outbox.post import courtesy
from engine.outbox.receipts import answered
from reply_router.addresses import Signed
from reply_router.budget.readers import Letter, readers
from reply_router.calls import DOOR as VOICE
from reply_router.calls import route_call
from reply_router.case import Case, Filed
from reply_router.confirming import ask_first, take_word
from reply_router.content import file_once, fingerprint, loop_marks, without_loop_marks
from reply_router.facts import Come, foresee
from reply_router.filing import (
    Entry,
    Mail,
    file_apart,
    file_beside,
    file_in_place,
    file_machine,
    filed_before,
)
from reply_router.junk_lane import keep_junk
from reply_router.mail_case import Office, case_of
from reply_router.own_rules import sent_there
from reply_router.proof.proof import SIGNED_TEXT, UNPROVEN, Proof
from reply_router.proof.prove import prove
from reply_router.reading import READING_VERSION, Kind, Reading
from reply_router.reading.call import Call, read_call
from reply_router.reading.events import EVENT, NAMES, read_event
from reply_router.reading.text_message import TextMessage, read_message
from reply_router.reading.texts import TextKind, TextWords
from reply_router.reports import file_bounce, file_complaint, what_it_is
from reply_router.rules import judge
from reply_router.sign_ups import file_sign_up_mail
from reply_router.staff import file_staff_mail
from reply_router.taken import MOST_TRIES, Taken, give_back, note_settled, pause, take_group
from reply_router.text_route import DOOR, route_text, text_key
from reply_router.topics.mail import file_in_topic

_POISON = "It stopped our reader several times. Nothing of it is lost: open the original."

#: Rows that one worker takes and settles together, at most.
MOST_TOGETHER = 128
#: Seconds after which what is still unread of a group is given back: a lease lasts four times as long.
MOST_SECONDS = 5.0
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
        to_read = [each for each in group if not _is_poison(each) and each.door not in (DOOR, VOICE, EVENT)]
        try:
            read = readers.read_in_turn([_letter(each, self._office) for each in to_read], MOST_SECONDS)
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
                reading = _read(taken, self._office, letters.get(taken.received_id))
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
        if not _is_poison(taken):
            pause(self._services, taken, error)
            self._broke = self._broke or error
            return
        log.error("a mail cannot even be filed unread; it stands in the list of what needs a person", exc_info=error)
        with self._services.db.write() as session:
            outcome = last_resort(session, taken, error, self._services.clock.now())
        self._outcomes[taken.received_id] = outcome


def _is_poison(taken: Taken) -> bool:
    """Whether it broke so often that nobody reads it any more."""
    return taken.attempt > MOST_TRIES


def _read(taken: Taken, office: Office, letter: Reading | Unread | None) -> Reading | TextMessage | Call:
    """What was found in the row, or that it is beyond reading. `letter`: what was read in it, if it is a mail."""
    if taken.door == VOICE:
        return read_call(taken.raw) if not _is_poison(taken) else Call("", trouble=_POISON)
    return understand(taken, office, letter) if not _is_poison(taken) else unread(taken)


def understand(taken: Taken, office: Office, letter: Reading | Unread | None = None) -> Reading | TextMessage:
    """What was found in the mail or text. Raises Unread for a mail beyond its budget, until its last try.

    A text is read here, and what a provider tells of our mail: their doors take little, and what is proven theirs.
    `letter`: what was read in the mail already.
    """
    if taken.door == DOOR:
        return read_message(taken.raw)
    if taken.door == EVENT:
        event = read_event(taken.provider, taken.raw)
        return event.as_reading(NAMES[taken.provider]) if event is not None else Reading(Kind.UNREADABLE)
    if letter is None:
        (letter,) = readers.read_in_turn([_letter(taken, office)], MOST_SECONDS)
    if not isinstance(letter, Unread):
        return letter
    if taken.attempt < MOST_TRIES:
        raise letter
    log.warning("a mail could not be read; a person gets the original", row_id=taken.received_id, says=str(letter))
    return unread(taken, str(letter))


def _letter(taken: Taken, office: Office) -> Letter:
    """What the reader gets. Another organization's loop mark is not ours, and says nothing of what it is."""
    marks = loop_marks(taken.raw)
    foreign = bool(marks) and not any(is_loop_mark(office.tokens, each) for each in marks)
    raw = without_loop_marks(taken.raw) if foreign else taken.raw
    return Letter(raw, taken.sent, taken.mail_from)


def unread(taken: Taken, why: str = "") -> Reading | TextMessage:
    """What a person gets of a mail or text that could not be read: the original, and what the header's first lines say,
    if at least these can be read."""
    if taken.door == DOOR:
        return TextMessage("", "", "", "", TextWords(TextKind.HUMAN), trouble=_POISON)
    try:
        reading = readers.glance(taken.raw)
    except Unread:
        reading = Reading(Kind.UNREADABLE)
    return replace(reading, why=(_POISON,), trouble=(why,) if why else ())


def proof_of(taken: Taken, reading: Reading | TextMessage | Call, office: Office) -> Proof:
    """Whether it is from whom it says. What the provider of texts signed is: its door takes nothing else."""
    if isinstance(reading, TextMessage | Call):
        return SIGNED_TEXT
    mail = office.settings.mail
    if office.settings.sandbox.enabled and not mail.asks_this_machine:
        mail = mail.model_copy(update={"check_senders": False})
    return prove(
        mail, taken.raw, reading, door=taken.door, peer=taken.peer, helo=taken.helo, mail_from=taken.mail_from or ""
    )


def settle(
    session: Session,
    taken: Taken,
    reading: Reading | TextMessage | Call,
    office: Office,
    now: datetime,
    proof: Proof = UNPROVEN,
) -> Received | None:
    """The row has its one outcome and everything that follows from it; None when somebody else settled it meanwhile."""
    received = session.scalar(
        select(Received).where(Received.id == taken.received_id, Received.outcome.is_(None)).with_for_update()
    )
    if received is not None:
        _settle_row(session, received, taken, reading, office, now, proof, fingerprint(taken.raw))
    return received


def _settle_row(
    session: Session,
    received: Received,
    taken: Taken,
    reading: Reading | TextMessage | Call,
    office: Office,
    now: datetime,
    proof: Proof,
    content: bytes,
) -> None:
    if isinstance(reading, TextMessage):
        route_text(session, received, reading, office.settings, now)
    elif isinstance(reading, Call):
        route_call(session, received, reading, office.settings, now)
    else:
        route(session, received, reading, taken.raw, office, now, proof, content)


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
        _settle_row(session, received, each.taken, each.reading, office, now, each.proof, each.fingerprint)
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


def route(
    session: Session,
    received: Received,
    reading: Reading,
    raw: bytes,
    office: Office,
    now: datetime,
    proof: Proof,
    content: bytes,
) -> None:
    """The straight line for one received row that was read: judge, find, file, answer or assign, tell the runner."""
    case = case_of(session, received, reading, raw, content, office, now, proof)
    received.detail = {**received.detail, "proof": proof.kept}
    rule, sentence = judge(case)
    hours = office.settings.conversations.answer_within_hours
    mail = Mail(received, case, rule, sentence, content, timedelta(hours=hours))
    entry = _file(session, mail, office, now)
    if isinstance(case.aim, Signed) and case.aim.token.purpose is Purpose.REPLY_TO_DELIVERY:
        answered(session, case.aim.token.subject_id, now)
    received.outcome = rule.outcome
    received.reason = f"{rule.name}: {sentence}"
    received.duplicate_of = case.duplicate_of
    if entry.same_as is not None:
        received.outcome, received.duplicate_of = "duplicate", entry.same_as
        received.reason = "duplicate: The same mail stands in this conversation already, by another of our addresses."
    if rule.name == "own_word":
        entry = replace(entry, effect=take_word(session, case, now))
    pending = ask_first(session, mail, entry, office.settings, office.tokens, now)
    received.effect = entry.effect or ("pending" if pending is not None else "")
    if rule.name == "probe" and isinstance(case.aim, Signed):
        returned = reading.kind is Kind.BOUNCE
        probe.came(session, case.aim.token.subject_id, received.created_at, returned=returned)
    received.thread_id = entry.thread.id if entry.thread is not None else None
    received.message_id = entry.message.id if entry.message is not None else None
    received.member_id = entry.member_id
    received.reading_version = reading.version
    received.settled_at, received.leased_until_at = now, None
    if rule.name == "junk":
        keep_junk(session, mail, now)
    recount(session, entry.thread)
    flush_soon(session)
    if rule.name in ("broken_address", "anybody") and entry.thread is not None and entry.same_as is None:
        _thank(session, mail, entry.thread, now)


def last_resort(session: Session, taken: Taken, error: Exception, now: datetime) -> str:
    """The row is settled by itself, with nothing filed: a person opens the original from the list."""
    session.execute(
        update(Received)
        .where(Received.id == taken.received_id, Received.outcome.is_(None))
        .values(
            outcome="needs_person",
            reason=f"broken: It could not be filed ({type(error).__name__}). Nothing of it is lost: open the original.",
            settled_at=now,
            leased_until_at=None,
            reading_version=READING_VERSION,
        )
    )
    row = session.get(Received, taken.received_id) if taken.door == DOOR else None
    if row is not None and row.provider_id:
        # It is here, in whatever state: the look at the provider's list takes in no second one.
        file_once(session, text_key(row.provider, row.provider_id), row.id, now)
    return "needs_person"


def _file(session: Session, mail: Mail, office: Office, now: datetime) -> Entry:
    case = mail.case
    match mail.rule.filed:
        case Filed.NOWHERE:
            return filed_before(session, case.duplicate_of)
        case Filed.MACHINE if mail.rule.outcome == "bounce":
            return file_bounce(session, mail, now)
        case Filed.MACHINE if mail.rule.outcome == "complaint":
            return file_complaint(session, mail, now)
        case Filed.MACHINE:
            return file_machine(session, mail, now, member_id=_whose_machine(case), what=what_it_is(case))
        case Filed.PLACE:
            return file_in_place(session, mail, now)
        case Filed.SIGN_UP:
            return file_sign_up_mail(session, mail, office.settings, now)
        case Filed.BESIDE:
            return file_beside(session, mail, now)
        case Filed.CHOSEN if case.chosen is not None:
            there = replace(case, place=sent_there(case.place, case.chosen))
            return file_in_place(session, replace(mail, case=there), now)
        case Filed.CHOSEN:
            raise ValueError("no rule chose anything")
        case Filed.APART:
            return file_apart(session, mail, now)
        case Filed.STAFF:
            return file_staff_mail(session, mail, Bell(office.settings, office.tokens), now)
        case Filed.TOPIC:
            return file_in_topic(session, mail, now)
        case _:
            assert_never(mail.rule.filed)


def _whose_machine(case: Case) -> int | None:
    """In whose timeline a machine's mail stands: an organizer's away note answers our notice, not the member."""
    if case.purpose is Purpose.STAFF_REPLY and isinstance(case.aim, Signed):
        return case.aim.token.member_id
    return case.place.member.id if case.place.member is not None else None


def _thank(session: Session, mail: Mail, thread: Thread, now: datetime) -> None:
    """Whoever's mail found no place hears that it arrived: once a day, never a machine, and nobody whose name somebody
    else may have borrowed (RFC 3834 section 2)."""
    sender = mail.case.sender
    if not mail.case.proof.proven or mail.reading.kind is not Kind.HUMAN or IN_STORM in thread.marks:
        return
    member_id = next(iter(sender.member_ids), None)
    try:
        courtesy(session, sender.address, member_id, thread, now, key=f"received:{mail.received.id}")
    except NotFound:
        log.warning("the letter that says we got it is not published; nothing is lost", row_id=mail.received.id)
