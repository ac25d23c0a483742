"""Route: one received row that was read ends in exactly one outcome, and everything that follows from it is so.

settle   judge, find, file, answer or assign, signal: one transaction, undone whole when anything goes wrong.

What comes before, taking and reading it, is in `routing` and `understanding`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.errors import NotFound
from engine.base.foreseen import flush_soon
from engine.base.log import logger
from engine.base.tokens import Purpose
from engine.conversations.assignment import recount
from engine.conversations.received import Received
from engine.conversations.thread import IN_STORM, Thread
from engine.outbox import probe
from engine.outbox.notices import Bell
from engine.outbox.post import courtesy
from engine.outbox.receipts import answered
from reply_router.addresses import Signed
from reply_router.calls import route_call
from reply_router.case import Case, Filed
from reply_router.confirming import ask_first, take_word
from reply_router.content import file_once, fingerprint
from reply_router.filing import Entry, file_apart, file_beside, file_in_place, file_machine, filed_before
from reply_router.fresh_orders import file_fresh_order
from reply_router.junk_lane import keep_junk
from reply_router.mail_case import Office, case_of
from reply_router.mail_words import Mail
from reply_router.own_rules import sent_there
from reply_router.proof.proof import UNPROVEN, Proof
from reply_router.reading import READING_VERSION, Kind, Reading
from reply_router.reading.call import Call
from reply_router.reading.text_message import TextMessage
from reply_router.reports import file_bounce, file_complaint, what_it_is
from reply_router.rules import judge
from reply_router.sign_ups import file_sign_up_mail
from reply_router.staff import file_staff_mail
from reply_router.taken import Taken
from reply_router.text_route import DOOR, route_text, text_key
from reply_router.topics.mail import file_in_topic

log = logger(__name__)


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
        settle_row(session, received, taken, reading, office, now, proof, fingerprint(taken.raw))
    return received


def settle_row(
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
        case Filed.ORDER:
            return file_fresh_order(session, mail, Bell(office.settings, office.tokens), now)
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
