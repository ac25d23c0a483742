"""Texts of organizers: a text back to an alert is an answer to that conversation, or a command about it.

An organizer's phone is a member's phone too. Its text is for a conversation only while an alert about it is open, to
that phone from that number of ours (engine/outbox/alert.py); else it is a member's, as any other. With several open we
ask which one, by number, and keep the words meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.settings import Settings
from engine.conversations.assignment import may_speak
from engine.conversations.draft import Draft, keep_draft
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.outbox import sending_orders
from engine.outbox.alert import Alert, open_alerts, short
from engine.outbox.desk_receipt import text_receipt
from engine.outbox.notices import waiting_words
from engine.outbox.order import KEEPS_WORDS, OF_THEMSELVES, VERBS, Done, Order, Speaker, name_of, order_of
from engine.outbox.orders import carry_out
from engine.people.member import Member
from reply_router.filing import Entry
from reply_router.mail_words import stored
from reply_router.reading.paces import pace_of
from reply_router.reading.text_message import TextMessage
from reply_router.reading.texts import TextKind
from reply_router.text_find import TextPlace
from templates.words import read_words

WHICH = "which"
#: So long a number chooses for which conversation the words before it were.
ASKED_FOR = timedelta(hours=24)
#: What an organizer may mean for a conversation; everything else keeps its meaning for whoever has the phone.
_KINDS = (TextKind.HUMAN, TextKind.HUMAN_FLAG, TextKind.START_OR_ANSWER)
_MOST_LISTED = 6


@dataclass(frozen=True, slots=True)
class DeskText:
    """An organizer's text: what it asks for, and for which conversation; `alert` None: for one of several."""

    order: Order
    alerts: tuple[Alert, ...]
    alert: Alert | None
    #: The words that waited for the number that this text is.
    pending: Draft | None = None

    @property
    def is_command(self) -> bool:
        """Whether it holds no words for the member."""
        return self.order.verb in VERBS and not (self.order.text and self.order.verb not in KEEPS_WORDS)


def desk_text(session: Session, text: TextMessage, place: TextPlace, now: datetime) -> DeskText | None:
    """What an organizer's text is for; None: it is no answer to an alert."""
    # HELP is the carriers' word; with a # it is ours.
    is_ours = text.kind is TextKind.HELP and text.body.strip().startswith("#")
    if not (is_ours or text.kind in _KINDS) or text.trouble or not text.body.strip() or pace_of(text.body):
        return None
    if text.kind is TextKind.START_OR_ANSWER and place.stopped_since is not None:
        return None
    heard = open_alerts(session, text.from_, text.to, now)
    # An alert dies with its organizer's role there.
    alerts = [each for each in heard if may_speak(session, each.member_id, session.get_one(Thread, each.thread_id))]
    if not alerts:
        return None
    if place.asked and max(each.question.id for each in place.asked) > max(each.delivery_id for each in alerts):
        return None  # a question of ours to them as a member came later, and this answers it
    pending = _pending(session, alerts[-1].member_id, now)
    if pending is not None and (chosen := _chosen(session, pending, text.body)) is not None:
        return DeskText(order_of(pending.text), tuple(alerts), chosen, pending)
    order = order_of(stored(text.body))
    alone = len(alerts) == 1 or order.verb in OF_THEMSELVES
    return DeskText(order, tuple(alerts), alerts[-1] if alone else None)


def ask_which_conversation(
    session: Session, desk: DeskText, received: Received, text: TextMessage, settings: Settings, now: datetime
) -> Entry:
    """The words are kept, and a text asks for which of the conversations they are."""
    author = session.get_one(Member, desk.alerts[-1].member_id)
    for each in _waiting(session, author.id):
        each.argument = ""  # a number chooses for the last words alone; the ones before stand on their page
    listed = desk.alerts[:_MOST_LISTED]
    ids = ",".join(str(each.id) for each in listed)
    draft = keep_draft(session, author.id, None, stored(text.body), WHICH, now, argument=ids, received_id=received.id)
    lines = [f"{number} {_line(session, each, author, settings)}" for number, each in enumerate(listed, start=1)]
    says = read_words().say(author.language, "desk_mail.which")
    thread = session.get_one(Thread, listed[-1].thread_id)
    done = Done(says, tuple(lines), "drafted", draft)
    text_receipt(session, author, thread, done, now, key=str(received.id), phone=text.from_, our_number=text.to)
    return Entry(member_id=author.id, effect="drafted")


def file_desk_text(
    session: Session, desk: DeskText, received: Received, text: TextMessage, settings: Settings, now: datetime
) -> Entry:
    """The order is carried out, and they hear of it by text where there is something to say."""
    alert = desk.alert
    if alert is None:
        raise ValueError("nobody knows yet for which conversation it is")
    author, thread = session.get_one(Member, alert.member_id), session.get_one(Thread, alert.thread_id)
    who = Speaker(
        author, thread, settings, f"text:{received.id}", knew_at=alert.created_at, received_id=received.id, by="text"
    )
    done = carry_out(session, who, desk.order, now)
    alert.answered_at = now
    if desk.pending is not None:
        desk.pending.settled_at, desk.pending.thread_id = now, thread.id
    if text.picture_count and not done.says:
        done = Done(read_words().say(author.language, "desk_mail.attachments"), (), done.effect, None, done.delivery)
    text_receipt(
        session, author, thread, done, now, key=str(received.id), phone=text.from_, our_number=text.to,
        tells_of_pause=desk.order.verb in sending_orders.VERBS,
    )  # fmt: skip
    return Entry(thread, done.message, thread.member_id, done.effect)


def _pending(session: Session, author_id: int, now: datetime) -> Draft | None:
    return next((each for each in _waiting(session, author_id) if each.created_at > now - ASKED_FOR), None)


def _waiting(session: Session, author_id: int) -> Sequence[Draft]:
    return session.scalars(
        select(Draft)
        .where(Draft.author_id == author_id, Draft.settled_at.is_(None), Draft.why == WHICH, Draft.argument != "")
        .order_by(Draft.id.desc())
    ).all()


def _chosen(session: Session, pending: Draft, body: str) -> Alert | None:
    said = body.strip(" .)#")
    ids = pending.argument.split(",")
    if not said.isdecimal() or not 1 <= int(said[:3]) <= len(ids):
        return None
    return session.get(Alert, int(ids[int(said) - 1]))


def _line(session: Session, alert: Alert, author: Member, settings: Settings) -> str:
    thread = session.get_one(Thread, alert.thread_id)
    words = waiting_words(session, thread)
    name = name_of(session, Speaker(author, thread, settings, ""))
    return f'{name}: "{short(words[-1].text)}"' if words else name
