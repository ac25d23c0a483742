"""Signal: a fact that can wake a journey. The router and the doors write it; the runner reads it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.broker import wake_on_commit
from engine.base.db import Base, Id
from engine.base.foreseen import add_soon
from engine.base.ids import new_id

#: Every kind of fact a journey can hear of now.
SIGNAL_KINDS = frozenset(
    """joined tagged by_hand replied answered hold_ended opted_out unheard task_done
    form_filled rsvped attended acted stage_moved assessed tied fact chapter""".split()
)


class Signal(Base):
    """One fact about one member, with its time; `handled_at` once the runner has acted on it."""

    __tablename__ = "signal"
    __table_args__ = (
        Index(
            "ix_signal_pending",
            "id",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
        Index(None, "member_id", "created_at"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    member_id: Mapped[int]
    #: The enrollment it is about, when it is about one (an answer to its question).
    enrollment_id: Mapped[int | None]
    #: answered: {"step", "answer"}; tagged: {"tag"}; replied: {"message_id", "thread_id"};
    #: by_hand: {"journey_id", "by_id"}; joined, of people from a file: {"journey_id"}, the one that says hello.
    #: unheard: {"step", "why"}, a question that never reached them. task_done: {"step", "outcome"}.
    #: form_filled: {"form"}; rsvped, attended: {"event"};
    #: acted: {"action"}, whatever else they did; stage_moved: {"path", "to", "from"}; tied: {"tie", "with_id"}.
    #: fact: {"fact"}; chapter: {"chapter_id"}; assessed: {"level"}.
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    handled_at: Mapped[datetime | None]
    #: What the runner made of it, in a word.
    effect: Mapped[str] = mapped_column(String(60), default="")


def signal(
    session: Session,
    kind: str,
    member_id: int,
    now: datetime,
    *,
    enrollment_id: int | None = None,
    **detail: Any,
) -> None:
    """The fact is written, and the runner is woken once it is committed. Raises ValueError for an unknown kind."""
    if kind not in SIGNAL_KINDS:
        raise ValueError(f"{kind!r} is not a kind of signal")
    add_soon(
        session,
        Signal,
        id=new_id(),
        created_at=now,
        kind=kind,
        member_id=member_id,
        enrollment_id=enrollment_id,
        detail=detail,
    )
    wake_on_commit(session, "runner.signals")
