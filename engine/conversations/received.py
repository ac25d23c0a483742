"""Received: the raw inbound row, durable before anybody was told that we have it (law 1)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id

#: The outcomes a received row may end in; exactly one each, and they sum to received.
OUTCOMES = (
    "thread", "machine", "bounce", "complaint", "command", "duplicate", "needs_person", "junk", "probe",
)  # fmt: skip


class ReceivedBytes(Base):
    """The bytes of one message as they came, stored once however many recipients it had."""

    __tablename__ = "received_bytes"
    __table_args__ = {"postgresql_partition_by": "RANGE (id)"}

    id: Mapped[Id]
    created_at: Mapped[datetime]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    size: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Received(Base):
    """One acceptance: one envelope recipient of one message, or one webhook."""

    __tablename__ = "received"
    __table_args__ = (
        Index(
            "ix_received_unsettled",
            "id",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
        Index(None, "outcome", "id"),
        # What could not even be filed: there should be none, and it is looked for on every page of the list.
        Index(
            "ix_received_unfiled",
            "id",
            sqlite_where=text("outcome = 'needs_person' AND thread_id IS NULL"),
            postgresql_where=text("outcome = 'needs_person' AND thread_id IS NULL"),
        ),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: smtp, lmtp, web (mail that a provider brought), event (what it tells of our mail), sms, voice
    door: Mapped[str] = mapped_column(String(8))
    peer: Mapped[str] = mapped_column(String(64), default="")
    helo: Mapped[str] = mapped_column(String(255), default="")
    mail_from: Mapped[str] = mapped_column(String(320), default="")
    rcpt_to: Mapped[str] = mapped_column(String(320), default="")
    bytes_id: Mapped[int]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    provider: Mapped[str] = mapped_column(String(20), default="")
    provider_id: Mapped[str] = mapped_column(String(64), default="")
    #: One of OUTCOMES; None until it is settled.
    outcome: Mapped[str | None] = mapped_column(String(16))
    #: What it did besides: opt_out, vote, rsvp, stage, note, answer.
    effect: Mapped[str] = mapped_column(String(20), default="")
    #: Why, in words.
    reason: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None]
    thread_id: Mapped[int | None]
    message_id: Mapped[int | None]
    member_id: Mapped[int | None]
    duplicate_of: Mapped[int | None]
    #: Tries so far; the third crash sends it to a person with the original.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Somebody works on it until then.
    leased_until_at: Mapped[datetime | None]
    reading_version: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class FiledKey(Base):
    """That a message was filed already: insert and catch the conflict (law 5). Never partitioned.

    The key is a hash over recipient, Message-ID and the message without its trace headers, or over provider and its id.
    """

    __tablename__ = "filed_key"
    __table_args__ = {"sqlite_with_rowid": False}

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    created_at: Mapped[datetime]
    received_id: Mapped[int]
