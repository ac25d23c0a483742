"""Limits: how often a machine of ours may answer anybody, so that two machines never go on for ever (DESIGN.md 3).

| what | at most |
|---|---|
| a courtesy ("we got it, a person will look") | one per address within a day |
| a receipt for a recognized command of a proven sender | 20 per address in a day, 5 per conversation in an hour |
| anything to what a machine wrote | nothing: a rule that files as a machine's mail never answers |

Beyond a limit the command is done all the same, nothing is said by machine, and a person sees the words. Days and hours
are the last ones before now, not the calendar's: midnight gives nobody a second courtesy.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Index, LargeBinary, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
COURTESIES_A_DAY = 1
RECEIPTS_A_DAY = 20
RECEIPTS_AN_HOUR_IN_ONE_THREAD = 5
#: What was said longer ago limits nothing.
KEPT_FOR = timedelta(days=2)

COURTESY, RECEIPT = "courtesy", "receipt"


class MachineAnswer(Base):
    """That a machine of ours answered this address, there, then. Whose address it is cannot be read from it."""

    __tablename__ = "machine_answer"
    __table_args__ = (
        Index(None, "to_hash", "created_at"),
        Index(None, "thread_id", "created_at"),
        Index(None, "created_at"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: courtesy, receipt
    kind: Mapped[str] = mapped_column(String(10))
    #: SHA-256 of the address in lower case.
    to_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    thread_id: Mapped[int | None]


def may_be_courteous(session: Session, address: str, now: datetime) -> bool:
    """Whether this address may hear "we got it" now."""
    return _said(session, COURTESY, now - DAY, MachineAnswer.to_hash == _hashed(address)) < COURTESIES_A_DAY


def may_have_receipt(session: Session, address: str, thread_id: int | None, now: datetime) -> bool:
    """Whether this address may have one more receipt now, in this conversation."""
    if _said(session, RECEIPT, now - DAY, MachineAnswer.to_hash == _hashed(address)) >= RECEIPTS_A_DAY:
        return False
    if thread_id is None:
        return True
    return _said(session, RECEIPT, now - HOUR, MachineAnswer.thread_id == thread_id) < RECEIPTS_AN_HOUR_IN_ONE_THREAD


def note(session: Session, kind: str, address: str, thread_id: int | None, now: datetime) -> None:
    """The answer counts from now on; those that limit nothing any more are gone."""
    session.execute(delete(MachineAnswer).where(MachineAnswer.created_at < now - KEPT_FOR))
    session.add(MachineAnswer(id=new_id(), created_at=now, kind=kind, to_hash=_hashed(address), thread_id=thread_id))
    session.flush()


def _said(session: Session, kind: str, since: datetime, of: ColumnElement[bool]) -> int:
    return (
        session.scalar(select(func.count()).where(of, MachineAnswer.kind == kind, MachineAnswer.created_at > since))
        or 0
    )


def _hashed(address: str) -> bytes:
    return hashlib.sha256(address.strip().lower().encode("utf-8", "backslashreplace")).digest()
