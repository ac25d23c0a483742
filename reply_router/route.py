"""Route: one received row goes its way, and ends in exactly one outcome.

take     counts the try and leases the row, before anything of it is looked at.
read     parses, with no transaction open: it is a stranger's text.
prove    asks whether it is from whom its From line names (reply_router/proof), with no transaction open either.
settle   judge, find, file, answer or assign, signal: one transaction, undone whole when anything goes wrong.

A mail is read in a process of its own, within a budget (reply_router/budget). A row whose reader or filing broke three
times is settled without reading: to a person, with the original.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.errors import NotFound, Unavailable, Unread
from engine.base.log import logger
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.conversations.received import Received
from engine.conversations.thread import IN_STORM, Thread
from engine.outbox import probe
from engine.outbox.letter import is_loop_mark
from engine.outbox.notices import Bell
from engine.outbox.post import courtesy
from engine.outbox.receipts import answered
from reply_router.addresses import Signed
from reply_router.budget.readers import readers
from reply_router.calls import DOOR as VOICE
from reply_router.calls import route_call
from reply_router.case import Case, Filed
from reply_router.confirming import ask_first, take_word
from reply_router.content import fingerprint, loop_marks, without_loop_marks
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
from reply_router.reading.text_message import TextMessage, read_message
from reply_router.reading.texts import TextKind, TextWords
from reply_router.reports import file_bounce, file_complaint, what_it_is
from reply_router.rules import judge
from reply_router.sign_ups import file_sign_up_mail
from reply_router.staff import file_staff_mail
from reply_router.taken import MOST_TRIES, Taken, give_back, pause, take
from reply_router.text_route import DOOR, route_text
from reply_router.topics.mail import file_in_topic

_POISON = "It stopped our reader several times. Nothing of it is lost: open the original."

log = logger(__name__)


def route_one(services: Services, received_id: int) -> str | None:
    """The row is settled; its outcome. None when it was settled before, or another worker has it now.

    Raises whatever broke: the row is then still due, and the try is counted.
    """
    office = Office(services.settings, services.tokens)
    taken = take(services, received_id)
    if taken is None:
        return None
    poison = taken.attempt > MOST_TRIES
    try:
        reading = _read(taken, office, poison=poison)
        proof = proof_of(taken, reading, office)
        with services.db.write() as session:
            settled = settle(session, taken, reading, office, services.clock.now(), proof)
        if settled is None:
            return None
        rule = settled.reason.partition(":")[0]
        log.info("routed", row_id=settled.id, outcome=settled.outcome, rule=rule, attempt=settled.attempts)
        return settled.outcome
    except Unavailable:
        # Our own trouble says nothing about the mail.
        give_back(services, taken)
        raise
    except Exception as error:
        if not poison:
            pause(services, taken, error)
            raise
        log.exception("a mail cannot even be filed unread; it stands in the list of what needs a person")
        with services.db.write() as session:
            return last_resort(session, taken, error, services.clock.now())


def _read(taken: Taken, office: Office, *, poison: bool) -> Reading | TextMessage | Call:
    """What was found in the row, or that it is beyond reading."""
    if taken.door == VOICE:
        return read_call(taken.raw) if not poison else Call("", trouble=_POISON)
    return understand(taken, office) if not poison else unread(taken)


def understand(taken: Taken, office: Office) -> Reading | TextMessage:
    """What was found in the mail or text. Raises Unread for a mail beyond its budget, until its last try.

    A text is read here: its door takes 200 kB at most, signed by the provider. Another organization's loop mark is not
    ours, and says nothing of what it is.
    """
    if taken.door == DOOR:
        return read_message(taken.raw)
    marks = loop_marks(taken.raw)
    foreign = bool(marks) and not any(is_loop_mark(office.tokens, each) for each in marks)
    raw = without_loop_marks(taken.raw) if foreign else taken.raw
    try:
        return readers.read(raw, sent=taken.sent, mail_from=taken.mail_from)
    except Unread as trouble:
        if taken.attempt < MOST_TRIES:
            raise
        log.warning("a mail could not be read; a person gets the original", row_id=taken.received_id, says=str(trouble))
        return unread(taken, str(trouble))


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
    if received is None:
        return None
    if isinstance(reading, TextMessage):
        route_text(session, received, reading, office.settings, now)
    elif isinstance(reading, Call):
        route_call(session, received, reading, office.settings, now)
    else:
        route(session, received, reading, taken.raw, office, now, proof)
    return received


def route(
    session: Session,
    received: Received,
    reading: Reading,
    raw: bytes,
    office: Office,
    now: datetime,
    proof: Proof = UNPROVEN,
) -> None:
    """The straight line for one received row that was read: judge, find, file, answer or assign, tell the runner."""
    content = fingerprint(raw)
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
    session.flush()
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
