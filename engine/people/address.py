"""Address: one way to reach a member, normalized, with its health."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Literal

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ForeignKey, Index, String, bindparam, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import ManyAsked
from engine.base.db import Base, Id
from engine.base.errors import Invalid
from engine.base.foreseen import foreseeable
from engine.base.ids import new_id

AddressKind = Literal["email", "phone"]


class Address(Base):
    """A mail address or phone of one member. A household may share one, so a value may stand on several rows."""

    __tablename__ = "address"
    __table_args__ = (
        Index(None, "kind", "value"),
        Index("uq_address_member_kind_value", "member_id", "kind", "value", unique=True),
        Index(
            "ix_address_resting_until",
            "resting_until_at",
            "id",
            sqlite_where=text("resting_until_at IS NOT NULL"),
            postgresql_where=text("resting_until_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(8))
    #: A mail address in lower case, or a phone in E.164.
    value: Mapped[str] = mapped_column(String(320))
    #: Lower is preferred.
    rank: Mapped[int] = mapped_column(default=0)
    proven_at: Mapped[datetime | None]
    #: Set while nothing is sent there, and why, in words.
    resting_since: Mapped[datetime | None]
    resting_reason: Mapped[str] = mapped_column(String(200), default="")
    #: When it is tried again if nothing comes back until then; None while it rests: only when somebody says so.
    resting_until_at: Mapped[datetime | None]
    #: Mail there was late: until then nothing goes there that can wait.
    backs_off_until_at: Mapped[datetime | None]
    #: For a phone: what a look-up said (mobile, landline, voip, ...), of whom it is rented, and when that was asked.
    line_type: Mapped[str] = mapped_column(String(20), default="", server_default="")
    carrier: Mapped[str] = mapped_column(String(80), default="", server_default="")
    looked_up_at: Mapped[datetime | None]


#: Why an address rests whose owner has changed: it says nothing about the member any more.
SOMEBODY_ELSES = "whoever answers there said that it is a wrong number."
_IS_THEIRS = or_(Address.resting_since.is_(None), Address.resting_reason != SOMEBODY_ELSES)


class AddressStrike(Base):
    """One sign that an address does not work: a bounce, with its evidence."""

    __tablename__ = "address_strike"
    __table_args__ = (Index(None, "address_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    address_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
    permanent: Mapped[bool]
    status: Mapped[str] = mapped_column(String(20), default="")
    received_id: Mapped[int | None]


#: What nearly every address is. What it lets pass, the validator would too, at twenty times the time; nothing under a
#: top level that only this machine or nobody knows (RFC 6761) is among it.
_PLAIN_EMAIL = re.compile(
    r"(?=[^@]{1,64}@[^@]{1,189}\Z)[a-z0-9][a-z0-9_+-]*(?:\.[a-z0-9_+-]+)*"
    r"@(?:[a-z0-9](?:-?[a-z0-9]){0,30}\.)+(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,20}",
    re.ASCII,
)


def normal_email(written: str) -> str:
    """The address in the one form we store. Raises Invalid with a sentence."""
    plain = written.strip().lower()
    if _PLAIN_EMAIL.fullmatch(plain):
        return plain
    if not plain.rpartition("@")[0].isascii():
        raise Invalid(
            f"{written.strip()!r} has letters before its @ that mail from here cannot carry (SMTPUTF8). Ask for "
            "another address."
        )
    try:
        checked = validate_email(
            written.strip(), check_deliverability=False, test_environment=True, allow_quoted_local=True
        )
    except EmailNotValidError as error:
        raise Invalid(f"{written.strip()!r} is not a mail address: {error}") from error
    return checked.normalized.lower()


def add_email(session: Session, member_id: int, address: str, now: datetime, *, proven: bool = False) -> Address:
    """The member has this mail address; given twice, it is the same row. Raises Invalid."""
    return _add(session, member_id, "email", normal_email(address), now, proven)


def add_phone(session: Session, member_id: int, phone: str, now: datetime, *, proven: bool = False) -> Address:
    """The member has this phone (E.164: engine.people.phone); given twice, it is the same row."""
    return _add(session, member_id, "phone", phone, now, proven)


def _add(session: Session, member_id: int, kind: AddressKind, value: str, now: datetime, proven: bool) -> Address:
    known = session.scalar(
        select(Address).where(Address.member_id == member_id, Address.kind == kind, Address.value == value)
    )
    if known is None:
        known = Address(
            id=new_id(),
            created_at=now,
            member_id=member_id,
            kind=kind,
            value=value,
            rank=0,
            proven_at=now if proven else None,
            resting_reason="",
        )
        session.add(known)
        session.flush()
    return known


@foreseeable
def members_with(session: Session, kind: AddressKind, value: str) -> list[int]:
    """The ids of all members reached at this address, oldest first; not of those who have given it up to another."""
    return list(
        session.scalars(
            select(Address.member_id)
            .where(Address.kind == kind, Address.value == value, _IS_THEIRS)
            .order_by(Address.id)
        )
    )


def foresee_members_with(session: Session, kind: AddressKind, values: Collection[str]) -> set[int]:
    """Who is reached at each of these addresses is known; all of them."""
    found: dict[str, list[int]] = {value: [] for value in values}
    if not found:
        return set()
    for value, member_id in _REACHED_AT.rows(session, found, kind=kind):
        found[value].append(member_id)
    for value, ids in found.items():
        members_with.foresee(session, ids, kind, value)
    return {member_id for ids in found.values() for member_id in ids}


_REACHED_AT = ManyAsked(
    lambda one_of: (
        select(Address.value, Address.member_id)
        .where(Address.kind == bindparam("kind"), one_of(Address.value), _IS_THEIRS)
        .order_by(Address.id)
    )
)


def masked(value: str) -> str:
    """An address as an organizer sees it before revealing it (law 8)."""
    local, at, domain = value.partition("@")
    if not at:
        return f"…{value[-2:]}"
    return f"{local[:1]}…@{domain}"
