"""Delivery: one message to one address, with its state; the outbox is all of them (law 4)."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id
from engine.outbox.classes import rank_of

#: Among a delivery's values: that it tells of a pause itself.
TELLS_OF_PAUSE = "tells_of_pause"


class Delivery(Base):
    """Something said to somebody. The posting verb sets the class, never a template.

    No foreign keys: the table is partitioned, and a key lock would dirty the member's and the enrollment's pages.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index(None, "thread_id"),
        Index(
            "ix_delivery_sid",
            "provider_id",
            sqlite_where=text("channel = 'sms' AND provider_id IS NOT NULL"),
            postgresql_where=text("channel = 'sms' AND provider_id IS NOT NULL"),
        ),
        # What a stop by text must find at once, among however many letters: it costs only texts anything.
        *(
            Index(
                name,
                column,
                sqlite_where=text("channel = 'sms' AND state = 'queued'"),
                postgresql_where=text("channel = 'sms' AND state = 'queued'"),
            )
            for name, column in (("ix_delivery_text_waits", "member_id"), ("ix_delivery_text_waits_for", "to_address"))
        ),
        # What of a topic a phone heard last, for a text in answer; those texts stand in no timeline of their reader.
        Index(
            "ix_delivery_topic_text",
            "member_id",
            "id",
            sqlite_where=text("channel = 'sms' AND message_class = 'chapter'"),
            postgresql_where=text("channel = 'sms' AND message_class = 'chapter'"),
        ),
        # A chapter's news that waits for somebody who leaves it is found among however much they were sent.
        Index(
            "ix_delivery_chapter_waits",
            "member_id",
            sqlite_where=text("message_class = 'chapter' AND state = 'queued'"),
            postgresql_where=text("message_class = 'chapter' AND state = 'queued'"),
        ),
        # What is about to leave and stands in no timeline yet: it counts against a member's caps.
        Index(
            "ix_delivery_claimed",
            "member_id",
            sqlite_where=text("state = 'claimed'"),
            postgresql_where=text("state = 'claimed'"),
        ),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: answer, consent, service, chapter, journey, broadcast, invitation, digest, staff
    message_class: Mapped[str] = mapped_column(String(12))
    channel: Mapped[str] = mapped_column(String(8), default="email")
    member_id: Mapped[int | None]
    #: Where it goes; None until the courier resolves the member's address.
    to_address: Mapped[str | None] = mapped_column(String(320))
    chapter_id: Mapped[int | None]
    thread_id: Mapped[int | None]
    template_version_id: Mapped[int | None]
    #: The journey's visit it belongs to.
    enrollment_id: Mapped[int | None]
    version_id: Mapped[int | None]
    step: Mapped[int | None] = mapped_column(SmallInteger)
    visit_at: Mapped[datetime | None]
    #: Whose words: an answer's author, or the person who lent their name; None: the team's desk.
    author_id: Mapped[int | None]
    subject: Mapped[str | None] = mapped_column(String(400))
    #: Words typed for this one person (answers, relayed words); else None and the template speaks.
    text: Mapped[str | None] = mapped_column(Text)
    #: Values for the template beyond the member's own.
    data: Mapped[dict[str, Any] | None]
    in_reply_to: Mapped[str | None] = mapped_column(String(400))
    reference_ids: Mapped[str | None] = mapped_column(Text)
    #: Not before; a deferral by the gate moves this, never the visit's key.
    send_at: Mapped[datetime]
    #: queued -> claimed -> calling -> sent | failed; queued -> refused by the gate; calling -> unsure after a crash.
    state: Mapped[str] = mapped_column(String(10), default="queued")
    state_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_says: Mapped[str | None] = mapped_column(String(400))
    #: Why the gate said no or not yet, in words staff can read.
    refusal: Mapped[str | None] = mapped_column(String(300))
    internet_message_id: Mapped[str | None] = mapped_column(String(200))
    #: For a text: our number (or messaging service) it leaves by, what it says to the letter, and its length in parts.
    our_number: Mapped[str | None] = mapped_column(String(40))
    body: Mapped[str | None] = mapped_column(Text)
    segments: Mapped[int | None] = mapped_column(SmallInteger)
    #: The furthest word of the provider: queued < sent < delivered | undelivered | failed; it never moves back.
    provider_status: Mapped[str | None] = mapped_column(String(12))
    provider_id: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[datetime | None]
    #: Since when it has been tried in vain; None: it has not.
    tried_since: Mapped[datetime | None]

    @property
    def tells_of_pause(self) -> bool:
        """Whether it is the receipt of an order to pause everything or to go on, which a pause does not keep."""
        return _tells_of_pause(self.data)

    @property
    def rank(self) -> int:
        """The rank of the queue in which it stands while it waits."""
        return rank_of(self.message_class, self.channel, tells_of_pause=self.tells_of_pause)


