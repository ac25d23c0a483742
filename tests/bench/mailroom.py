"""A mailroom: a crowd whose chapters have organizers, letters of theirs that came in, and the naive way to route one.

The naive way is what one would write first: `policy.default` and a library that parts the reply from the quote, then
one row after the other through the ORM in a transaction of its own. It writes the same rows as ours for the same
letter, and judges nothing that is not needed for that: no away notes, no bounces, no answers, no storms, no other ways
to find a conversation than the signed address.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from mailparser_reply import EmailReplyParser
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.settings import Settings
from engine.base.tokens import Purpose, TokenRing
from engine.channels.email import SmtpRelay
from engine.chapters.membership import ANSWERING_ROLES, Membership, Role, give_role
from engine.conversations.assignment import Assignment
from engine.conversations.feed import FeedEntry
from engine.conversations.message import Message
from engine.conversations.received import FiledKey, Received, ReceivedBytes
from engine.conversations.thread import UNTIL_ANSWERED, Thread
from engine.enrollments.signal import Signal
from engine.outbox.delivery import Delivery
from engine.people.address import Address
from engine.people.member import Member, add_member
from inbound.receive import Arrival, keep
from reply_router.content import fingerprint, key_of
from tests.bench.crowd import CHAPTERS, START, Crowd, member_id
from tests.bench.letters import letters
from tests.bench.reading import LANGUAGES, read_naively

DOMAIN = "nfp.example"


def office(crowd: Crowd, folder: Path) -> Services:
    """What routing needs, on the crowd's database. No worker runs."""
    settings = Settings(
        data_dir=folder,
        database_url=crowd.db.url,
        keys=["1:" + "5e" * 32],
        log_level="ERROR",
        organization=Organization(postal_address="12 Porch Lane, Decatur GA 30030"),
        mail=Mail(domain=DOMAIN, host="127.0.0.1", port=1, security="none", check_senders=False),
    )
    tokens = TokenRing(settings.key_ring())
    return Services(settings, SystemClock(), crowd.db, Broker(), tokens, SmtpRelay(settings.mail))


def organizers(crowd: Crowd) -> None:
    """Each chapter of the crowd has somebody who answers, and so has the national desk."""
    with crowd.db.write() as session:
        for chapter in (None, *range(1, CHAPTERS + 1)):
            person = add_member(session, f"Maya {chapter or 'Torres'}", START)
            give_role(session, person.id, chapter, "organizer" if chapter else "staff", START)


def post(services: Services, people: Sequence[int]) -> list[int]:
    """A letter of each of these people (numbers in the crowd) is received; the rows, in their order."""
    with services.db.write() as session:
        kept = keep(session, arrivals(services, people), services.clock.now())
        return [row for accepted in kept for row in accepted.received_ids]


def arrivals(services: Services, people: Sequence[int]) -> list[Arrival]:
    """A letter of each of these people, on its way to the door: the answer to what they got."""
    made = letters(len(people))
    return [_arrival(services, number, raw) for number, raw in zip(people, made, strict=True)]


def _arrival(services: Services, number: int, raw: bytes) -> Arrival:
    # The letters' senders are numbered as they were made; here one of the crowd writes each.
    raw = re.sub(rb"<neighbor\.\d+@", b"<neighbor%d@" % number, raw, count=1)
    bounced = b"multipart/report" in raw
    purpose, letter = (Purpose.RETURN_PATH, "b") if bounced else (Purpose.REPLY_TO_DELIVERY, "r")
    token = services.tokens.sign(purpose, number + 1, member_id(number))
    return Arrival(
        "smtp",
        (f"{letter}-{token}@{DOMAIN}",),
        raw,
        peer="192.0.2.7",
        mail_from="" if bounced else f"neighbor{number}@mail.example",
    )


@contextmanager
def on_one_core() -> Iterator[None]:
    """This thread, and whatever it starts meanwhile, has one core, where the system can hold it there."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Naive:
    """Routes one row after the other, as one would write it first."""

    def __init__(self, services: Services, prove: Callable[[bytes], bool] | None = None) -> None:
        self._services = services
        self._prove = prove
        self._parser = EmailReplyParser(languages=list(LANGUAGES))

    def route(self, received_id: int) -> None:
        """The row stands in a conversation with a person, and its sender's journey heard of it."""
        now = self._services.clock.now()
        with Session(self._services.db.engine) as session:
            received = session.get_one(Received, received_id)
            raw = bytes(session.get_one(ReceivedBytes, received.bytes_id).body)
            if self._prove is not None:
                self._prove(raw)
            subject, reply, attached = read_naively(raw, self._parser)
            local = received.rcpt_to.partition("@")[0]
            token = self._services.tokens.verify(
                local.partition("-")[2], Purpose.REPLY_TO_DELIVERY, Purpose.RETURN_PATH
            )
            key = FiledKey(
                key=key_of("mail", received.rcpt_to, fingerprint(raw)), created_at=now, received_id=received.id
            )
            session.add(key)
            session.flush()
            delivery = session.get_one(Delivery, token.subject_id)
            member = session.get_one(Member, delivery.member_id)
            session.scalars(select(Address).where(Address.member_id == member.id)).all()
            home = session.scalars(select(Membership).where(Membership.member_id == member.id)).first()
            thread = session.scalars(
                select(Thread).where(Thread.member_id == member.id, Thread.closure_id.is_(None))
            ).first()
            if thread is None:
                thread = Thread(
                    id=new_id(),
                    created_at=now,
                    kind="person",
                    subject=subject[:400],
                    member_id=member.id,
                    chapter_id=home.chapter_id if home else None,
                    reason="They answered a letter of ours.",
                    last_at=now,
                    marks=[],
                    detail={},
                )
                session.add(thread)
                session.flush()
            message = Message(
                id=new_id(),
                created_at=now,
                at=received.created_at,
                thread_id=thread.id,
                member_id=member.id,
                kind="in",
                author_id=member.id,
                author_name=member.name,
                subject=subject[:400],
                text=reply,
                folded=[],
                attachments=[{"name": name, "size": size} for name, size in attached],
                received_id=received.id,
                detail={},
            )
            session.add(message)
            session.flush()
            thread.last_in_at = thread.last_at = thread.waits_since = now
            thread.answer_due_at = now + timedelta(hours=48)
            thread.hold_until_at = UNTIL_ANSWERED
            thread.last_words = reply[:200]
            member.last_contact_at = now
            if thread.responsible_id is None:
                load = select(func.count()).where(Thread.responsible_id == Role.member_id, Thread.closure_id.is_(None))
                role = session.scalars(
                    select(Role)
                    .where(Role.chapter_id == thread.chapter_id, Role.role.in_(ANSWERING_ROLES))
                    .order_by(load.scalar_subquery(), Role.created_at)
                ).first()
                if role is not None:
                    row = Assignment(id=new_id(), created_at=now, thread_id=thread.id, member_id=role.member_id, why="")
                    session.add(row)
                    session.flush()
                    thread.assignment_id, thread.responsible_id = row.id, role.member_id
            for what in ("message", "assigned"):
                session.add(FeedEntry(id=new_id(), created_at=now, thread_id=thread.id, what=what))
            session.add(Signal(id=new_id(), created_at=now, kind="replied", member_id=member.id, detail={}))
            received.outcome, received.reason, received.settled_at = "thread", "They answered.", now
            received.thread_id, received.message_id, received.member_id = thread.id, message.id, member.id
            session.commit()
