"""Confirming: what rests on an unproven From line is asked of its member once, by a proven way, and then done (law 9).

`ask_first` keeps it and asks at an address that we know as theirs; `confirm` and `refuse` are their own word, said by
the button of a page or by an answer from their own mail program.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.errors import Invalid, NotFound
from engine.base.log import logger
from engine.base.settings import Settings
from engine.base.tokens import Purpose, TokenRing
from engine.chapters.chapter import Chapter
from engine.conversations.closure import close
from engine.conversations.feed import tell
from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.thread import Thread, unmark
from engine.conversations.topic import is_in
from engine.enrollments.choice import choose_pace, stop_everything
from engine.outbox.leaving import leave_chapter
from engine.outbox.post import consent_mail
from engine.people.address import SOMEBODY_ELSES, Address, add_email, normal_email
from engine.people.consent import Said
from engine.people.member import Member
from engine.people.member_pace import Wish
from engine.people.pending import ONCE_IN, Pending, asked_by, is_open, keep_pending, may_ask, open_pending
from engine.people.pending import Kind as PendingKind
from reply_router.answers.words import listen, offers_of
from reply_router.answers.yes_no import PLAIN
from reply_router.case import Case
from reply_router.filing import ASKS_TO_STOP, Entry
from reply_router.mail_commands import confirm_stop
from reply_router.mail_words import Mail, stored
from reply_router.place import FROM_ANOTHER_ADDRESS, Place
from reply_router.reading import Kind, Reading, Verb
from reply_router.sender import Sender
from templates.web.reader import WORDS

#: The letters that ask: whether they wrote that, and whether an address is theirs.
WAS_IT_YOU, IS_IT_YOURS = "was_it_you", "is_it_yours"
PENDING_KINDS: dict[Verb, PendingKind] = {
    Verb.UNSUBSCRIBE: "stop",
    Verb.LEAVE: "leave",
    Verb.LESS: "less",
    Verb.PAUSE: "pause",
    Verb.MORE: "more",
}
#: What is done once it is confirmed, as Received.effect has it.
EFFECT = {"stop": "opt_out", "leave": "left", "less": "pace", "pause": "pace", "more": "pace", "address": "address"}

log = logger(__name__)


def ask_first(
    session: Session, mail: Mail, entry: Entry, settings: Settings, tokens: TokenRing, now: datetime
) -> Pending | None:
    """What this mail asks without proof is pending, and its member is asked; None: there is nothing to ask."""
    case = mail.case
    what = _asked_in(case, mail.rule.name)
    if what is None or case.place.member is None or entry.thread is None or entry.same_as is not None:
        return None
    member = case.place.member
    kind, given = what
    known = _address_on_file(session, member.id, case.sender.address)
    if known is None:
        return None
    chapter_id = case.chapter.id if kind == "leave" and case.chapter is not None else None
    row = keep_pending(
        session, kind, member.id, stored(given), now, received_id=mail.received.id, thread_id=entry.thread.id,
        chapter_id=chapter_id,
    )  # fmt: skip
    asks = row
    if row is None and kind != "address":
        # It was kept on a day on which they were asked something else.
        asks = open_pending(session, kind, member.id, now, chapter_id=chapter_id)
    if asks is not None and asks.asked_at is None and may_ask(session, known, now):
        _ask(session, asks, member, known, settings, tokens, now)
    return row


def is_asked(
    session: Session, reading: Reading, place: Place, sender: Sender, chapter: Chapter | None, now: datetime
) -> bool:
    """Whether the member in whose name a command came is asked about it now, or was within the last day.

    Else they were asked something else, or nowhere can be asked, and only a person can find out.
    """
    command, member = reading.command, place.member
    if command is None or command.verb not in PENDING_KINDS or member is None:
        return False
    kind = PENDING_KINDS[command.verb]
    chapter_id = chapter.id if kind == "leave" and chapter is not None else None
    same = open_pending(session, kind, member.id, now, chapter_id=chapter_id)
    if same is not None and same.asked_at is not None:
        return same.asked_at > now - ONCE_IN
    known = _address_on_file(session, member.id, sender.address)
    return known is not None and may_ask(session, known, now)


def confirm(session: Session, row: Pending, how: str, now: datetime, *, network_address: str = "") -> bool:
    """It is done, on the member's own word; False when it was over or done before. `how`: the evidence, in words."""
    if not is_open(row, now):
        return False
    row.done_at = now
    member_id = row.member_id
    match row.kind:
        case "stop" | "leave":
            evidence = f"{row.given} ({how})"
            said = Said(
                "reply",
                evidence=evidence,
                address_id=_id_of(session, member_id, row.asked_at_address),
                received_id=row.received_id,
                by_id=member_id,
                network_address=network_address,
            )
            if row.kind == "stop":
                stop_everything(session, member_id, ("email",), said, now)
            elif row.chapter_id is not None and is_in(session, member_id, row.chapter_id):
                leave_chapter(session, member_id, row.chapter_id, "email", said, now)
        case "less" | "pause" | "more":
            choose_pace(session, member_id, Wish(row.kind), now)
        case _:
            add_email(session, member_id, row.given, now)
    record(session, member_id, "confirmed", "member", member_id, now, what=row.kind)
    _shown(session, row, now)
    if row.kind == "stop":
        _close_if_all_is_said(session, row, now)
    return True


