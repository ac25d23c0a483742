"""Fetching: what a text or a call brought with it comes from the provider, is made safe, and is kept beside the words.

The text or call itself was safe before. What is not what it should be, or too large, or never comes, is refused in
words that a person reads in its place; the provider's own trouble is waited for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import Invalid, ProviderAway
from engine.base.log import logger
from engine.base.services import Picture, Services, TextChannel
from engine.conversations.feed import tell
from engine.conversations.message import Message
from engine.conversations.picture import ReceivedPicture
from engine.conversations.thread import Thread
from engine.conversations.voicemail import Voicemail

MOST_BYTES = 10 * 2**20
#: Somebody fetches it until then; after a crash it is fetched again.
LEASE = timedelta(minutes=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
#: With these pauses, about a day.
MOST_TRIES = 30
#: Rows that one sweep wakes.
MOST_ROWS = 200

Row = TypeVar("Row", ReceivedPicture, Voicemail)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Row]):
    """One kind of thing that is fetched."""

    table: type[Row]
    #: The bytes from the provider. Raises Invalid, ProviderAway.
    get: Callable[[TextChannel, str], Picture]
    #: The type and bytes as they are kept. Raises Invalid.
    safe: Callable[[bytes], tuple[str, bytes]]


def fetch(services: Services, kind: Fetched[Row], row_id: int) -> None:
    """It is there, or refused, or waits for its next try."""
    if services.texts is None:
        return
    url = _taken(services, kind.table, row_id)
    if url is None:
        return
    content_type, body, refusal = "", None, ""
    try:
        content_type, body = kind.safe(kind.get(services.texts, url).body)
    except Invalid as error:
        refusal = str(error)
    except ProviderAway as error:
        log.warning(
            "what came with a text or call is not there yet; it is tried again", row_id=row_id, error=str(error)
        )
        _put_off(services, kind.table, row_id)
        return
    with services.db.write() as session:
        row = session.get_one(kind.table, row_id)
        row.due_at, row.refusal = None, refusal[:200]
        row.body = body
        if body is not None:
            row.size, row.content_type = len(body), content_type
        _show(session, row, services)


def due(session: Session, table: type[Row], now: datetime) -> list[int | None]:
    """The ids of what is to be fetched by now."""
    rows = session.scalars(select(table.id).where(table.due_at <= now).order_by(table.due_at).limit(MOST_ROWS))
    return list(rows)


def _taken(services: Services, table: type[Row], row_id: int) -> str | None:
    """Its address, once this worker has it; None when somebody else does, or nothing is to be done."""
    now = services.clock.now()
    with services.db.write() as session:
        row = session.scalar(
            select(table).where(table.id == row_id, table.due_at <= now).with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        if row.attempts >= MOST_TRIES:
            # Whoever tried it last never came back to say so.
            _give_up(session, row, services)
            return None
        row.attempts += 1
        row.due_at = now + LEASE
        return row.url


def _put_off(services: Services, table: type[Row], row_id: int) -> None:
    now = services.clock.now()
    with services.db.write() as session:
        row = session.get_one(table, row_id)
        if row.attempts < MOST_TRIES:
            row.due_at = now + min(FIRST_PAUSE * (1 << min(row.attempts - 1, 10)), LONGEST_PAUSE)
            return
        _give_up(session, row, services)


def _give_up(session: Session, row: ReceivedPicture | Voicemail, services: Services) -> None:
    row.due_at = None
    row.refusal = f"It was tried {row.attempts} times, and the provider did not give it. It may still be there."
    _show(session, row, services)


def _show(session: Session, row: ReceivedPicture | Voicemail, services: Services) -> None:
    """Whoever looks at the conversation just now sees it."""
    message = session.get(Message, row.message_id) if row.message_id is not None else None
    thread = session.get(Thread, message.thread_id) if message is not None and message.thread_id is not None else None
    if thread is not None:
        tell(session, thread, "message", services.clock.now())
