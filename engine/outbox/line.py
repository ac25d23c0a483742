"""Line: from which number of ours a phone hears us; always the same one, once it has heard from it."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base


class TextLine(Base):
    """A member's phone and the number of ours it knows."""

    __tablename__ = "text_line"
    __table_args__ = {"sqlite_with_rowid": False}

    phone: Mapped[str] = mapped_column(String(20), primary_key=True)
    #: A number in E.164, or a messaging service's sid.
    our_number: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    #: When a text first told them who writes, for whom, and how to stop; None: the next one does.
    introduced_at: Mapped[datetime | None]


class NumberPace(Base):
    """When a number of ours may send its next segment: moments are reserved, so that all couriers together keep the
    provider's rate."""

    __tablename__ = "number_pace"

    our_number: Mapped[str] = mapped_column(String(40), primary_key=True)
    next_at: Mapped[datetime]
    #: Where the queue of texts that may wait ends, as far as can be told.
    tail_at: Mapped[datetime | None]
    #: A carrier asked for less: a quarter of the pace until then.
    slowed_until: Mapped[datetime | None]


class Breaker(Base):
    """That a way out (`sms`, `email`) answered nothing but errors, and when it is tried again."""

    __tablename__ = "breaker"

    way: Mapped[str] = mapped_column(String(20), primary_key=True)
    #: The minute in which failures are counted, and how many there were; to the mail relay, how many in a row.
    counted_since: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)
    #: Open since then; None: closed.
    opened_at: Mapped[datetime | None]
    #: When one message is let through to see.
    probe_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(400), default="")
