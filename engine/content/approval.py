"""Approval: that a person lends their name to one text in one version (DESIGN law 2)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Approval(Base):
    """The person read this version and its expected answers and lets it go out in their name, until revoked."""

    __tablename__ = "approval"
    __table_args__ = (Index(None, "template_version_id", "member_id"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    template_version_id: Mapped[int] = mapped_column(ForeignKey("template_version.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    revoked_at: Mapped[datetime | None]
