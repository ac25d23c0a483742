"""SignUp: somebody asked to be with us, at an address that has not yet said yes itself (double opt-in).

The row is written alike for every address, and looked at only afterwards: the page that takes it cannot tell, by words
or by time, who is a member. Whoever typed it may be anybody, so one mail or text asks at the address itself, and
nothing more goes there until the answer comes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id
from engine.people.consent import Channel

#: The job that asks at the address.
ASK_TO_CONFIRM = "inbound.join"
#: How long a yes is taken; later they sign up again.
GOOD_FOR = timedelta(days=7)
#: One address is asked once in this time, by whatever way and however often its sign-up is sent.
ONCE_IN = timedelta(days=1)
#: So many addresses are asked for one network within a day: a library's reading room, not a list to bomb.
MOST_OF_A_NETWORK = 40


class SignUp(Base):
    """One asking to be with us."""

    __tablename__ = "sign_up"
    __table_args__ = (
        Index(None, "address", "created_at"),
        Index(None, "network_address", "asked_at"),
        Index(None, "delivery_id"),
        Index("ix_sign_up_new", "id", sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'")),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: How it is confirmed: by a mail's button or answer, or by a text's YES.
    channel: Mapped[str] = mapped_column(String(8))
    #: A mail address in lower case, or a phone in E.164.
    address: Mapped[str] = mapped_column(String(320))
    #: `form`, `mail`, or `page`: a member's own page, for one more phone.
    way: Mapped[str] = mapped_column(String(8))
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    name: Mapped[str] = mapped_column(String(200), default="")
    postal_code: Mapped[str] = mapped_column(String(16), default="")
    language: Mapped[str] = mapped_column(String(12), default="en")
    #: The words of consent exactly as they were shown.
    shown: Mapped[str] = mapped_column(Text, default="")
    #: A phone given beside the mail address, in E.164: it is asked once the mail is confirmed, and only where the box
    #: for texts was ticked, beside these words.
    phone: Mapped[str] = mapped_column(String(20), default="")
    texts_shown: Mapped[str] = mapped_column(Text, default="")
    network_address: Mapped[str] = mapped_column(String(45), default="")
    received_id: Mapped[int | None]
    #: new; asked; known: a member was told how to change their details; held: the limits were in the way; confirmed;
    #: over.
    state: Mapped[str] = mapped_column(String(10), default="new")
    asked_at: Mapped[datetime | None]
    #: The mail or text that asked.
    delivery_id: Mapped[int | None]
    confirmed_at: Mapped[datetime | None]
    #: Who they became; of a `page`, whose phone it is.
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    until_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wrote when they asked to be with us, and where."""

    channel: Channel
    address: str
    way: str
    shown: str
    name: str = ""
    postal_code: str = ""
    language: str = "en"
    chapter_id: int | None = None
    phone: str = ""
    texts_shown: str = ""
    network_address: str = ""
    received_id: int | None = None
    member_id: int | None = None


def ask_to_join(session: Session, wanted: Wanted, now: datetime) -> SignUp:
    """The asking is kept; nobody was looked up. Whoever calls wakes ASK_TO_CONFIRM."""
    row = SignUp(
        id=new_id(),
        created_at=now,
        channel=wanted.channel,
        address=wanted.address,
        way=wanted.way,
        chapter_id=wanted.chapter_id,
        name=wanted.name[:200],
        postal_code=wanted.postal_code[:16],
        language=wanted.language,
        shown=wanted.shown,
        phone=wanted.phone,
        texts_shown=wanted.texts_shown,
        network_address=wanted.network_address,
        received_id=wanted.received_id,
        member_id=wanted.member_id,
        state="new",
        until_at=now + GOOD_FOR,
    )
    session.add(row)
    session.flush()
    return row


def may_ask(session: Session, row: SignUp, now: datetime) -> bool:
    """Whether the limits let a mail or text go to this address for it: once a day, and so many for one network."""
    since = now - ONCE_IN
    asked_before = select(func.count()).where(
        SignUp.address == row.address, SignUp.created_at > since - GOOD_FOR, SignUp.asked_at > since
    )
    if session.scalar(asked_before):
        return False
    if not row.network_address:
        return True
    of_network = select(func.count()).where(SignUp.network_address == row.network_address, SignUp.asked_at > since)
    return (session.scalar(of_network) or 0) < MOST_OF_A_NETWORK


def asked_at_phone(session: Session, phone: str, now: datetime) -> SignUp | None:
    """The sign-up that this phone was asked about last, if its yes would still be taken."""
    row = session.scalar(
        select(SignUp)
        .where(SignUp.address == phone, SignUp.channel == "sms")
        .order_by(SignUp.created_at.desc(), SignUp.id.desc())
        .limit(1)
    )
    return row if row is not None and is_open(row, now) else None


def asked_by(session: Session, delivery_id: int) -> SignUp | None:
    """The sign-up that this letter or text of ours asked about, whatever became of it."""
    return session.scalar(select(SignUp).where(SignUp.delivery_id == delivery_id).limit(1))


def is_open(row: SignUp, now: datetime) -> bool:
    """Whether a yes is still awaited."""
    return row.state == "asked" and row.until_at > now


def forget_unanswered(session: Session, now: datetime) -> None:
    """What was never confirmed is gone once its yes would not be taken: those addresses are nobody's here."""
    session.execute(delete(SignUp).where(SignUp.until_at < now, SignUp.state != "confirmed"))


def new_sign_ups(session: Session, now: datetime) -> list[int | None]:
    """The ids of what nobody has looked at yet."""
    return list(session.scalars(select(SignUp.id).where(SignUp.state == "new").limit(200)))
