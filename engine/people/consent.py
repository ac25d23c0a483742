"""Consent: an append-only ledger of opt-ins and opt-outs, each with its evidence, and where each stands now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.people.address import Address
from engine.people.suppression import lift

Channel = Literal["email", "sms"]
#: `all`, `chapter:<id>`, `journey`, `broadcast`, `digest`, `reminders`: what a word of consent is about.
EVERYTHING = "all"


class Consent(Base):
    """One opt-in or opt-out, as it was said. Rows are only ever added."""

    __tablename__ = "consent"
    __table_args__ = (Index(None, "member_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    channel: Mapped[str] = mapped_column(String(8))
    scope: Mapped[str] = mapped_column(String(60))
    opted_in: Mapped[bool]
    #: How it was said: `one-click`, `preferences`, `import`, `text`, `sign-up`, ...
    how: Mapped[str] = mapped_column(String(40))
    #: The words shown or said.
    evidence: Mapped[str] = mapped_column(Text, default="")
    #: The phone or mailbox it was said about, when it holds for that one only.
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    received_id: Mapped[int | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    network_address: Mapped[str] = mapped_column(String(45), default="")


class ConsentStanding(Base):
    """What the latest Consent of a member, channel and scope says: what the gate reads in a batch."""

    __tablename__ = "consent_standing"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    scope: Mapped[str] = mapped_column(String(60), primary_key=True)
    created_at: Mapped[datetime]
    opted_in: Mapped[bool]
    consent_id: Mapped[int]


@dataclass(frozen=True, slots=True)
class Said:
    """How a consent was given or withdrawn."""

    how: str
    evidence: str = ""
    address_id: int | None = None
    received_id: int | None = None
    by_id: int | None = None
    network_address: str = ""


def record_consent(
    session: Session, member_id: int, channel: Channel, scope: str, opted_in: bool, said: Said, now: datetime
) -> Consent:
    """The ledger has one more row and the standing follows it."""
    row = Consent(
        id=new_id(),
        created_at=now,
        member_id=member_id,
        channel=channel,
        scope=scope,
        opted_in=opted_in,
        how=said.how,
        evidence=said.evidence,
        address_id=said.address_id,
        received_id=said.received_id,
        by_id=said.by_id,
        network_address=said.network_address,
    )
    session.add(row)
    standing = session.get(ConsentStanding, (member_id, channel, scope))
    if standing is None:
        session.add(
            ConsentStanding(
                member_id=member_id,
                channel=channel,
                scope=scope,
                created_at=now,
                opted_in=opted_in,
                consent_id=row.id,
            )
        )
    else:
        standing.opted_in, standing.consent_id, standing.created_at = opted_in, row.id, now
    session.flush()
    if opted_in and said.address_id is not None and said.by_id == member_id:
        # Their own word, from an address that proves them: if it was forgotten here once, it is not any more.
        address = session.get(Address, said.address_id)
        if address is not None:
            lift(session, address.kind, address.value, now)
    return row


def standings(session: Session, member_id: int) -> dict[tuple[str, str], bool]:
    """What stands now for one member: (channel, scope) to yes or no; absent means never said."""
    rows = session.execute(
        select(ConsentStanding.channel, ConsentStanding.scope, ConsentStanding.opted_in).where(
            ConsentStanding.member_id == member_id
        )
    )
    return {(channel, scope): opted_in for channel, scope, opted_in in rows}


def latest_complaint(session: Session, member_id: int) -> datetime | None:
    """When the member last called mail of ours unwanted, where that still stands; None where it does not."""
    return session.scalar(
        select(func.max(Consent.created_at))
        .join(ConsentStanding, ConsentStanding.consent_id == Consent.id)
        .where(Consent.member_id == member_id, Consent.how == "complaint", Consent.opted_in.is_(False))
    )
