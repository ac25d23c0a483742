"""Pending: something was asked in a member's name, and nothing proves that they asked it (law 9).

It is kept and not done. The member is asked once, at an address that we know as theirs, and their own word does it:
by the one button of a page, or by answering from their own mail program.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.foreseen import foreseeable
from engine.base.ids import new_id

#: What can be pending: no more mail, out of one chapter, another pace, or that an address is theirs too.
Kind = Literal["stop", "leave", "less", "pause", "more", "address"]
#: How long their word does it; a question about an address stays, so that it is never asked twice.
GOOD_FOR = timedelta(days=7)
#: One mail that asks, to one address, within this time.
ONCE_IN = timedelta(days=1)


class Pending(Base):
    """One thing that waits for its member's own word; open while neither done, refused nor over."""

    __tablename__ = "pending"
    __table_args__ = (
        Index(None, "member_id", "kind"),
        Index(None, "thread_id"),
        Index(None, "asked_at_address", "asked_at"),
        Index(None, "delivery_id"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(10))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: The words it was asked in, or the other address.
    given: Mapped[str] = mapped_column(Text, default="")
    #: Out of which chapter.
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    #: The mail it came by (no foreign key: received rows are cut by time), and where its words stand.
    received_id: Mapped[int | None]
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    #: The address that was asked, when, and by which mail; unasked while that address was asked something today.
    asked_at_address: Mapped[str] = mapped_column(String(320), default="")
    asked_at: Mapped[datetime | None]
    delivery_id: Mapped[int | None]
    until_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]


def is_open(row: Pending, now: datetime) -> bool:
    """Whether the member's word still does it."""
    return row.done_at is None and row.refused_at is None and row.until_at > now


def keep_pending(
    session: Session,
    kind: Kind,
    member_id: int,
    given: str,
    now: datetime,
    *,
    received_id: int | None,
    thread_id: int | None,
    chapter_id: int | None = None,
) -> Pending | None:
    """It is pending; None when the same is already, or (an address) was asked about once."""
    if kind == "address":
        once = select(Pending.id).where(Pending.member_id == member_id, Pending.kind == kind, Pending.given == given)
        known = session.scalar(once.limit(1)) is not None
    else:
        known = open_pending(session, kind, member_id, now, chapter_id=chapter_id) is not None
    if known:
        return None
    row = Pending(
        id=new_id(),
        created_at=now,
        kind=kind,
        member_id=member_id,
        given=given,
        chapter_id=chapter_id,
        received_id=received_id,
        thread_id=thread_id,
        asked_at_address="",
        until_at=now + GOOD_FOR,
    )
    session.add(row)
    session.flush()
    return row


def open_pending(
    session: Session, kind: str, member_id: int, now: datetime, *, chapter_id: int | None = None
) -> Pending | None:
    """The same thing (not an address) that waits for their word already."""
    return session.scalar(
        select(Pending)
        .where(
            Pending.member_id == member_id, Pending.kind == kind, Pending.done_at.is_(None),
            Pending.refused_at.is_(None), Pending.until_at > now,
            Pending.chapter_id.is_(None) if chapter_id is None else Pending.chapter_id == chapter_id,
        )
        .limit(1)
    )  # fmt: skip


def may_ask(session: Session, address: str, now: datetime) -> bool:
    """Whether this address was asked nothing of the kind within a day."""
    lately = select(Pending.id).where(Pending.asked_at_address == address, Pending.asked_at > now - ONCE_IN)
    return session.scalar(lately.limit(1)) is None


@foreseeable
def asked_by(session: Session, delivery_id: int) -> Pending | None:
    """What this mail asked about."""
    return session.scalar(select(Pending).where(Pending.delivery_id == delivery_id).limit(1))


def foresee_asked_by(session: Session, delivery_ids: Collection[int]) -> None:
    """What each of these mails asked about is known."""
    found = {row.delivery_id: row for row in _ASKED_BY.found(session, delivery_ids)}
    for delivery_id in delivery_ids:
        asked_by.foresee(session, found.get(delivery_id), delivery_id)


_ASKED_BY = ManyAsked(lambda one_of: select(Pending).where(one_of(Pending.delivery_id)))
