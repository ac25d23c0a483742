"""RelayedPicture: a picture that came with a post, drawn anew and made small before anybody else gets it (law 8)."""

from datetime import datetime

from sqlalchemy import LargeBinary, SmallInteger, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base

#: Pictures of one post that are passed on.
MOST: int = 3
#: Bytes of one of them: what a phone on a slow net gets in some seconds.
MOST_BYTES: int = 300_000
#: Its longer side, in points.
LONGEST_SIDE: int = 1_280
#: In a larger chapter pictures are named and not passed on: a thousand copies of a megabyte are a relay's whole day.
MOST_READERS: int = 500


class RelayedPicture(Base):
    """One picture of one post, as all its readers get it."""

    __tablename__ = "relayed_picture"

    #: The post.
    message_id: Mapped[int] = mapped_column(primary_key=True)
    #: 0 for the first of the post.
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    created_at: Mapped[datetime]
    content_type: Mapped[str] = mapped_column(String(40))
    body: Mapped[bytes] = mapped_column(LargeBinary)


def pictures_of(session: Session, message_ids: list[int]) -> dict[int, list[RelayedPicture]]:
    """The pictures of these posts, in their order."""
    found: dict[int, list[RelayedPicture]] = {}
    query = select(RelayedPicture).where(RelayedPicture.message_id.in_(message_ids))
    for row in session.scalars(query.order_by(RelayedPicture.message_id, RelayedPicture.place)):
        found.setdefault(row.message_id, []).append(row)
    return found
