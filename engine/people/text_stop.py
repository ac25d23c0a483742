"""TextStop: a phone that asked for no more texts from us; whoever holds it, member or not."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id


class TextStop(Base):
    """One stop of one phone. While `ended_at` is None, no text of ours goes there but the one that confirms it."""

    __tablename__ = "text_stop"
    __table_args__ = (
        Index(
            "uq_text_stop_phone",
            "phone",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: E.164
    phone: Mapped[str] = mapped_column(String(20))
    #: `text` (their own words to us) or `carrier` (the provider refused because they had told the carrier).
    how: Mapped[str] = mapped_column(String(20))
    evidence: Mapped[str] = mapped_column(String(400), default="")
    received_id: Mapped[int | None]
    #: When they themselves asked for texts again.
    ended_at: Mapped[datetime | None]


def stopped_phones(session: Session, phones: Iterable[str]) -> dict[str, datetime]:
    """Those of these phones that are stopped now, and since when."""
    wanted = sorted(set(phones))
    if not wanted:
        return {}
    rows = session.execute(
        select(TextStop.phone, TextStop.created_at).where(TextStop.phone.in_(wanted), TextStop.ended_at.is_(None))
    )
    return dict(rows.tuples().all())
