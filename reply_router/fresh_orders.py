"""Fresh orders: `#pause everything` and `#resume everything` in a mail that answers no notice of ours.

Whoever sees that something is wrong writes to any address of ours; the order stands in a first line of its own, or is
the subject. Proven to be from somebody who is staff of the whole organization it is carried out
(engine/outbox/sending_orders.py); unproven it waits for one press (law 9). Whoever else has a role here is told whose
it is to say, and their words go to the national desk. Anybody else's mail is a mail like any other.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from engine.chapters.membership import roles_of
from engine.conversations.assignment import assign, desk_for
from engine.conversations.closure import close
from engine.conversations.message import file_words_in
from engine.conversations.thread import Thread, is_mine, open_person_thread
from engine.outbox.delivery import Delivery
from engine.outbox.desk_receipt import UNPROVEN, receipt
from engine.outbox.notices import Bell
from engine.outbox.order import Done, Speaker, order_of
from engine.outbox.orders import as_draft
from engine.outbox.sending_orders import VERBS, is_whole, sending_order
from engine.people.member import Member
from reply_router.answers.words import adds_nothing
from reply_router.case import FreshOrder
from reply_router.content import file_once, key_of
from reply_router.filing import Entry, filed_before, open_talk
from reply_router.mail_words import Mail, folded_of, stored, words_of
from reply_router.place import Place
from reply_router.reading import Kind, Reading
from reply_router.sender import Sender, living
from templates.words import read_words

#: What the refused one's conversation says of why somebody at the desk has it.
_WHY = "is staff of the whole organization, and the order is theirs to give"


def fresh_order_in(session: Session, reading: Reading, sender: Sender) -> FreshOrder | None:
    """The order in this mail, of somebody who has a role here; None for every other mail."""
    if reading.kind is not Kind.HUMAN or not sender.member_ids:
        return None
    order = order_of(stored(reading.text))
    if order.verb not in VERBS:
        order = replace(order_of(stored(reading.subject or "")), text=stored(reading.text).strip())
    if order.verb not in VERBS:
        return None
    people = [person for each in sender.member_ids if (person := living(session, each)) is not None]
    roles = {person.id: roles_of(session, person.id) for person in people}
    staff = next((each for each in people if (None, "staff") in roles[each.id]), None)
    author = staff or next((each for each in people if roles[each.id]), None)
    if author is None or (staff is None and not is_whole(order)):
        return None
    return FreshOrder(order, author.id, author.called, staff is not None, len(sender.member_ids) == 1)


def file_fresh_order(session: Session, mail: Mail, bell: Bell, now: datetime) -> Entry:
    """The order is carried out, waits for a press, or is not theirs to give; they hear which. Once for one mail."""
    given = mail.case.fresh_order
    if given is None:
        raise ValueError("it holds no order")
    # The same mail to two of our addresses, or again after it was lifted, is one order.
    first = file_once(session, key_of("order", given.author_id, mail.fingerprint), mail.received.id, now)
    if first is not None:
        return replace(filed_before(session, first), same_as=first)
    author = session.get_one(Member, given.author_id)
    # Whatever of ours it came to or answers, it stands in their own conversation.
    place = Place("chapter", member=author, known=True, subject=mail.reading.subject or "")
    mail = replace(mail, case=replace(mail.case, place=place))
    if not given.is_staff:
        return _refused(session, mail, author, bell, now)
    thread, is_new = _conversation(session, mail, author, now)
    if mail.case.proof.proven and given.is_alone:
        entry = _carried_out(session, mail, given, author, thread, bell, now)
    else:
        entry = _waits(session, mail, given, author, thread, bell, now)
    if is_new and thread.waits_since is None:
        close(session, thread, None, now, "nothing in it waits for a person")
    return entry


def _carried_out(
    session: Session, mail: Mail, given: FreshOrder, author: Member, thread: Thread, bell: Bell, now: datetime
) -> Entry:
    word, effect = sending_order(session, author.id, given.order, "mail", now)
    done = Done(read_words().say(author.language, f"desk_mail.{word}"), (), effect)
    told = _tell(session, mail, author, thread, done, bell, now)
    # Why it is paused stands with the pause. Words below anything else, and what nobody was told of, are for a person.
    more = given.order.verb != "pause" and not adds_nothing(given.order.text, [author.name, author.first_name])
    waits = more or (told is None and not effect)
    message = file_words_in(session, thread, words_of(mail), now, waits=waits, answer_within=mail.answer_within)
    if waits and thread.responsible_id is None:
        assign(session, thread, desk_for(session, None, now, besides=(author.id,)), None, _WHY, now)
    return Entry(thread, message, author.id, effect)


def _waits(
    session: Session, mail: Mail, given: FreshOrder, author: Member, thread: Thread, bell: Bell, now: datetime
) -> Entry:
    who = Speaker(author, thread, bell.settings, f"mail:{mail.received.id}", received_id=mail.received.id, by="mail")
    done = as_draft(session, who, given.order, UNPROVEN, now)
    if done.message is not None:
        done.message.folded = folded_of(mail.reading)
        done.message.detail = {**done.message.detail, "rule": mail.rule.name, "by_mail": True}
    _tell(session, mail, author, thread, done, bell, now)
    return Entry(thread, done.message, author.id, done.effect)


def _refused(session: Session, mail: Mail, author: Member, bell: Bell, now: datetime) -> Entry:
    """A conversation of its own at the national desk, so that whoever may do it reads why it was asked for."""
    thread = open_talk(session, mail, now, chapter_id=None, linked=True)
    message = file_words_in(session, thread, words_of(mail), now, waits=True, answer_within=mail.answer_within)
    desk = desk_for(session, None, now, besides=(author.id,))
    if desk is not None:
        assign(session, thread, desk, None, _WHY, now)
    done = Done(read_words().say(author.language, "desk_mail.pause_passed_on"))
    _tell(session, mail, author, thread, done, bell, now)
    return Entry(thread, message, author.id)


def _tell(
    session: Session, mail: Mail, author: Member, thread: Thread, done: Done, bell: Bell, now: datetime
) -> Delivery | None:
    key = str(mail.received.id)
    return receipt(session, author, thread, done, bell, now, key=key, in_thread=False, tells_of_pause=True)


def _conversation(session: Session, mail: Mail, author: Member, now: datetime) -> tuple[Thread, bool]:
    """Their open conversation, locked, or a new one; and whether it is new."""
    thread = open_person_thread(session, author.id)
    if thread is None:
        return open_talk(session, mail, now, chapter_id=None, linked=True), True
    if not is_mine(session, thread.id):
        session.refresh(thread, with_for_update=True)
    return thread, False
