"""Taken: a received row that is one worker's for a while, with its bytes; every try is counted before it begins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.db import Database
from engine.base.errors import Unavailable, Unread
from engine.base.log import logger
from engine.base.services import Services
from engine.base.stored_time import UTCDateTime
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
    #: Which provider told it, where one did.
    provider: str = ""


def take(services: Services, received_id: int) -> Taken | None:
    """The row is this worker's and the try is counted; None when it is settled or somebody else's."""
    return next(iter(take_group(services, received_id, 1)), None)


def take_group(services: Services, received_id: int, most: int) -> list[Taken]:
    """The row is this worker's, and with it others that are due, in the order in which they came; every try is counted.

    Nothing when the row itself is settled or somebody else's. What was tried before goes by itself: were it to end this
    process, only its own tries would count.
    """
    along = _ALONG.get(services.db)
    if along is not None and received_id in along:
        along.discard(received_id)
        return []
    wall = datetime.now(UTC)
    with services.db.engine.connect() as connection:
        tried = connection.scalar(_TRIED, {"row": received_id, "wall": wall})
    if tried is None:
        return []
    is_one = Received.id == received_id
    wanted = or_(is_one, Received.attempts == 0) if most > 1 and tried == 0 else is_one
    # Whoever is last in a long line waits for those before them, and nobody else for them.
    wanted = and_(wanted, Received.id >= received_id)
    with services.db.write() as session:
        rows = session.execute(
            select(*_TAKEN)
            .where(wanted, *_is_due(wall))
            .order_by(Received.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        ).all()
        if not rows or rows[0].id != received_id:
            return []
        session.execute(
            update(Received)
            .where(among(session, Received.id, [row.id for row in rows]))
            .values(attempts=Received.attempts + 1, leased_until_at=wall + LEASE)
            .execution_options(synchronize_session=False)
        )
    domain, tokens = services.settings.mail.domain, services.tokens
    with services.db.read() as session:
        stored = select(ReceivedBytes.id, ReceivedBytes.body)
        wanted = among(session, ReceivedBytes.id, {row.bytes_id for row in rows})
        bodies = dict(session.execute(stored.where(wanted)).tuples().all())
        mails = {row.id: row.rcpt_to for row in rows if row.door != DOOR}
        sent = sent_words_of(session, mails, domain, tokens)
    return [
        Taken(
            row.id,
            row.attempts + 1,
            bytes(bodies.get(row.bytes_id, b"")),
            row.door,
            row.mail_from,
            sent.get(row.id),
            row.peer,
            row.helo,
            row.provider,
        )
        for row in rows
    ]


def note_settled(services: Services, received_ids: Iterable[int]) -> None:
    """These rows are settled for good: whoever is woken for one of them in this process need not ask for it."""
    along = _ALONG.setdefault(services.db, set())
    if len(along) > _MOST_ALONG:
        along.clear()  # then the database is asked
    along.update(received_ids)


#: Rows that were settled in a group, and whose own wake is still to come: most who are woken come too late.
_ALONG: WeakKeyDictionary[Database, set[int]] = WeakKeyDictionary()
_MOST_ALONG = 10_000

_TAKEN = (
    Received.id, Received.attempts, Received.bytes_id, Received.door, Received.mail_from, Received.rcpt_to,
    Received.peer, Received.helo, Received.provider,
)  # fmt: skip


def _is_due(wall: Any) -> tuple[ColumnElement[bool], ...]:
    return Received.outcome.is_(None), Received.leased_until_at.is_(None) | (Received.leased_until_at <= wall)


_TRIED = select(Received.attempts).where(
    Received.id == bindparam("row"), *_is_due(bindparam("wall", type_=UTCDateTime()))
)


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
    return sent_words_of(session, {0: rcpt_to}, domain, tokens).get(0)


def sent_words_of(session: Session, rcpts: Mapping[int, str], domain: str, tokens: TokenRing) -> dict[int, str]:
    """The same of many, each by whatever names it; whose address names nothing of ours is absent."""
    by_delivery: dict[int, int] = {}
    found: dict[int, str] = {}
    for name, rcpt_to in rcpts.items():
        signed = signed_in(rcpt_to, domain, tokens)
        if not isinstance(signed, Signed):
            continue
        token = signed.token
        if token.purpose is Purpose.REPLY_TO_DELIVERY:
            by_delivery[name] = token.subject_id
        elif token.purpose is Purpose.REPLY_TO_THREAD:
            words = session.scalar(
                _SAID.where(Message.thread_id == token.subject_id)
                .order_by(Message.at.desc(), Message.id.desc())
                .limit(1)
            )
            found |= {name: words} if words is not None else {}
    if by_delivery:
        rows = session.execute(
            _SAID.add_columns(Message.delivery_id)
            .where(among(session, Message.delivery_id, set(by_delivery.values())))
            .order_by(Message.at, Message.id)
        )
        last = {delivery_id: text for text, delivery_id in rows}
        found |= {name: last[each] for name, each in by_delivery.items() if each in last}
    return found


_SAID = select(Message.text).where(Message.kind.in_(("out", "journey")))
