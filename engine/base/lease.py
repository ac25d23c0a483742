"""A lease: one process at a time does a thing, and another takes over when it falls silent."""

from datetime import datetime, timedelta

from sqlalchemy import String, or_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, changed_by


class Lease(Base):
    """Who may do `name` until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    created_at: Mapped[datetime]
    holder: Mapped[str] = mapped_column(String(60))
    until_at: Mapped[datetime]


def take(session: Session, name: str, holder: str, now: datetime, length: timedelta) -> bool:
    """True once `holder` has the lease until `now + length`; False while another's still runs."""
    taken = changed_by(
        session,
        update(Lease)
        .where(Lease.name == name, or_(Lease.holder == holder, Lease.until_at <= now))
        .values(holder=holder, until_at=now + length),
    )
    if taken:
        return True
    if session.get(Lease, name) is not None:
        return False
    session.add(Lease(name=name, created_at=now, holder=holder, until_at=now + length))
    session.flush()
    return True
