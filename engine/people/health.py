"""Health: whether an address is written to, judged by what came back from it, and by whom it was set right again.

A mailbox that is not there rests at once, any other at the third return within 14 days; mail that is only late backs
off. After thirty days in which nothing came back an address is tried again; a person may say so sooner, with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.people.address import SOMEBODY_ELSES, Address, AddressStrike

#: Statuses that say by themselves that an address is dead (RFC 3463 3.2, 3.3; RFC 7505 for 5.1.10).
HARD = ("5.1.", "5.2.1")
#: Of these, what is said of our own address, and so nothing of theirs (RFC 3463 3.2).
OURS = ("5.1.7", "5.1.8")
#: So many other returns within so long do the same.
STRIKES, WITHIN = 3, timedelta(days=14)
#: For how long an address is left alone after mail there was late, the first time and each time after it.
PAUSES = (timedelta(days=1), timedelta(days=2), timedelta(days=4))
#: Reports so close together tell of one trouble.
ONE_TROUBLE = timedelta(days=1)
#: An address from which nothing came back for so long is tried again.
QUIET = timedelta(days=30)
#: Addresses that one transaction sets right.
MOST_AT_ONCE = 500


class AddressReset(Base):
    """From then on an address is written to again, and what came back before does not count any more."""

    __tablename__ = "address_reset"
    __table_args__ = (Index(None, "address_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    address_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
    #: Who said so; None: thirty quiet days did.
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(Text, default="")


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that came back: when, whether for good, and its status as RFC 3463 writes it, if it has one."""

    at: datetime
    permanent: bool
    status: str = ""

    @property
    def enhanced(self) -> str:
        """The status without the reply code before it."""
        return self.status.rsplit(" ", 1)[-1]


@dataclass(frozen=True, slots=True)
class Health:
    """What follows from all that came back: it rests for that reason, or backs off until then; else neither."""

    rests: str = ""
    backs_off_until: datetime | None = None


def judge(signs: Sequence[Sign]) -> Health:
    """How an address does after the last of these signs, which stand in order and all count."""
    last = signs[-1]
    lately = [each for each in signs if each.at > last.at - WITHIN]
    if not last.permanent:
        began: list[datetime] = []
        for each in lately:
            if not each.permanent and (not began or each.at >= began[-1] + ONE_TROUBLE):
                began.append(each.at)
        return Health(backs_off_until=began[-1] + PAUSES[min(len(began), len(PAUSES)) - 1])
    if last.enhanced.startswith(HARD) and last.enhanced not in OURS:
        return Health(f"mail came back for good ({last.enhanced}): the mailbox is not there.")
    returned = sum(1 for each in lately if each.permanent and each.enhanced not in OURS)
    if returned >= STRIKES:
        told = f" (last: {last.status})" if last.status else ""
        return Health(f"mail came back {returned} times within {WITHIN.days} days{told}.")
    return Health()


def struck(
    session: Session, address: Address, status: str, now: datetime, *, permanent: bool, received_id: int | None = None
) -> bool:
    """Something came back from the mail address, and that counts; True when it rests from now on, because of it."""
    row = AddressStrike(
        id=new_id(),
        created_at=now,
        address_id=address.id,
        permanent=permanent,
        status=status[:20],
        received_id=received_id,
    )
    session.add(row)
    session.flush()
    if address.resting_since is not None:
        if address.resting_until_at is not None:
            address.resting_until_at = now + QUIET
        return False
    health = judge(_signs(session, address))
    if health.rests:
        address.resting_since, address.resting_reason = now, health.rests[:200]
        address.resting_until_at, address.backs_off_until_at = now + QUIET, None
    elif health.backs_off_until is not None:
        address.backs_off_until_at = health.backs_off_until
    session.flush()
    return bool(health.rests)


def reset(session: Session, address: Address, by_id: int | None, why: str, now: datetime) -> bool:
    """The address is written to again; False when it was all along. Raises Invalid for one that is somebody else's."""
    if address.resting_since is None and address.backs_off_until_at is None:
        return False
    if address.resting_since is not None and address.resting_reason == SOMEBODY_ELSES:
        raise Invalid("Whoever answers there said that it is a wrong number. Ask the member for their new one.")
    session.add(AddressReset(id=new_id(), created_at=now, address_id=address.id, by_id=by_id, why=why))
    address.resting_since = address.resting_until_at = address.backs_off_until_at = None
    address.resting_reason = ""
    session.flush()
    record(session, by_id, "address_reset", "address", address.id, now)
    return True


def quiet(session: Session, now: datetime) -> list[Address]:
    """The addresses that have rested for as long as they had to, the longest first; at most MOST_AT_ONCE."""
    query = select(Address).where(Address.resting_until_at <= now).order_by(Address.resting_until_at, Address.id)
    return list(session.scalars(query.limit(MOST_AT_ONCE)))


def last_statuses(session: Session, address_ids: Sequence[int]) -> dict[int, str]:
    """The status of what came back last from each of these addresses; one from which nothing ever did is absent."""
    query = select(AddressStrike.address_id, AddressStrike.status).where(AddressStrike.address_id.in_(address_ids))
    return dict(session.execute(query.order_by(AddressStrike.id)).tuples().all())


def _signs(session: Session, address: Address) -> list[Sign]:
    """What counts against the address: everything since it was last set right that is not too old to count."""
    # By ids, which grow with time: both may be of one instant where the clock stands still.
    since = session.scalar(select(func.max(AddressReset.id)).where(AddressReset.address_id == address.id))
    query = select(AddressStrike.created_at, AddressStrike.permanent, AddressStrike.status).where(
        AddressStrike.address_id == address.id
    )
    if since is not None:
        query = query.where(AddressStrike.id > since)
    latest = session.execute(query.order_by(AddressStrike.id.desc()).limit(100))
    return [Sign(*row) for row in reversed(latest.tuples().all())]
