"""Taken: a received row that is one worker's for a while, with its bytes; every try is counted before it begins."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.errors import Unavailable, Unread
from engine.base.log import logger
from engine.base.services import Services
from engine.base.tokens import Purpose, TokenRing
from engine.conversations.message import Message
from engine.conversations.received import Received, ReceivedBytes
from reply_router.addresses import Signed, signed_in
from reply_router.text_route import DOOR

#: Tries that are read; a mail that ended its reader each time is settled unread at once, any other by one more.
MOST_TRIES = 3
#: How long a worker has for one row, in wall time: the sandbox's clock may stand still.
LEASE = timedelta(seconds=20)
#: How long a row rests after its first try that broke; after its second twice as long.
PAUSE = timedelta(seconds=2)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is this worker's until its lease ends."""

    received_id: int
    attempt: int
    raw: bytes
    door: str
    #: The envelope's sender; empty for the null one, None when nobody told us.
    mail_from: str | None
    #: The exact words of ours that it probably quotes.
    sent: str | None
    #: Who handed it over: their network address, and what they called themselves.
    peer: str = ""
    helo: str = ""


def take(services: Services, received_id: int) -> Taken | None:
    """The row is this worker's and the try is counted; None when it is settled or somebody else's."""
    wall = datetime.now(UTC)
    with services.db.write() as session:
        row = session.scalar(
            select(Received)
            .where(
                Received.id == received_id,
                Received.outcome.is_(None),
                Received.leased_until_at.is_(None) | (Received.leased_until_at <= wall),
            )
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.attempts += 1
        row.leased_until_at = wall + LEASE
        attempt, bytes_id, door = row.attempts, row.bytes_id, row.door
        mail_from, rcpt_to, peer, helo = row.mail_from, row.rcpt_to, row.peer, row.helo
    with services.db.read() as session:
        raw = session.scalar(select(ReceivedBytes.body).where(ReceivedBytes.id == bytes_id)) or b""
        sent = None
        if door != DOOR:
            sent = sent_words(session, rcpt_to, services.settings.mail.domain, services.tokens)
    return Taken(received_id, attempt, bytes(raw), door, mail_from, sent, peer, helo)


def give_back(services: Services, taken: Taken) -> None:
    """The try does not count, as far as the database can be reached at all."""
    try:
        with services.db.write() as session:
            session.execute(
                update(Received)
                .where(Received.id == taken.received_id, Received.outcome.is_(None), Received.attempts > 0)
                .values(attempts=Received.attempts - 1, leased_until_at=None)
            )
    except Unavailable:
        log.warning("the database is away; the row is taken up again when its lease ends", row_id=taken.received_id)


def pause(services: Services, taken: Taken, error: Exception) -> None:
    """The row is tried again soon, and not at once; what broke stands in it."""
    with services.db.write() as session:
        row = session.scalar(
            select(Received).where(Received.id == taken.received_id, Received.outcome.is_(None)).with_for_update()
        )
        if row is not None:
            row.leased_until_at = datetime.now(UTC) + PAUSE * taken.attempt
            broke = str(error) if isinstance(error, Unread) else type(error).__name__
            row.detail = {**row.detail, "broke": [*row.detail.get("broke", ()), broke]}


def sent_words(session: Session, rcpt_to: str, domain: str, tokens: TokenRing) -> str | None:
    """The words that the address was given out with."""
    signed = signed_in(rcpt_to, domain, tokens)
    if not isinstance(signed, Signed):
        return None
    token = signed.token
    match token.purpose:
        case Purpose.REPLY_TO_DELIVERY:
            ours = Message.delivery_id == token.subject_id
        case Purpose.REPLY_TO_THREAD:
            ours = Message.thread_id == token.subject_id
        case _:
            return None
    return session.scalar(
        select(Message.text)
        .where(ours, Message.kind.in_(("out", "journey")))
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(1)
    )
