"""Approval: that a person lends their name to one text in one version (law 2)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id, changed_by
from engine.base.errors import NotFound
from engine.base.ids import new_id
from engine.content.template import TemplateVersion


class Approval(Base):
    """The person read this version and its expected answers and lets it go out in their name, until revoked."""

    __tablename__ = "approval"
    __table_args__ = (Index(None, "template_version_id", "member_id"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    template_version_id: Mapped[int] = mapped_column(ForeignKey("template_version.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    revoked_at: Mapped[datetime | None]


def approve(session: Session, template_version_id: int, member_id: int, now: datetime) -> Approval:
    """The person lends their name to this version; given twice, it is the same approval. Raises NotFound."""
    if session.get(TemplateVersion, template_version_id) is None:
        raise NotFound("There is no such version of a letter.")
    live = session.scalar(
        select(Approval).where(
            Approval.template_version_id == template_version_id,
            Approval.member_id == member_id,
            Approval.revoked_at.is_(None),
        )
    )
    if live is not None:
        return live
    row = Approval(id=new_id(), created_at=now, template_version_id=template_version_id, member_id=member_id)
    session.add(row)
    session.flush()
    record(session, member_id, "approved", "template_version", template_version_id, now)
    return row


def revoke(session: Session, template_version_id: int, member_id: int, now: datetime) -> bool:
    """The version no longer goes out in their name, from the next letter on; False when it did not anyway."""
    revoked = changed_by(
        session,
        update(Approval)
        .where(
            Approval.template_version_id == template_version_id,
            Approval.member_id == member_id,
            Approval.revoked_at.is_(None),
        )
        .values(revoked_at=now),
    )
    if not revoked:
        return False
    record(session, member_id, "revoked", "template_version", template_version_id, now)
    return True


def approved_by(session: Session, template_version_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Who lends their name to each of these versions now; versions without anybody are absent."""
    found: dict[int, set[int]] = {}
    rows = session.execute(
        select(Approval.template_version_id, Approval.member_id).where(
            Approval.template_version_id.in_(template_version_ids), Approval.revoked_at.is_(None)
        )
    )
    for version_id, member_id in rows:
        found.setdefault(version_id, set()).add(member_id)
    return {version_id: frozenset(members) for version_id, members in found.items()}
