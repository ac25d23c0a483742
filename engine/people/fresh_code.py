"""FreshCode: six digits sent to an address on file, by which whoever holds a passed-on link shows that it is theirs.

The digits themselves are nowhere here: a keyed mark of them is, and the key lies in the settings.
"""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, SmallInteger, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id

GOOD_FOR = timedelta(minutes=10)
MOST_TRIES = 5
#: So many are sent to one member within an hour: with five tries each, guessing one takes years.
MOST_AN_HOUR = 3
Mark = Callable[[str], str]


class FreshCode(Base):
    """One code, until it is used, too old, or guessed at too often."""

    __tablename__ = "fresh_code"
    __table_args__ = (Index(None, "member_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: Where it was sent.
    address_id: Mapped[int]
    mark: Mapped[str] = mapped_column(String(32))
    until_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    used_at: Mapped[datetime | None]


def new_code(session: Session, member_id: int, address_id: int, mark: Mark, now: datetime) -> tuple[int, str] | None:
    """The code's id and its digits, to be sent; the one before it is worthless. None: too many were sent lately."""
    lately = select(func.count()).where(
        FreshCode.member_id == member_id, FreshCode.created_at > now - timedelta(hours=1)
    )
    if (session.scalar(lately) or 0) >= MOST_AN_HOUR:
        return None
    session.execute(delete(FreshCode).where(FreshCode.created_at < now - timedelta(days=1)))
    digits, row_id = f"{secrets.randbelow(1_000_000):06}", new_id()
    session.add(
        FreshCode(
            id=row_id,
            created_at=now,
            member_id=member_id,
            address_id=address_id,
            mark=mark(_sentence(row_id, digits)),
            until_at=now + GOOD_FOR,
            tries=0,
        )
    )
    session.flush()
    return row_id, digits


def use_code(session: Session, member_id: int, typed: str, mark: Mark, now: datetime) -> FreshCode | None:
    """The member's latest code, if these are its digits; it is used up by that. None: they are not, and that counts."""
    row = session.scalar(
        select(FreshCode)
        .where(FreshCode.member_id == member_id)
        .order_by(FreshCode.created_at.desc(), FreshCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if row is None or row.used_at is not None or row.until_at <= now or row.tries >= MOST_TRIES:
        return None
    row.tries += 1
    digits = "".join(sign for sign in typed if sign.isascii() and sign.isdigit())[:12]
    if not hmac.compare_digest(row.mark, mark(_sentence(row.id, digits))):
        session.flush()
        return None
    row.used_at = now
    session.flush()
    return row


def _sentence(row_id: int, digits: str) -> str:
    return f"fresh code {row_id} {digits}"
