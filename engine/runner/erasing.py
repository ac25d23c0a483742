"""Erasing: what we know of a member is gone; a keyed mark of each address stays, so that nobody writes there again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.db import Base
from engine.base.errors import Invalid, NotFound
from engine.chapters.membership import Membership, roles_of
from engine.chapters.topic_choice import TopicDigest
from engine.conversations.closure import Closure
from engine.conversations.draft import Draft
from engine.conversations.junk import Junk
from engine.conversations.message import Message
from engine.conversations.passing import NotePassing
from engine.conversations.picture import ReceivedPicture
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.talk import Talk
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.conversations.voicemail import Voicemail
from engine.outbox import queue
from engine.outbox.alert import Alert
from engine.outbox.delivery import Delivery, PostingKey, Receipt
from engine.outbox.fan_out import FanOutKey
from engine.outbox.line import TextLine
from engine.outbox.relayed_picture import RelayedPicture
from engine.people.address import Address, AddressStrike
from engine.people.consent import EVERYTHING, Consent, ConsentStanding
from engine.people.engagement import Assessment
from engine.people.fresh_code import FreshCode
from engine.people.health import AddressReset
from engine.people.importing.file_import import Origin
from engine.people.link_request import LinkRequest
from engine.people.login import Login, LoginFailure
from engine.people.member import Member, MemberTag
from engine.people.path import StageChange
from engine.people.pending import Pending
from engine.people.sign_up import SignUp
from engine.people.suppression import suppress
from engine.people.text_sign_up import TextSignUp
from engine.people.text_stop import TextStop
from engine.people.wish import Wish
from engine.runner.merging import end_for_erased

ERASED = "Erased, as the member asked."


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took away."""

    addresses: int
    messages: int
    received: int
    journeys: int


@dataclass(frozen=True, slots=True)
class _Traces:
    """Where somebody's words stand."""

    member_id: int
    addresses: tuple[Address, ...]
    threads: tuple[int, ...]
    messages: tuple[int, ...]
    received: tuple[int, ...]
    deliveries: tuple[int, ...]

    @property
    def values(self) -> list[str]:
        """The addresses as they are written."""
        return [each.value for each in self.addresses]


def erase(session: Session, member_id: int, now: datetime, by_id: int | None = None) -> Erased:
    """Name, addresses, words and originals of the member are gone; that they were here, and their stops, stay.

    Raises NotFound, and Invalid for somebody who has a role: others' conversations rest on them.
    """
    member = session.get(Member, member_id)
    if member is None or member.erased_at is not None:
        raise NotFound("There is no such member, or not any more.")
    if roles_of(session, member_id):
        raise Invalid("They have a role here. End it first, so that whoever they answer is handed to somebody else.")
    if session.get_bind().dialect.name == "sqlite":
        # What is deleted is overwritten in the file (sqlite.org/pragma.html#pragma_secure_delete).
        session.execute(text("PRAGMA secure_delete = ON"))
    journeys = end_for_erased(session, member_id, now)
    traces = _traces(session, member)
    # First of all: the ledger lets go only of what a forgotten member said.
    member.erased_at = now
    session.flush()
    _suppress(session, traces, now)
    _outbox(session, traces, now)
    _words(session, traces)
    _originals(session, traces)
    _papers(session, traces, now)
    _person(session, member, traces, now)
    record(session, by_id, "erased", "member", member_id, now)
    return Erased(len(traces.addresses), len(traces.messages), len(traces.received), journeys)


def _traces(session: Session, member: Member) -> _Traces:
    addresses = tuple(session.scalars(select(Address).where(Address.member_id == member.id)))
    alone = _only_theirs(session, addresses)
    threads = tuple(
        session.scalars(select(Thread.id).where(or_(Thread.member_id == member.id, Thread.correspondent.in_(alone))))
    )
    messages = tuple(
        session.scalars(
            select(Message.id).where(
                or_(Message.member_id == member.id, Message.author_id == member.id, Message.thread_id.in_(threads))
            )
        )
    )
    received = tuple(
        session.scalars(
            select(Received.id).where(
                or_(
                    Received.member_id == member.id,
                    Received.thread_id.in_(threads),
                    Received.message_id.in_(messages),
                    func.lower(Received.mail_from).in_(alone),
                )
            )
        )
    )
    relayed = select(FanOutKey.delivery_id).where(FanOutKey.message_id.in_(messages))
    deliveries = tuple(
        session.scalars(
            select(Delivery.id).where(
                or_(
                    Delivery.member_id == member.id,
                    Delivery.thread_id.in_(threads),
                    func.lower(Delivery.to_address).in_(alone),
                    Delivery.id.in_(relayed),
                )
            )
        )
    )
    return _Traces(member.id, addresses, threads, messages, received, deliveries)


def _only_theirs(session: Session, addresses: Sequence[Address]) -> list[str]:
    """Of these addresses those at which nobody else is reached."""
    values = {each.value for each in addresses}
    shared = session.scalars(
        select(Address.value).where(
            Address.value.in_(values), Address.member_id.not_in({each.member_id for each in addresses})
        )
    )
    return sorted(values - set(shared))


def _suppress(session: Session, traces: _Traces, now: datetime) -> None:
    stops = dict(
        session.execute(
            select(ConsentStanding.channel, ConsentStanding.created_at).where(
                ConsentStanding.member_id == traces.member_id,
                ConsentStanding.scope == EVERYTHING,
                ConsentStanding.opted_in.is_(False),
            )
        )
        .tuples()
        .all()
    )
    alone = _only_theirs(session, traces.addresses)
    for each in traces.addresses:
        if each.value in alone:
            if each.kind == "phone":
                suppress(session, "phone", each.value, now, stops.get("sms"))
            else:
                suppress(session, "email", each.value, now, stops.get("email"))


