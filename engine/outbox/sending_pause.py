"""Sending pause: nothing leaves, by mail or by text, until a person lets it go on; but the receipts of that order.

Couriers look at it when they claim and once more when they are about to call; what was committed to leave before that
is handed over within a courier's BATCH_SECONDS, and nothing begins to leave after them.
"""

from datetime import datetime
from typing import Literal

from sqlalchemy import Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.base.log import logger

#: Signs of the reason that stand with a pause.
LONGEST_WHY = 300

How = Literal["page", "command", "mail", "text"]

log = logger(__name__)


class SendingPause(Base):
    """Since when, by whom and why nothing leaves; open while `ended_at` is None."""

    __tablename__ = "sending_pause"
    __table_args__ = (
        Index(
            "ix_sending_pause_open",
            "created_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: None: whoever keeps the machine, by the command.
    by_id: Mapped[int | None]
    #: How they said it. What waited for a press was said on the page, where it was pressed.
    how: Mapped[str] = mapped_column(String(10))
    why: Mapped[str] = mapped_column(String(LONGEST_WHY))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None]


def open_pause(session: Session) -> SendingPause | None:
    """The pause that holds now, if there is one: the first, should two people have said so at once."""
    query = select(SendingPause).where(SendingPause.ended_at.is_(None)).order_by(SendingPause.created_at)
    return session.scalars(query.limit(1)).first()


def pause_sending(session: Session, by_id: int | None, why: str, how: How, now: datetime) -> bool:
    """Nothing leaves any more once this is committed; False when it was so before."""
    if open_pause(session) is not None:
        return False
    row = SendingPause(id=new_id(), created_at=now, by_id=by_id, how=how, why=" ".join(why.split())[:LONGEST_WHY])
    session.add(row)
    session.flush()
    record(session, by_id, "sending_paused", "sending_pause", row.id, now, how=how)
    log.warning("everything is paused; nothing leaves until a person lets it go on", how=how)
    return True


def resume_sending(session: Session, by_id: int | None, now: datetime) -> bool:
    """Messages leave again, by a person's word; False when nothing was paused."""
    query = select(SendingPause).where(SendingPause.ended_at.is_(None)).order_by(SendingPause.id).with_for_update()
    rows = list(session.scalars(query))
    for row in rows:
        row.ended_at, row.ended_by_id = now, by_id
        record(session, by_id, "sending_resumed", "sending_pause", row.id, now)
    session.flush()
    for job in ("outbox.send", "outbox.text"):
        wake_on_commit(session, job)
    return bool(rows)


def said(row: SendingPause) -> str:
    """The sentence that says why nothing leaves."""
    why = f": {row.why}" if row.why else ""
    return f"Everything is paused since {row.created_at:%d %B %Y at %H:%M} UTC{why.rstrip('.')}."
