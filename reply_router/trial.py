"""Trial: what would become of a mail or text, by the real way and with nothing done.

It is read, judged, filed and assigned as any other, in a transaction that is undone: what comes of it is written down
before that. Nothing is sent, nobody is woken, and no row stays.
"""

from dataclasses import dataclass, field
from typing import Any

from engine.base.ids import new_id
from engine.base.services import Services
from engine.chapters.chapter import Chapter
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.people.member import Member
from reply_router.content import key_of
from reply_router.mail_case import Office
from reply_router.proof.proof import Proof
from reply_router.proof.prove import prove
from reply_router.reading import Reading
from reply_router.reading.text_message import TextMessage
from reply_router.route import settle
from reply_router.taken import MOST_TRIES, Taken, sent_words
from reply_router.text_route import DOOR
from reply_router.understanding import proof_of, understand


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail or text as it would come in, with its envelope. `raw` of a text is its webhook's form."""

    door: str
    raw: bytes
    rcpt_to: str
    #: Empty for the null sender, None when nobody told us.
    mail_from: str | None = None
    #: Where it comes from by its own From line.
    author: str = ""
    peer: str = ""
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of it."""

    outcome: str
    effect: str
    rule: str
    why: str
    #: The conversation its words would stand in; None: in none, or in one that would be opened for them.
    thread_id: int | None
    opens: bool
    #: Its chapter's short name and name, and who would answer; "": the national desk's, nobody.
    chapter: str = ""
    chapter_name: str = ""
    assignee: str = ""
    assignee_id: int | None = None
    #: What its sender is proven by (reply_router.proof); empty: nobody looked.
    proof: dict[str, Any] = field(default_factory=dict)


def taken_of(services: Services, arrived: Arrived) -> Taken:
    """It as a worker has it, at its last try: whatever cannot be read goes to a person."""
    sent = None
    if arrived.door != DOOR:
        with services.db.read() as session:
            sent = sent_words(session, arrived.rcpt_to, services.settings.mail.domain, services.tokens)
    return Taken(new_id(), MOST_TRIES, arrived.raw, arrived.door, arrived.mail_from, sent, arrived.peer)


def _proof(taken: Taken, reading: Reading | TextMessage, office: Office) -> Proof:
    """What its sender would be proven by, asking nobody outside. A file came by nobody: what our mail server stamped on
    it is believed, as if that server had handed it over just now."""
    if isinstance(reading, TextMessage):
        return proof_of(taken, reading, office)
    mail = office.settings.mail.model_copy(update={"check_senders": False})
    door, peer = (taken.door, taken.peer) if taken.peer else ("lmtp", "127.0.0.1")
    return prove(mail, taken.raw, reading, door=door, peer=peer)


def try_out(services: Services, arrived: Arrived) -> tuple[Reading | TextMessage, Trial]:
    """What was read in it, and what would become of it. Raises Unavailable for trouble of our own."""
    office = Office(services.settings, services.tokens)
    taken, now = taken_of(services, arrived), services.clock.now()
    reading = understand(taken, office)
    proof = _proof(taken, reading, office)
    with services.db.undone() as session:
        row = Received(
            id=taken.received_id, created_at=now, door=arrived.door, peer=arrived.peer,
            mail_from=arrived.author if arrived.mail_from is None else arrived.mail_from,
            rcpt_to=arrived.rcpt_to, bytes_id=0, size=len(arrived.raw), sha256=key_of(arrived.raw),
            provider="twilio" if arrived.door == DOOR else "", provider_id=arrived.provider_id, attempts=MOST_TRIES,
        )  # fmt: skip
        session.add(row)
        session.flush()
        settle(session, taken, reading, office, now, proof)
        thread = session.get(Thread, row.thread_id) if row.thread_id is not None else None
        chapter = session.get(Chapter, thread.chapter_id) if thread is not None and thread.chapter_id else None
        person = session.get(Member, thread.responsible_id) if thread is not None and thread.responsible_id else None
    with services.db.read() as session:
        is_there = thread is not None and session.get(Thread, thread.id) is not None
    rule, _, why = row.reason.partition(": ")
    return reading, Trial(
        outcome=row.outcome or "",
        effect=row.effect,
        rule=rule,
        why=why,
        thread_id=thread.id if thread is not None and is_there else None,
        opens=thread is not None and not is_there,
        chapter=chapter.slug if chapter is not None else "",
        chapter_name=chapter.name if chapter is not None else "",
        assignee=person.name if person is not None else "",
        assignee_id=person.id if person is not None else None,
        proof=dict(row.detail.get("proof") or {}),
    )