def _outbox(session: Session, traces: _Traces, now: datetime) -> None:
    waiting = list(
        session.scalars(select(Delivery).where(Delivery.id.in_(traces.deliveries), Delivery.state == "queued"))
    )
    for each in waiting:
        each.state, each.state_at, each.refusal = "refused", now, ERASED
    queue.remove(session, waiting)
    session.flush()
    _blank(
        session, Delivery, Delivery.id.in_(traces.deliveries), subject="", text="", data={}, body=None, error_says="",
    )  # fmt: skip
    theirs = or_(Delivery.member_id == traces.member_id, func.lower(Delivery.to_address).in_(traces.values))
    _blank(session, Delivery, theirs, to_address=None)
    _blank(session, Receipt, Receipt.delivery_id.in_(traces.deliveries), says="")
    for value in traces.values:
        session.execute(delete(PostingKey).where(PostingKey.key.contains(value, autoescape=True)))


def _words(session: Session, traces: _Traces) -> None:
    _blank(
        session, Message, Message.id.in_(traces.messages),
        author_name="", subject="", text="", folded=[], attachments=[], internet_message_id="", detail={"erased": True},
    )  # fmt: skip
    _blank(
        session, Thread, Thread.id.in_(traces.threads),
        subject="", correspondent="", correspondent_name="", reason=ERASED, last_words="", detail={}, marks=[],
    )  # fmt: skip
    _blank(session, Closure, Closure.thread_id.in_(traces.threads), why="")
    _blank(session, Draft, Draft.thread_id.in_(traces.threads), text="", argument="")
    session.execute(delete(RelayedPicture).where(RelayedPicture.message_id.in_(traces.messages)))
    session.execute(delete(NotePassing).where(NotePassing.message_id.in_(traces.messages)))


def _originals(session: Session, traces: _Traces) -> None:
    theirs = select(Received.bytes_id).where(Received.id.in_(traces.received))
    others = select(Received.bytes_id).where(Received.id.not_in(traces.received), Received.bytes_id.in_(theirs))
    _blank(
        session, ReceivedBytes, ReceivedBytes.id.in_(theirs) & ReceivedBytes.id.not_in(others),
        body=b"", size=0, sha256=bytes(32),
    )  # fmt: skip
    _blank(
        session, Received, Received.id.in_(traces.received),
        peer="", helo="", mail_from="", sha256=bytes(32), size=0, reason=ERASED, detail={},
    )  # fmt: skip
    _blank(
        session, Junk, Junk.received_id.in_(traces.received) | func.lower(Junk.from_address).in_(traces.values),
        from_address="", from_name="", subject="", words="",
    )  # fmt: skip
    _blank(session, Voicemail, Voicemail.received_id.in_(traces.received), url="", body=None, due_at=None)
    _blank(session, ReceivedPicture, ReceivedPicture.received_id.in_(traces.received), url="", body=None, due_at=None)


def _papers(session: Session, traces: _Traces, now: datetime) -> None:
    member_id = traces.member_id
    _blank(session, Talk, Talk.member_id == member_id, words="")
    _blank(session, Assessment, Assessment.member_id == member_id, note="")
    _blank(session, StageChange, StageChange.member_id == member_id, evidence="")
    _blank(session, Task, Task.member_id == member_id, title=ERASED, script="", outcome="", detail={})
    _blank(
        session, Task, (Task.member_id == member_id) & Task.done_at.is_(None), done_at=now, hand_on_at=None,
        withdrawn="erased",
    )  # fmt: skip
    _blank(session, Consent, Consent.member_id == member_id, address_id=None, evidence="", network_address="")
    for table in (MemberTag, Wish, Origin, Login, TopicDigest, Pending, FreshCode):
        session.execute(delete(table).where(table.member_id == member_id))


def _person(session: Session, member: Member, traces: _Traces, now: datetime) -> None:
    values, ids = traces.values, [each.id for each in traces.addresses]
    alone = _only_theirs(session, traces.addresses)
    session.execute(delete(SignUp).where(or_(SignUp.address.in_(alone), SignUp.member_id == member.id)))
    session.execute(delete(TextSignUp).where(or_(TextSignUp.phone.in_(alone), TextSignUp.member_id == member.id)))
    session.execute(delete(LinkRequest).where(LinkRequest.address.in_(values)))
    session.execute(delete(LoginFailure).where(LoginFailure.account.in_(values)))
    for table in (TextStop, TextLine, Alert):
        session.execute(delete(table).where(table.phone.in_(alone)))
    session.execute(delete(AddressStrike).where(AddressStrike.address_id.in_(ids)))
    session.execute(delete(AddressReset).where(AddressReset.address_id.in_(ids)))
    session.execute(delete(Address).where(Address.id.in_(ids)))
    _blank(session, Membership, (Membership.member_id == member.id) & Membership.left_at.is_(None), left_at=now)
    member.name = member.first_name = member.pronouns = member.postal_code = member.locality = member.region = ""
    member.source, member.zone, member.organizer_id, member.custom, member.languages_spoken = "", None, None, {}, []
    session.flush()


def _blank(session: Session, table: type[Base], where: Any, **values: Any) -> None:
    session.execute(update(table).where(where).values(**values).execution_options(synchronize_session=False))
