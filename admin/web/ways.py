"""Ways: by what an answer may go to somebody, by mail or by text, and what is to be known before it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from admin.web.people import About
from engine.base.settings import Settings
from engine.conversations.thread import Thread
from engine.outbox.answering import last_channel
from engine.outbox.text_answer import TextAnswer, size_of, text_answer
from engine.people.member import Member
from engine.people.texting import Untextable
from templates.web.reader import Reader

Channel = Literal["email", "sms"]
#: What a text sent at once, or in the morning, is called in the form.
NOW, LATER = "sms-now", "sms-later"


@dataclass(frozen=True, slots=True)
class Press:
    """One button: what it says, and what the form sends with it."""

    word: str
    value: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way an answer can go."""

    channel: Channel
    word: str
    how: str
    presses: list[Press]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Ways:
    """Every way that is open, and a sentence for each that is not and might have been expected."""

    open: list[Way]
    closed: list[str]
    #: Why a way that is not open is closed, by its channel.
    why: Mapping[str, str]
    #: When a text that is not sent at once would leave; None: it leaves at once.
    opens_at: datetime | None
    phone: str | None

    def way(self, channel: str) -> Way | None:
        """That way, if it is open."""
        return next((way for way in self.open if way.channel == channel), None)

    @property
    def chosen(self) -> Way | None:
        """The way they last wrote by, else the other."""
        return next((way for way in self.open if way.chosen), None)


def ways(
    session: Session,
    thread: Thread,
    pane: About | None,
    called: str,
    reader: Reader,
    settings: Settings,
    *,
    wanted: str = "",
) -> Ways:
    """How an answer in this conversation could go; `wanted`, else the way they last wrote by, comes chosen."""
    member = pane.profile.member if pane else None
    zone = pane.zone if pane else None
    text = text_answer(session, thread, settings.sms, reader.now)
    wrote_by = last_channel(session, thread)
    no_mail, no_text = _no_mail(thread, pane, called, reader, wrote_by), _no_text(text, called, reader)
    found: list[Way] = []
    if no_mail is None:
        how = _where("email", called, member, zone, reader)
        found.append(
            Way(
                "email",
                reader.say("conversation.way_email"),
                how,
                [Press(reader.say("conversation.send_email", name=called), "email")],
                chosen=False,
            )
        )
    if no_text is None and text.phone is not None:
        found.append(_by_text(text, called, member, zone, reader))
    last = wanted or wrote_by
    first = next((way.channel for way in found if way.channel == last), found[0].channel if found else None)
    return Ways(
        open=[Way(way.channel, way.word, way.how, way.presses, way.channel == first) for way in found],
        # One way that works needs no word about the other, unless it is the one they wrote by.
        closed=[says for says in (no_mail, no_text) if says and (not found or _is_news(text, says, no_text))],
        why={channel: says for channel, says in (("email", no_mail), ("sms", no_text)) if says},
        opens_at=text.opens_at,
        phone=text.phone,
    )


def size_says(
    session: Session, thread: Thread, text: str, phone: str | None, author: str, reader: Reader, settings: Settings
) -> str:
    """How many segments these words are and what they cost, in a sentence; empty for no words."""
    if not text.strip():
        return ""
    member = session.get(Member, thread.member_id) if thread.member_id is not None else None
    size = size_of(session, text, phone, author, member.language if member else "en", settings)
    said = [reader.say("conversation.segments", count=size.segments, cost=_money(size.cost, settings.sms.currency))]
    if size.introduced:
        said.append(reader.say("conversation.introduced"))
    if size.outside and size.segments > 1:
        said.append(reader.say("conversation.outside", signs=" ".join(size.outside[:6])))
    return " ".join(said)


def _by_text(text: TextAnswer, called: str, member: Member | None, zone: ZoneInfo | None, reader: Reader) -> Way:
    how = _where("sms", called, member, zone, reader)
    if text.opens_at is None:
        if text.has_hour:
            presses = [Press(reader.say("conversation.send_sms", name=called), "sms")]
        else:
            how += " " + reader.say("conversation.no_hour", name=called)
            presses = [Press(reader.say("conversation.send_sms_now", name=called), NOW)]
        return Way("sms", reader.say("conversation.way_sms"), how, presses, chosen=False)
    opens = reader.moment(text.opens_at, zone) if zone else reader.moment(text.opens_at)
    key = "conversation.outside_hours" if zone else "conversation.outside_hours_unknown"
    how += " " + reader.say(key, name=called)
    presses = [
        Press(reader.say("conversation.send_sms_later", when=opens), LATER),
        Press(reader.say("conversation.send_sms_now", name=called), NOW),
    ]
    return Way("sms", reader.say("conversation.way_sms"), how, presses, chosen=False)


def _where(channel: Channel, called: str, member: Member | None, zone: ZoneInfo | None, reader: Reader) -> str:
    by = f"conversation.by_{channel}"
    if member is None or zone is None:
        return reader.say(f"{by}_plain", name=called)
    said = member.pronouns.strip().lower().partition("/")[0]
    return reader.say(
        f"{by}_to_{said if said in ('she', 'he') else 'they'}", name=called, time=reader.time(reader.now, zone)
    )


def _no_mail(thread: Thread, pane: About | None, called: str, reader: Reader, last: str | None) -> str | None:
    if pane is None:
        return None if "@" in thread.correspondent else reader.say("conversation.no_address", name=called)
    if "email" in pane.profile.stopped:
        return reader.say("conversation.stopped", name=called)
    mail = [reach for reach in pane.profile.reaches if reach.kind == "email"]
    if any(not reach.rests for reach in mail):
        return None
    # Whoever wrote by mail after their address began to rest has it again; the gate says the same.
    wrote_at = thread.last_in_at if last == "email" else None
    if wrote_at is not None and any(reach.since is not None and reach.since < wrote_at for reach in mail):
        return None
    return reader.say("conversation.no_address", name=called)


def _no_text(text: TextAnswer, called: str, reader: Reader) -> str | None:
    match text.trouble:
        case None:
            return None
        case Untextable.NO_PHONE | Untextable.NOT_SET_UP:
            return reader.say("conversation.no_phone", name=called)
        case trouble:
            return reader.say(f"conversation.text_{trouble}", name=called)


def _is_news(text: TextAnswer, says: str, no_text: str | None) -> bool:
    """Whether somebody who answers by mail should know why no text can go: there is a phone, and it could have been."""
    return says == no_text and text.trouble in (Untextable.STOPPED, Untextable.LANDLINE, Untextable.RESTS)


def _money(amount: Decimal, currency: str) -> str:
    """A small sum with as many places as say something: $0.0083, $0.02, 0.0145 EUR."""
    places = f"{amount:.4f}".rstrip("0")
    if len(places.partition(".")[2]) < 2:
        places = f"{amount:.2f}"
    return in_currency(places, currency)


def in_currency(figure: str, currency: str) -> str:
    """A figure with the sign of its money: $0.02, 0.0145 EUR."""
    return f"${figure}" if currency == "USD" else f"{figure} {currency}"
