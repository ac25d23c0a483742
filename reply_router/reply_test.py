"""Reply test: a member's reply to a conversation that was handed over is tried by the real way, nothing done (N21).

It is a mail (or a text, where the member has no address) as they would send it now. It must stand in that conversation,
be the next person's, and they must hear of it: by mail at an address that takes mail, by text, or in the inbox where
they chose that.
"""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from secrets import token_hex
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.conversations.reply_test import ReplyTest, due_tests
from engine.conversations.thread import Thread
from engine.outbox.line import TextLine
from engine.outbox.notices import phone_for_alerts
from engine.people.address import Address
from engine.people.member import Member
from engine.people.notice_choice import OFF, choice_of
from engine.people.texting import phones_of
from reply_router.text_route import DOOR
from reply_router.trial import Arrived, try_out

#: Replies tried in one round.
MOST = 50
_WORDS = "Thank you. Who is there for me now?"


def test_replies(services: Services) -> int:
    """Every reply that was due to be tried has been, of the first MOST; how many."""
    with services.db.read() as session:
        due = due_tests(session, MOST)
    for thread_id in due:
        _test(services, thread_id)
    return len(due)


def _test(services: Services, thread_id: int) -> None:
    now = services.clock.now()
    with services.db.read() as session:
        row, thread = session.get_one(ReplyTest, thread_id), session.get_one(Thread, thread_id)
        to_id = row.to_id
        over = thread.closure_id is not None or thread.responsible_id != to_id
        arrived = None if over else _reply(session, services, thread, now)
        person = session.get_one(Member, to_id).called
        deaf = "" if over else _why_they_hear_nothing(session, to_id)
    reached, says = True, "It was closed or went on before it was tried."
    if not over:
        reached, says = _came_of(services, thread_id, to_id, person, arrived)
    if reached and deaf:
        reached, says = False, f"A reply is {person}’s, but {person} would not hear of it: {deaf}."
    with services.db.write() as session:
        kept = session.get(ReplyTest, thread_id, with_for_update=True)
        if kept is not None and kept.to_id == to_id:
            kept.tested_at, kept.reached, kept.says = now, reached, says[:300]


def _came_of(services: Services, thread_id: int, to_id: int, person: str, arrived: Arrived | None) -> tuple[bool, str]:
    if arrived is None:
        return True, "Nobody knows an address of theirs; what they write from any comes by the rules."
    _, trial = try_out(services, arrived)
    if trial.thread_id != thread_id:
        return False, f"A reply would stand in another conversation ({trial.rule}: {trial.why})"
    if trial.assignee_id is None:
        return False, f"A reply would be nobody’s ({trial.rule}: {trial.why})"
    if trial.assignee_id != to_id:
        return False, f"A reply would be {trial.assignee}’s, not {person}’s ({trial.rule}: {trial.why})"
    return True, f"A reply {'by text' if arrived.door == DOOR else 'by mail'} reaches {person}."


def _reply(session: Session, services: Services, thread: Thread, now: datetime) -> Arrived | None:
    """The reply as the member would send it; None: nothing of theirs is known to send from."""
    address = thread.correspondent if "@" in thread.correspondent else None
    if thread.member_id is not None:
        mails = select(Address.value).where(Address.member_id == thread.member_id, Address.kind == "email")
        address = session.scalar(mails.order_by(Address.id).limit(1)) or address
    if address is not None:
        domain = services.settings.mail.domain
        token = services.tokens.sign(Purpose.REPLY_TO_THREAD, thread.id, thread.member_id or 0)
        to = f"r-{token}@{domain}"
        mail = EmailMessage()
        mail["From"], mail["To"] = address, to
        if thread.subject:
            # Under another subject it would begin a conversation of its own.
            mail["Subject"] = f"Re: {' '.join(thread.subject.split())}"
        mail["Date"], mail["Message-ID"] = format_datetime(now), f"<{token_hex(16)}@reply-test.{domain}>"
        mail.set_content(_WORDS)
        return Arrived("lmtp", mail.as_bytes(), to, address, peer="127.0.0.1")
    value = thread.correspondent
    if thread.member_id is not None:
        value = next((each.value for each in phones_of(session, [thread.member_id]).get(thread.member_id, ())), value)
    line = session.get(TextLine, value) if value else None
    numbers = services.settings.sms.numbers
    ours = line.our_number if line is not None and line.our_number.startswith("+") else next(iter(numbers), None)
    if not value or ours is None:
        return None
    sid = f"SM{token_hex(16)}"
    form = {"MessageSid": sid, "From": value, "To": ours, "Body": _WORDS, "NumMedia": "0"}
    return Arrived(DOOR, urlencode(form).encode(), ours, value, provider_id=sid)


def _why_they_hear_nothing(session: Session, member_id: int) -> str:
    choice = choice_of(session, member_id)
    if choice.by_text and phone_for_alerts(session, member_id) is not None:
        return ""
    if choice.by_mail == OFF:
        return ""  # they look in the inbox by their own choice
    rows = session.scalars(select(Address).where(Address.member_id == member_id, Address.kind == "email")).all()
    if not rows:
        return "no address of theirs is known"
    return "" if any(each.resting_since is None for each in rows) else "mail to them does not arrive"
