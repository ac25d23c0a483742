"""TopicChoice: how much of what neighbors write in a chapter's topics comes to a member, by mail and by text.

| by mail | what comes |
|---|---|
| each | each post as it is said |
| daily, weekly | one mail with all that is new, in the morning where they live; nothing new, no mail |
| mentions | only posts that name them ("@Jo") |
| none | nothing |

By text, which has to be asked for: `mentions`, one short text a day (`daily`), `both`, or `none`.

When a digest is due is a row (`TopicDigest`), made and taken away with the choice.
"""

from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base
from engine.base.errors import Invalid
from engine.base.local_time import first_known, next_local
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.people.consent import Channel
from engine.people.member import Member

BY_MAIL: Final = ("each", "daily", "weekly", "mentions", "none")
BY_TEXT: Final = ("none", "mentions", "daily", "both")
#: Who hears of it when a post names them.
HEARS_NAMED_BY_TEXT: Final = ("mentions", "both")
#: When a digest comes, on the member's own clock: the mail at breakfast, the text when the day is nearly done and
#: well before texting hours end.
MAIL_AT: Final = time(7, 0)
TEXT_AT: Final = time(17, 30)
#: A weekly mail comes on Saturday.
WEEKLY_ON: Final = (5,)


class TopicDigest(Base):
    """One member's next digest of one chapter by one channel: when it is due, and what it begins behind."""

    __tablename__ = "topic_digest"
    __table_args__ = (Index(None, "due_at", "member_id"), {"sqlite_with_rowid": False})

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    chapter_id: Mapped[int] = mapped_column(ForeignKey("chapter.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    created_at: Mapped[datetime]
    #: daily or weekly
    every: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[datetime]
    #: What was said up to then came before, or is not wanted.
    since_at: Mapped[datetime]


def choose_topics(
    session: Session,
    member_id: int,
    chapter_id: int,
    now: datetime,
    *,
    by_mail: str | None = None,
    by_text: str | None = None,
    how: str,
    home_zone: str = "UTC",
) -> bool:
    """Topics of the chapter come to the member as they chose; True if that is a change. None changes nothing there.

    `how` they said it; `home_zone`: the organization's, for a member whose own zone is not known. Raises Invalid for a
    choice there is not, or a member who is not in the chapter.
    """
    for wanted, known in ((by_mail, BY_MAIL), (by_text, BY_TEXT)):
        if wanted is not None and wanted not in known:
            raise Invalid(f"Topics do not come {wanted!r}. Choose one of {', '.join(known)}.")
    row = session.get(Membership, (member_id, chapter_id))
    if row is None or row.left_at is not None:
        raise Invalid("They are not in this chapter.")
    mail, text = by_mail or row.topics_by_mail, by_text or row.topics_by_text
    if (mail, text) == (row.topics_by_mail, row.topics_by_text):
        return False
    row.topics_by_mail, row.topics_by_text = mail, text
    zone = zone_of(session, member_id, chapter_id, home_zone)
    _plan(session, row, "email", mail if mail in ("daily", "weekly") else None, zone, now)
    _plan(session, row, "sms", "daily" if text in ("daily", "both") else None, zone, now)
    session.flush()
    record(
        session, member_id, "topics_chosen", "member", member_id, now,
        chapter_id=chapter_id, by_mail=mail, by_text=text, how=how,
    )  # fmt: skip
    return True


def next_digest(every: str, channel: str, zone: ZoneInfo, now: datetime) -> datetime:
    """When the next digest of this kind is due on that clock, after `now`."""
    return next_local(now, zone, TEXT_AT if channel == "sms" else MAIL_AT, WEEKLY_ON if every == "weekly" else ())


def zone_of(session: Session, member_id: int, chapter_id: int, home_zone: str) -> ZoneInfo:
    """The member's own clock, else their chapter's, else the organization's."""
    return first_known(
        (
            session.scalar(select(Member.zone).where(Member.id == member_id)),
            session.scalar(select(Chapter.zone).where(Chapter.id == chapter_id)),
            home_zone,
        )
    )


def _plan(
    session: Session, membership: Membership, channel: Channel, every: str | None, zone: ZoneInfo, now: datetime
) -> None:
    """The next digest is due at its hour, or none is; what was said before the choice had its own way already."""
    row = session.get(TopicDigest, (membership.member_id, membership.chapter_id, channel))
    if every is None:
        if row is not None:
            session.delete(row)
        return
    due = next_digest(every, channel, zone, now)
    if row is None:
        session.add(
            TopicDigest(
                member_id=membership.member_id,
                chapter_id=membership.chapter_id,
                channel=channel,
                created_at=now,
                every=every,
                due_at=due,
                since_at=now,
            )
        )
    elif row.every != every:
        row.every, row.due_at = every, due
