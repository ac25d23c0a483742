"""Talk: a conversation between a member and a person here that took place elsewhere, as that person wrote it down."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.enrollments.signal import signal
from engine.people.member import in_contact
from engine.people.path import Evidence, erase_outlook, is_outlook, move

#: Where people talk.
CHANNELS = ("phone", "in_person", "text", "email", "letter")
#: How far ahead of our clock somebody's own may be.
_AHEAD = timedelta(minutes=10)


class Talk(Base):
    """One conversation, with the member's words as whoever talked with them remembers them."""

    __tablename__ = "talk"
    __table_args__ = (Index(None, "member_id", "at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: When they talked.
    at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    channel: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text)


def log_talk(
    session: Session,
    member_id: int,
    by_id: int,
    channel: str,
    words: str,
    at: datetime,
    now: datetime,
    *,
    outlook: tuple[str, str] | None = None,
) -> Talk:
    """The conversation is kept; with `outlook` (path, stage) it moved the member's outlook, and their words say why.

    Raises Invalid for a time to come, a channel nobody talks by, or no words.
    """
    if channel not in CHANNELS:
        raise Invalid("Say how you talked.")
    if not words.strip():
        raise Invalid("Write down what they said, in their words.")
    if at > now + _AHEAD:
        raise Invalid("That day is still to come.")
    if outlook is not None and not is_outlook(outlook[0]):
        raise Invalid("A conversation moves an outlook; where somebody belongs is theirs to accept.")
    talk = Talk(
        id=new_id(), created_at=now, at=at, member_id=member_id, by_id=by_id, channel=channel, words=words.strip()
    )
    session.add(talk)
    session.flush()
    in_contact(session, member_id, at)
    record(session, by_id, "talk_logged", "member", member_id, now, talk_id=talk.id)
    if outlook is not None:
        path, stage = outlook
        rests_on = Evidence(talk_id=talk.id)
        if move(session, member_id, path, stage, talk.words, now, by_id=by_id, rests_on=rests_on) is not None:
            signal(session, "stage_moved", member_id, now, path=path, to=stage)
    return talk


def talks(session: Session, member_id: int, most: int = 20) -> list[Talk]:
    """What was logged, the latest first."""
    query = select(Talk).where(Talk.member_id == member_id).order_by(Talk.at.desc(), Talk.id.desc()).limit(most)
    return list(session.scalars(query))


def erase_outlook_and_words(session: Session, member_id: int, path: str, now: datetime) -> None:
    """The outlook is erased, and so are the words of the conversations that it rested on; that we talked stays."""
    gone = erase_outlook(session, member_id, path, now)
    if gone:
        session.execute(update(Talk).where(Talk.id.in_(gone), Talk.member_id == member_id).values(words=""))
