"""Chapter: a self-governing group of members, by place, occupation, interest or project."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class Chapter(Base):
    """A group with its own address (its slug at the mail domain) and steward."""

    __tablename__ = "chapter"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    #: place, occupation, interest or project
    kind: Mapped[str] = mapped_column(String(20), default="place")
    about: Mapped[str] = mapped_column(Text, default="")
    #: When and where it usually sits down together, as one whole sentence by its steward; letters carry it.
    gathering: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(12), default="en")
    zone: Mapped[str | None] = mapped_column(String(60))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
