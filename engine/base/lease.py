"""A lease: one process at a time does a thing, and another takes over when it falls silent."""

from datetime import datetime, timedelta

from sqlalchemy import String, delete, or_, update
from sqlalchemy.exc import IntegrityError
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
    try:
        with session.begin_nested():
            session.add(Lease(name=name, created_at=now, holder=holder, until_at=now + length))
    except IntegrityError:
        return False  # two found it free for the first time in one moment
    return True


def release(session: Session, name: str, holder: str) -> None:
    """`holder` has the lease no more, so that another need not wait for its end."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))
