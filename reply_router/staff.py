"""Staff mail: an organizer answers a notice from their own mail program.

Proven to be from an address of theirs, their words go out at once and a command of the first line is carried out
(engine/outbox/orders.py). Unproven, nothing is done on the word of a From line: it waits as a draft, and whoever it
says it is from gets one mail, at their address on file, with one press to send (law 9).
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.tokens import Purpose, TokenRing
from engine.conversations.assignment import may_speak
from engine.conversations.notice import Told
from engine.conversations.thread import Thread
from engine.outbox import sending_orders
from engine.outbox.delivery import Delivery
from engine.outbox.desk_receipt import UNPROVEN, receipt
from engine.outbox.letter import delivery_of
from engine.outbox.notices import Bell
from engine.outbox.order import OF_THEMSELVES, Done, Speaker, order_of
from engine.outbox.orders import as_draft, carry_out
from engine.people.member import Member
from reply_router.addresses import Aim, Signed
from reply_router.answers.words import adds_nothing
from reply_router.filing import Entry
from reply_router.mail_words import Mail, folded_of, stored
from reply_router.reading import Reading
from reply_router.sender import Sender
from templates.words import read_words


def organizer_of(session: Session, aim: Aim, sender: Sender) -> Member | None:
    """The organizer whom a staff address was made for, if they wrote from an address of theirs and may answer there."""
    if not isinstance(aim, Signed) or aim.token.purpose is not Purpose.STAFF_REPLY:
        return None
    thread = session.get(Thread, aim.token.subject_id)
    if thread is None or aim.token.member_id not in sender.member_ids:
        return None
    return session.get(Member, aim.token.member_id) if may_speak(session, aim.token.member_id, thread) else None


def file_staff_mail(session: Session, mail: Mail, bell: Bell, now: datetime) -> Entry:
    """The organizer's order is carried out or waits for their press; they hear of it where that says something."""
    case = mail.case
    if not isinstance(case.aim, Signed) or case.organizer_id is None:
        raise ValueError("only a staff address's own organizer answers by mail")
    thread = session.get_one(Thread, case.aim.token.subject_id)
    author = session.get_one(Member, case.organizer_id)
    order = order_of(stored(mail.reading.text))
    if order.verb in OF_THEMSELVES and adds_nothing(order.text, [author.name, author.first_name]):
        order = replace(order, text="")
    who = Speaker(
        author, thread, bell.settings, f"mail:{mail.received.id}",
        knew_at=_knew_at(session, mail.reading, thread, author.id, bell.tokens), received_id=mail.received.id,
        by="mail",
    )  # fmt: skip
    if not order.verb and not order.text:
        done = Done(_word(author, "nothing_said"))
    elif case.proof.proven:
        done = carry_out(session, who, order, now)
        if mail.reading.attachments and done.effect == "answered":
            done = Done(_word(author, "attachments"), (), done.effect, None, done.delivery, done.message)
    else:
        done = as_draft(session, who, order, UNPROVEN, now)
    if done.message is not None:
        done.message.folded = folded_of(mail.reading)
        done.message.detail = {**done.message.detail, "rule": mail.rule.name, "by_mail": True}
    of_pause = order.verb in sending_orders.VERBS
    receipt(session, author, thread, done, bell, now, key=str(mail.received.id), tells_of_pause=of_pause)
    return Entry(thread, done.message, thread.member_id, done.effect)


def _knew_at(session: Session, reading: Reading, thread: Thread, author_id: int, tokens: TokenRing) -> datetime | None:
    """When they were told what they answer: the notice they reply to, else the last one we sent them."""
    for identifier in (*reading.in_reply_to, *reversed(reading.references)):
        delivery_id = delivery_of(tokens, identifier)
        notice = session.get(Delivery, delivery_id) if delivery_id is not None else None
        if notice is not None and notice.member_id == author_id and notice.thread_id == thread.id:
            return notice.created_at
    told = session.get(Told, (thread.id, author_id))
    return told.told_at if told is not None else None


def _word(author: Member, key: str) -> str:
    return read_words().say(author.language, f"desk_mail.{key}")
