"""Template and TemplateVersion: what a letter says, compiled once and never changed afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Template(Base):
    """A letter by its name, such as porch/hello."""

    __tablename__ = "template"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(120), unique=True)


class TemplateVersion(Base):
    """One text in one language, as source and as compiled form (templates.compile)."""

    __tablename__ = "template_version"
    __table_args__ = (
        Index("uq_template_version_number", "template_id", "language", "number", unique=True),
        Index(None, "template_id", "language", "sha256"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"))
    language: Mapped[str] = mapped_column(String(12))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    #: ask, give or listen
    speaks: Mapped[str] = mapped_column(String(8), default="give")
    compiled: Mapped[dict[str, Any]]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
