"""Look: until when the provider's own list of received texts was compared with what came in at our doors."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base


class TextLook(Base):
    """One number of ours, and up to when everything that came in to it is known to be here."""

    __tablename__ = "text_look"

    our_number: Mapped[str] = mapped_column(String(40), primary_key=True)
    created_at: Mapped[datetime]
    looked_at: Mapped[datetime]
    #: Since when texts wait for the provider to say where their pictures are; None: none waits.
    held_since_at: Mapped[datetime | None]
