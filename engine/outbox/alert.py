"""Alert: a text that told an organizer of waiting words. While it is open, their text is for that conversation."""

from datetime import datetime, timedelta

from sqlalchemy import Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from templates.segments import plain_signs

#: So long an alert can be answered by text, and its link opens the conversation.
OPEN_FOR = timedelta(hours=12)
MOST_A_DAY = 3
#: Signs of somebody's words in a text to whoever answers them.
MOST_SIGNS = 80
#: How the provider's name of a messaging service begins: nobody knows which of its numbers a text leaves by.
_SERVICE = "MG"


class Alert(Base):
    """One text to one organizer's phone about one conversation."""

    __tablename__ = "alert"
    __table_args__ = (Index(None, "phone", "until_at"), Index(None, "member_id", "created_at"))

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int]
    phone: Mapped[str] = mapped_column(String(20))
    thread_id: Mapped[int]
    delivery_id: Mapped[int]
    until_at: Mapped[datetime]
    #: They answered, or somebody ended it; None: open.
    ended_at: Mapped[datetime | None]
    #: When their text last went on from it.
    answered_at: Mapped[datetime | None]


def open_alerts(session: Session, phone: str, our_number: str, now: datetime) -> list[Alert]:
    """Alerts that a text from this phone to that number of ours may answer, the oldest first; one a conversation.

    Waiting conversations come alone; when nothing waits, the one they answered last stands for itself, so that a second
    text goes where the first went.
    """
    if not phone:
        return []
    rows = session.execute(
        select(Alert, Delivery.our_number, Thread.waits_since)
        .join(Delivery, Delivery.id == Alert.delivery_id)
        .join(Thread, Thread.id == Alert.thread_id)
        .where(Alert.phone == phone, Alert.until_at > now, Alert.ended_at.is_(None))
        .order_by(Alert.id)
    ).all()
    heard = [(alert, waits) for alert, number, waits in rows if _came_from(number, our_number)]
    waiting = {alert.thread_id: alert for alert, waits in heard if waits is not None}
    if waiting:
        return list(waiting.values())
    last = max(
        (alert for alert, _ in heard), key=lambda each: (each.answered_at or each.created_at, each.id), default=None
    )
    return [last] if last is not None else []


def alerts_since(session: Session, member_id: int, since: datetime) -> int:
    """How many alerts somebody got since then."""
    return session.scalar(select(func.count()).where(Alert.member_id == member_id, Alert.created_at >= since)) or 0


def short(text: str) -> str:
    """The beginning of words on one line, as an alert says it."""
    line = plain_signs(" ".join(text.split())).replace('"', "'")
    return line if len(line) <= MOST_SIGNS else f"{line[: MOST_SIGNS - 3].rstrip()}..."


def _came_from(sent_by: str | None, our_number: str) -> bool:
    return not sent_by or sent_by.startswith(_SERVICE) or sent_by == our_number
