"""Storm: one sender writes more often than people do. Everything is kept; the conversation is muted, and somebody told.

Muted means that no machine of ours answers there and nobody is notified of each mail; the words stand where they
always would. It ends by itself, with the first words after an hour in which they were not too many.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Index, bindparam, func, select
from sqlalchemy.orm import Mapped, Session

from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.base.log import logger
from engine.conversations.message import LATELY, Message, said_lately
from engine.conversations.thread import IN_STORM, Thread, mark, unmark

#: More than so many messages of one sender within WITHIN are a storm (RELIABILITY 1.2).
MOST = 20
WITHIN = LATELY
#: For how long after its last message a storm is an alarm.
ALARM_FOR = timedelta(days=1)

log = logger(__name__)


class Storm(Base):
    """That somebody wrote more than MOST messages within an hour: since when, and the last of them."""

    __tablename__ = "storm"
    __table_args__ = (Index(None, "last_at"), Index(None, "thread_id", "last_at"))

    id: Mapped[Id]
    created_at: Mapped[datetime]
    thread_id: Mapped[int]
    member_id: Mapped[int | None]
    last_at: Mapped[datetime]
    #: The most messages within one hour.
    most: Mapped[int]


def watch(session: Session, thread: Thread, now: datetime) -> bool:
    """Whether the conversation is muted now, after another message in it; the first beyond MOST raises the alarm.

    A member's messages count in all their conversations together, what machines send in their name too.
    """
    if thread.kind != "person":
        return False  # many people write there, and it has limits of its own
    if thread.member_id is not None and said_lately.is_foreseen(session, thread.member_id):
        many: int | None = said_lately(session, thread.member_id)
    else:
        theirs = thread.member_id is not None
        whose = Message.member_id == thread.member_id if theirs else Message.thread_id == thread.id
        many = session.scalar(
            select(func.count()).where(whose, Message.kind.in_(("in", "machine")), Message.at > now - WITHIN)
        )
    if (many or 0) <= MOST:
        unmark(thread, IN_STORM)
        return False
    mark(thread, IN_STORM)
    storm = session.scalar(
        select(Storm)
        .where(Storm.thread_id == thread.id, Storm.last_at > now - WITHIN)
        .order_by(Storm.id.desc())
        .limit(1)
    )
    if storm is None:
        storm = Storm(id=new_id(), created_at=now, thread_id=thread.id, member_id=thread.member_id, last_at=now, most=0)
        session.add(storm)
        log.warning("somebody writes very often; their conversation is muted", thread_id=thread.id)
    storm.last_at, storm.most = now, max(storm.most, many or 0)
    return True


def foresee_storms(session: Session, member_ids: Collection[int], now: datetime) -> None:
    """How much each of these members wrote within an hour is known."""
    found: dict[int, int] = dict(_LATELY.read(session, member_ids, since=now - WITHIN))
    for member_id in member_ids:
        said_lately.foresee(session, found.get(member_id, 0), member_id)


_LATELY = ManyAsked(
    lambda one_of: (
        select(Message.member_id, func.count())
        .where(one_of(Message.member_id), Message.kind.in_(("in", "machine")), Message.at > bindparam("since"))
        .group_by(Message.member_id)
    )
)


def lately(session: Session, now: datetime) -> list[Storm]:
    """The storms of the last day, the latest first."""
    return list(session.scalars(select(Storm).where(Storm.last_at > now - ALARM_FOR).order_by(Storm.last_at.desc())))
