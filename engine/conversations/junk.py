"""Junk: mail of strangers that nobody has to look at, in a lane of its own for sixty days (E15).

Nobody is notified of it and nobody is answered; one press takes it out and to a person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, delete, exists, false, func, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.asking import among
from engine.base.broker import wake_on_commit
from engine.base.db import Base, Id
from engine.base.ids import NODE_BITS, SEQUENCE_BITS
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.scope import Scope

#: How long junk is kept; then its row and its bytes are gone.
KEPT_FOR = timedelta(days=60)
#: Rows of one page of the lane, and of one round of the retention.
PAGE_ROWS, MOST_FORGOTTEN = 50, 500
COUNT_LIMIT = 1000
#: Rows with the same bytes were written in one transaction: their ids lie within this of each other.
_ONE_TRANSACTION = timedelta(minutes=1)


class Junk(Base):
    """One received mail in the lane, with what a person needs to see whether it belongs there."""

    __tablename__ = "junk"
    __table_args__ = (Index(None, "chapter_id", "received_id"), Index(None, "created_at"))

    received_id: Mapped[Id]
    created_at: Mapped[datetime]
    #: The chapter it was written to; None: to the whole organization.
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    from_address: Mapped[str] = mapped_column(String(320), default="")
    from_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(400), default="")
    words: Mapped[str] = mapped_column(String(400), default="")
    why: Mapped[str] = mapped_column(Text, default="")


@dataclass(frozen=True, slots=True)
class JunkPage:
    """Some rows of the lane, newest first, and after which the next page begins."""

    rows: list[Junk]
    after: int | None


def junk_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on Junk that holds for what is in sight: of their chapters, or all."""
    if scope.everything:
        return true()
    return Junk.chapter_id.in_(scope.chapters) if scope.chapters else false()


def junk_count(session: Session, scope: Scope) -> int:
    """How many lie in the lane, counted up to COUNT_LIMIT."""
    some = select(Junk.received_id).where(junk_in(scope)).limit(COUNT_LIMIT).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def junk_page(session: Session, scope: Scope, after: int | None = None) -> JunkPage:
    """A page of the lane."""
    query = select(Junk).where(junk_in(scope)).order_by(Junk.received_id.desc()).limit(PAGE_ROWS + 1)
    if after is not None:
        query = query.where(Junk.received_id < after)
    rows = list(session.scalars(query))
    return JunkPage(rows[:PAGE_ROWS], rows[PAGE_ROWS - 1].received_id if len(rows) > PAGE_ROWS else None)


def rescue(session: Session, scope: Scope, received_id: int, now: datetime) -> bool:
    """It is on its way to a person, as if it came just now; False where it lies there no more, or out of sight."""
    row = session.scalar(select(Junk).where(Junk.received_id == received_id, junk_in(scope)).with_for_update())
    if row is None:
        return False
    received = session.get(Received, received_id, with_for_update=True)
    session.delete(row)
    if received is None or received.outcome != "junk":
        return False
    received.outcome, received.settled_at, received.effect, received.reason = None, None, "", ""
    received.attempts, received.leased_until_at = 0, None
    received.detail = {**received.detail, "rescued": True}
    record(session, scope.member_id, "rescued", "received", received_id, now, chapter_id=row.chapter_id)
    session.flush()
    wake_on_commit(session, "route", received_id)
    return True


def old_junk(session: Session, now: datetime) -> bool:
    """Whether something has lain in the lane for longer than it is kept."""
    return session.scalar(select(Junk.received_id).where(Junk.created_at < now - KEPT_FOR).limit(1)) is not None


def forget_junk(session: Session, now: datetime) -> int:
    """What lay in the lane for sixty days is gone, row and bytes, as far as one round goes; how many."""
    ids = session.scalars(
        select(Junk.received_id).where(Junk.created_at < now - KEPT_FOR).order_by(Junk.created_at).limit(MOST_FORGOTTEN)
    ).all()
    if not ids:
        return 0
    bytes_ids = session.scalars(select(Received.bytes_id).where(Received.id.in_(ids))).all()
    session.execute(delete(Junk).where(Junk.received_id.in_(ids)))
    session.execute(delete(Received).where(Received.id.in_(ids), Received.outcome == "junk"))
    near = int(_ONE_TRANSACTION.total_seconds() * 1000) << (NODE_BITS + SEQUENCE_BITS)
    # The same bytes may have come for somebody else too, where they are no junk.
    others = exists().where(
        Received.id.between(ReceivedBytes.id, ReceivedBytes.id + near), Received.bytes_id == ReceivedBytes.id
    )
    session.execute(
        delete(ReceivedBytes)
        .where(among(session, ReceivedBytes.id, bytes_ids), ~others)
        .execution_options(synchronize_session=False)
    )
    return len(ids)
