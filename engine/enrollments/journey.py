"""Journey and JourneyVersion: a staged sequence, and its immutable published forms."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Journey(Base):
    """A journey by its slug; its current version takes new members."""

    __tablename__ = "journey"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    current_version_id: Mapped[int | None]
    #: Set while no new member enters and nobody moves.
    paused_at: Mapped[datetime | None]
    paused_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


class JourneyVersion(Base):
    """What was published: source and compiled form, never changed afterwards."""

    __tablename__ = "journey_version"
    __table_args__ = (Index("uq_journey_version_journey_id_number", "journey_id", "number", unique=True),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    #: journeys.compiled: steps by integer index.
    compiled: Mapped[dict[str, Any]]
    #: Which template version each template name meant at publication: {"porch/hello": {"en": id, "es": id}}.
    templates: Mapped[dict[str, Any]]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
