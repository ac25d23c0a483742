"""Picture: what came with a text, fetched from the provider after the text itself was safe."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id

#: In the detail of a message: how many pictures came with its text.
PICTURES_BY_TEXT = "pictures"


class ReceivedPicture(Base):
    """One picture of one received text. Until it is fetched, `body` is None and `due_at` says when it is tried."""

    __tablename__ = "received_picture"
    __table_args__ = (
        Index("uq_received_picture", "received_id", "place", unique=True),
        Index(
            "ix_received_picture_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    received_id: Mapped[int]
    message_id: Mapped[int | None]
    #: 0 for the first of the text.
    place: Mapped[int] = mapped_column(SmallInteger)
    url: Mapped[str] = mapped_column(String(500))
    content_type: Mapped[str] = mapped_column(String(80), default="")
    size: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: Why it is not shown, in words.
    refusal: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    due_at: Mapped[datetime | None]