def refuse(session: Session, row: Pending, now: datetime) -> bool:
    """It was not them, and nothing was done; False when it was over or done before."""
    if not is_open(row, now):
        return False
    row.refused_at = now
    record(session, row.member_id, "refused", "member", row.member_id, now, what=row.kind)
    _shown(session, row, now)
    return True


def word_on(session: Session, reading: Reading, place: Place, name: str, now: datetime) -> tuple[str, Place]:
    """Their plain "yes" or "no" to what our letter before it asked about, and where it stands: where that was asked.

    "" and the place as it was for anything else.
    """
    if place.delivery is None or place.member is None or reading.kind is not Kind.HUMAN:
        return "", place
    row = asked_by(session, place.delivery.id)
    if row is None or row.member_id != place.member.id or not is_open(row, now):
        return "", place
    heard = listen(reading.text, offers_of([{"name": "yes"}, {"name": "no"}], PLAIN), (name, place.member.name))
    if heard is None or heard.more or reading.attachments:
        return "", place
    thread = session.get(Thread, row.thread_id) if row.thread_id is not None else None
    return heard.name, replace(place, thread=thread) if thread is not None else place


def take_word(session: Session, case: Case, now: datetime) -> str:
    """What they confirmed is done, or refused; its effect."""
    row = asked_by(session, case.place.delivery.id) if case.place.delivery is not None else None
    if row is None:
        return ""
    if case.own_word == "no":
        refuse(session, row, now)
        return ""
    if not confirm(session, row, "They answered our question by mail: yes.", now):
        return ""
    if row.kind == "stop":
        confirm_stop(session, row.asked_at_address, row.member_id, row.received_id or row.id, now)
    return EFFECT[row.kind]


def _asked_in(case: Case, rule: str) -> tuple[PendingKind, str] | None:
    """What the mail asks for its member without proof, and in which words; or the address it came from."""
    command, place = case.reading.command, case.place
    if rule in ("asks_to_stop", "asks_first", "asks_person") and command is not None:
        return PENDING_KINDS[command.verb], command.line
    is_another = place.ours and not place.known and not case.sender.member_ids and not case.proof.failed
    if rule == "token" and is_another and case.reading.kind is Kind.HUMAN and case.sender.address:
        try:
            return "address", normal_email(case.sender.address)
        except Invalid:
            return None
    return None


def _ask(
    session: Session,
    row: Pending,
    member: Member,
    address: str,
    settings: Settings,
    tokens: TokenRing,
    now: datetime,
) -> None:
    token = tokens.sign_link(Purpose.CONFIRM, row.id, member.id, row.until_at)
    chapter = session.get(Chapter, row.chapter_id) if row.chapter_id is not None else None
    what = WORDS.say(member.language, f"confirm.what_{row.kind}", chapter=chapter.name if chapter is not None else "")
    data = {
        "links": {"confirm": f"{settings.doors.public_url.rstrip('/')}/confirm/{token}"},
        "asked": {"what": what, "address": row.given},
    }
    letter = IS_IT_YOURS if row.kind == "address" else WAS_IT_YOU
    try:
        delivery = consent_mail(session, address, member.id, letter, data, now, key=f"pending:{row.id}")
    except NotFound:
        log.warning("the letter that asks a member is not published; a person sees what is pending", row_id=row.id)
        return
    row.asked_at_address, row.asked_at, row.delivery_id = address, now, delivery.id
    session.flush()


def _shown(session: Session, row: Pending, now: datetime) -> None:
    """Whoever has the conversation before them sees what became of it."""
    thread = session.get(Thread, row.thread_id) if row.thread_id is not None else None
    if thread is not None:
        if row.kind == "stop":
            unmark(thread, ASKS_TO_STOP)
        if row.kind == "address" and row.done_at is not None:
            unmark(thread, FROM_ANOTHER_ADDRESS)
        session.flush()
        tell(session, thread, "message", now)


def _close_if_all_is_said(session: Session, row: Pending, now: datetime) -> None:
    """The conversation that a stop opened is over, if nothing but the stop and the word for it stands there since our
    last words; one word more is for a person."""
    thread = session.get(Thread, row.thread_id) if row.thread_id is not None else None
    if thread is None or thread.closure_id is not None:
        return
    ours = select(func.max(Message.id)).where(Message.thread_id == thread.id, Message.kind == "out")
    said = session.execute(
        select(Message.text, Message.received_id, Received.outcome)
        .outerjoin(Received, Received.id == Message.received_id)
        .where(Message.thread_id == thread.id, Message.kind == "in", Message.id > (session.scalar(ours) or 0))
    )
    for text, received_id, outcome in said:
        if received_id == row.received_id and text.strip() in (row.given.strip(), ""):
            continue
        if outcome != "command":
            return
    close(session, thread, None, now, "they asked for no more mail, confirmed it, and said nothing else")


def _address_on_file(session: Session, member_id: int, from_: str) -> str | None:
    """The member's own address to ask at: the one in the From line if it is one of theirs, else their first."""
    theirs = session.scalars(
        select(Address.value)
        .where(
            Address.member_id == member_id,
            Address.kind == "email",
            Address.resting_since.is_(None) | (Address.resting_reason != SOMEBODY_ELSES),
        )
        .order_by(Address.rank, Address.id)
    ).all()
    return from_ if from_ in theirs else next(iter(theirs), None)


def _id_of(session: Session, member_id: int, address: str) -> int | None:
    return session.scalar(
        select(Address.id).where(Address.member_id == member_id, Address.kind == "email", Address.value == address)
    )
