"""TextSignUp: somebody joining by text: a keyword, then their name, then their ZIP."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class TextSignUp(Base):
    """How far a phone has come in joining; at most one that is open per phone."""

    __tablename__ = "text_sign_up"
    __table_args__ = (Index(None, "phone", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    phone: Mapped[str] = mapped_column(String(20))
    our_number: Mapped[str] = mapped_column(String(40))
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    language: Mapped[str] = mapped_column(String(12), default="en")
    #: What was asked last: `name` or `place`; `done` once they are a member, `over` when they let it lie.
    state: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200), default="")
    #: The words of consent exactly as they were shown.
    shown: Mapped[str] = mapped_column(Text, default="")
    received_id: Mapped[int | None]
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    until_at: Mapped[datetime]
