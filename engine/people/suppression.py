"""Suppression: addresses whose holder asked to be forgotten, kept as keyed marks; nobody can read them back.

The key lies in the settings and never in the database: whoever holds a copy of the database alone cannot try addresses
against the marks. Only the holder's own word, from that address, ends one.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Index, String, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import among
from engine.base.db import Base, Id, changed_by
from engine.base.ids import new_id
from engine.people.address import AddressKind

#: Where a session of the database keeps what makes marks (engine.base.services).
MARKS = "marks"


class Suppression(Base):
    """While `ended_at` is None, nothing goes to the address that has this mark but answers to its holder's words."""

    __tablename__ = "suppression"
    __table_args__ = (
        Index(
            "uq_suppression_mark",
            "mark",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(8))
    #: HMAC-SHA256 of kind and address, the first 128 bits in hex.
    mark: Mapped[str] = mapped_column(String(32))
    #: Since when nothing went there any more, if it was stopped before its holder asked to be forgotten.
    stopped_at: Mapped[datetime | None]
    #: When its holder asked for something from us again.
    ended_at: Mapped[datetime | None]


def suppress(session: Session, kind: AddressKind, value: str, now: datetime, stopped_at: datetime | None) -> None:
    """Nothing goes to this address any more, whoever writes it down here again."""
    try:
        with session.begin_nested():
            mark = _mark(session, kind, value)
            session.add(Suppression(id=new_id(), created_at=now, kind=kind, mark=mark, stopped_at=stopped_at))
            session.flush()
    except IntegrityError:
        pass  # it stands already


def lift(session: Session, kind: str, value: str, now: datetime) -> bool:
    """The holder of this address asked for something from us, in a way that proves them; True if that is news."""
    if MARKS not in session.info:
        return False
    here = update(Suppression).where(Suppression.mark == _mark(session, kind, value), Suppression.ended_at.is_(None))
    return bool(changed_by(session, here.values(ended_at=now)))


def suppressed(session: Session, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """Those of these (kind, address) that are suppressed now, and since when."""
    if MARKS not in session.info:
        return {}
    by_mark = {_mark(session, kind, value): (kind, value) for kind, value in set(addresses)}
    if not by_mark:
        return {}
    rows = session.execute(
        select(Suppression.mark, Suppression.created_at).where(
            among(session, Suppression.mark, by_mark), Suppression.ended_at.is_(None)
        )
    )
    return {by_mark[mark]: since for mark, since in rows}


def _mark(session: Session, kind: str, value: str) -> str:
    made: str = session.info[MARKS](f"suppressed {kind} {value.strip().lower()}")
    return made