class Taken(NamedTuple):
    """A delivery as it stood when a courier took it, as plain values: a batch looks at each a hundred times and more.

    What becomes of it is written by statements, or to its row (`queue.rows`).
    """

    id: int
    created_at: datetime
    send_at: datetime
    state_at: datetime
    visit_at: datetime | None
    tried_since: datetime | None
    data: dict[str, Any] | None
    message_class: str
    channel: str
    member_id: int | None
    to_address: str | None
    chapter_id: int | None
    thread_id: int | None
    template_version_id: int | None
    enrollment_id: int | None
    version_id: int | None
    step: int | None
    author_id: int | None
    subject: str | None
    text: str | None
    in_reply_to: str | None
    reference_ids: str | None
    state: str
    attempts: int
    error_code: str | None
    internet_message_id: str | None
    our_number: str | None
    body: str | None

    @property
    def tells_of_pause(self) -> bool:
        """As of a Delivery."""
        return _tells_of_pause(self.data)

    @property
    def rank(self) -> int:
        """As of a Delivery."""
        return rank_of(self.message_class, self.channel, tells_of_pause=self.tells_of_pause)


#: What can be judged and written: a courier's own, or a row that somebody looks at.
AnyDelivery = Delivery | Taken


def _tells_of_pause(data: Any) -> bool:
    # Whatever else stands there breaks the writing of this one letter, never the queue.
    return isinstance(data, dict) and bool(data.get(TELLS_OF_PAUSE))


class DeliveryKey(Base):
    """At most one delivery per enrollment, visit and channel; the visit's due time leads. Never partitioned."""

    __tablename__ = "delivery_key"
    __table_args__ = {"sqlite_with_rowid": False}

    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    delivery_id: Mapped[int]


class PostingKey(Base):
    """At most one delivery per key that a poster chose (a form's, a received row's). Never partitioned."""

    __tablename__ = "posting_key"
    __table_args__ = {"sqlite_with_rowid": False}

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    created_at: Mapped[datetime]
    delivery_id: Mapped[int]


class OutboxDue(Base):
    """The courier's narrow queue: higher classes first, then by send time."""

    __tablename__ = "outbox_due"
    __table_args__ = {"sqlite_with_rowid": False}

    #: The class's rank: 0 is highest. Texts' ranks lie behind all mails' (engine.outbox.classes).
    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    send_at: Mapped[datetime] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(primary_key=True)
    #: A courier works on it until then; after a crash it is taken up again.
    leased_until_at: Mapped[datetime | None]


class HeldDelivery(Base):
    """A delivery the gate put off because the member is talking with somebody; judged again when the talk ends."""

    __tablename__ = "held_delivery"

    member_id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    #: When it is judged again at the latest; None: the talk is over, and the row only remembers that there was one.
    until_at: Mapped[datetime | None]


class Receipt(Base):
    """What a provider or a returned mail said of a delivery afterwards; counted once by its own key."""

    __tablename__ = "receipt"
    __table_args__ = (
        Index(None, "delivery_id"),
        Index("uq_receipt_provider_key", "provider_key", unique=True),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    delivery_id: Mapped[int]
    #: delivered, bounced, deferred, complained
    kind: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(20), default="")
    says: Mapped[str] = mapped_column(String(400), default="")
    provider_key: Mapped[str] = mapped_column(String(120))
