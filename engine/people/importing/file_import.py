"""FileImport and Origin: a file of people that was brought in, and which row of it a member came from."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


class FileImport(Base):
    """One file brought in. Without `finished_at` it was interrupted, unless it is running just now."""

    __tablename__ = "file_import"
    __table_args__ = (Index(None, "file_name"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    file_name: Mapped[str] = mapped_column(String(200))
    #: plain, action-network or mobilize.
    recipe: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(120))
    #: The header's words as they stood in the file: under these terms people are here.
    header: Mapped[list[str]]
    #: Rows to bring in, and those that are in.
    rows: Mapped[int]
    done_rows: Mapped[int] = mapped_column(default=0)
    #: {"total", "new", "update", "same", "refused"}
    totals: Mapped[dict[str, Any]]
    finished_at: Mapped[datetime | None]


class Origin(Base):
    """Which row of which file told us last of a member, and what files have told so far.

    A value that a file told may be replaced by a newer file while nobody changed it here; one that was changed or taken
    away here is the member's own, and no file brings it back.
    """

    __tablename__ = "origin"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    created_at: Mapped[datetime]
    import_id: Mapped[int] = mapped_column(ForeignKey("file_import.id"))
    row: Mapped[int]
    #: Field to value; lists for emails, phones and tags, an object for custom fields.
    said: Mapped[dict[str, Any]]
