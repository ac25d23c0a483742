"""LinkRequest: somebody typed a mail address or a phone and asked for the way to their own page.

The row is written alike for every address, and looked at only afterwards: the page that takes it cannot tell, by words
or by time, who is a member.
"""

from datetime import datetime, timedelta

from sqlalchemy import Index, String, delete, exists, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id

#: The job that looks at an asking.
ANSWER_LINK_REQUEST = "inbound.link"
#: One link per address in this time, however often it is asked for.
ONCE_IN = timedelta(minutes=5)
#: One text per phone in this time, for texts cost money and ring: as long as the link in it opens.
ONCE_IN_BY_TEXT = timedelta(hours=2)
#: How long a settled row is kept: as long as it may hold back another.
KEPT_FOR = timedelta(days=1)


class LinkRequest(Base):
    """One asking; `settled_at` once it was looked at."""

    __tablename__ = "link_request"
    __table_args__ = (
        Index(None, "address", "created_at"),
        Index(
            "ix_link_request_unsettled",
            "id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: As it is known of members: a mail address, or a phone in E.164.
    address: Mapped[str] = mapped_column(String(320))
    network_address: Mapped[str] = mapped_column(String(45), default="")
    settled_at: Mapped[datetime | None]
    #: Set when it was not held back by another; of an unknown address too.
    answered_at: Mapped[datetime | None]

    @property
    def is_phone(self) -> bool:
        """Whether a phone was typed."""
        return self.address.startswith("+")


def ask_for_link(session: Session, address: str, network_address: str, now: datetime) -> LinkRequest:
    """The asking is kept; nobody was looked up."""
    row = LinkRequest(id=new_id(), created_at=now, address=address, network_address=network_address)
    session.add(row)
    session.flush()
    return row


def settle_link_request(session: Session, row: LinkRequest, now: datetime) -> bool:
    """The asking is settled; True if it is to be answered, False if its address was answered a moment ago."""
    before = select(LinkRequest.id).where(
        LinkRequest.address == row.address,
        LinkRequest.id < row.id,
        LinkRequest.created_at > row.created_at - (ONCE_IN_BY_TEXT if row.is_phone else ONCE_IN),
        or_(LinkRequest.answered_at.is_not(None), LinkRequest.settled_at.is_(None)),
    )
    held_back = session.scalar(select(exists(before)))
    row.settled_at = now
    row.answered_at = None if held_back else now
    session.execute(
        delete(LinkRequest).where(LinkRequest.settled_at.is_not(None), LinkRequest.created_at < now - KEPT_FOR)
    )
    return not held_back


def open_link_requests(session: Session, now: datetime) -> list[int | None]:
    """The ids of what nobody has looked at yet."""
    return list(session.scalars(select(LinkRequest.id).where(LinkRequest.settled_at.is_(None)).limit(200)))
