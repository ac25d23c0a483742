"""Receipt: an organizer hears what became of their words or their command; so often, and no oftener."""

from datetime import datetime, timedelta

from sqlalchemy import Index, func, select
from sqlalchemy.orm import Mapped, Session

from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.base.tokens import Purpose
from engine.conversations.draft import Draft
from engine.conversations.thread import Thread
from engine.outbox.delivery import TELLS_OF_PAUSE, Delivery
from engine.outbox.notices import Bell
from engine.outbox.order import UNKNOWN, Done
from engine.outbox.orders import CLOSED, LATE, OWN_ADDRESS
from engine.outbox.post import staff_notice, staff_text
from engine.people.member import Member

#: Receipts to one organizer a day, and within an hour about one conversation (DESIGN.md section 3).
MOST_A_DAY, MOST_AN_HOUR = 20, 5
#: The link of a draft is good for so long; afterwards its button stands in the admin.
PRESS_FOR = timedelta(days=7)
UNPROVEN = "unproven"
#: Drafts that one press sends.
PRESSED = frozenset({UNPROVEN, LATE, CLOSED, OWN_ADDRESS, UNKNOWN})


class DeskReceipt(Base):
    """One receipt to one organizer."""

    __tablename__ = "desk_receipt"
    __table_args__ = (Index(None, "member_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int]
    thread_id: Mapped[int]


def receipt(
    session: Session,
    reader: Member,
    thread: Thread,
    done: Done,
    bell: Bell,
    now: datetime,
    *,
    key: str,
    in_thread: bool = True,
    tells_of_pause: bool = False,
) -> Delivery | None:
    """They are told by mail; None where nothing is to be said, or they heard often enough.

    `in_thread`: what they answer is for whoever the conversation is with; else it is for us. `tells_of_pause`: it
    is the receipt of an order to pause everything or to go on, and leaves while everything else is paused.
    """
    if not _goes(session, reader, thread, done, now):
        return None
    lines = list(done.lines)
    data: dict[str, object] = {"receipt": {"says": done.says, "lines": lines or _words_of(done.draft)}}
    if tells_of_pause:
        data[TELLS_OF_PAUSE] = True
    if done.draft is not None and done.draft.why in PRESSED:
        data["links"] = {"press": press_link(bell, done.draft, now)}
    thread_id = thread.id if in_thread else None
    return staff_notice(session, reader.id, "desk_receipt", data, now, key=f"receipt:{key}", thread_id=thread_id)


def text_receipt(
    session: Session,
    reader: Member,
    thread: Thread,
    done: Done,
    now: datetime,
    *,
    key: str,
    phone: str,
    our_number: str,
    tells_of_pause: bool = False,
) -> Delivery | None:
    """The same by text, to the phone that texted, from the number it wrote to."""
    if not _goes(session, reader, thread, done, now):
        return None
    data: dict[str, object] = {"receipt": {"says": done.says, "lines": list(done.lines)}}
    if tells_of_pause:
        data[TELLS_OF_PAUSE] = True
    return staff_text(
        session, phone, reader.id, "sms/desk_receipt", data, now, key=f"receipt:{key}", thread_id=thread.id,
        our_number=our_number,
    )  # fmt: skip


def press_link(bell: Bell, draft: Draft, now: datetime) -> str:
    """The page with the draft and its one button; it changes nothing by being opened."""
    token = bell.tokens.sign_link(Purpose.STAFF_PRESS, draft.id, draft.author_id, now + PRESS_FOR)
    return f"{bell.settings.doors.admin_url.rstrip('/')}/press/{token}"


def _words_of(draft: Draft | None) -> list[str]:
    """What waits, as it was written: the command of its first line, and the words."""
    if draft is None:
        return []
    command = f"#{draft.verb} {draft.argument}".strip() if draft.verb not in ("", UNKNOWN) else ""
    return [*([command] if command else []), *draft.text.splitlines()]


def _goes(session: Session, reader: Member, thread: Thread, done: Done, now: datetime) -> bool:
    if not done.says or _enough(session, reader.id, thread.id, now):
        return False
    session.add(DeskReceipt(id=new_id(), created_at=now, member_id=reader.id, thread_id=thread.id))
    return True


def _enough(session: Session, member_id: int, thread_id: int, now: datetime) -> bool:
    theirs = select(func.count()).where(DeskReceipt.member_id == member_id)
    today = session.scalar(theirs.where(DeskReceipt.created_at > now - timedelta(days=1))) or 0
    here = session.scalar(
        theirs.where(DeskReceipt.created_at > now - timedelta(hours=1), DeskReceipt.thread_id == thread_id)
    )
    return today >= MOST_A_DAY or (here or 0) >= MOST_AN_HOUR
