"""Reports: what servers and providers tell us about a letter of ours: it came back, or somebody does not want it."""

from datetime import datetime
from email.utils import parseaddr

from sqlalchemy.orm import Session

from engine.base.errors import BadToken
from engine.base.tokens import Purpose, Token, TokenRing
from engine.outbox.delivery import Delivery
from engine.outbox.letter import delivery_of
from engine.outbox.receipts import bounced, complained
from reply_router.addresses import ANYWHERE, Aim, Signed, signed_in
from reply_router.case import Case
from reply_router.filing import Entry, file_machine
from reply_router.mail_words import Mail, stored
from reply_router.reading import Failure, Kind, Reading, Recipient
from reply_router.reading.bounces import unnamed


def complained_of(reading: Reading, aim: Aim, tokens: TokenRing) -> int | None:
    """The delivery that a complaint names by what only we can make: its return path, Message-ID or way to leave."""
    if isinstance(aim, Signed) and aim.token.purpose is Purpose.RETURN_PATH:
        return aim.token.subject_id
    if reading.original is None:
        return None
    if reading.original.message_id is not None:
        delivery_id = delivery_of(tokens, reading.original.message_id)
        if delivery_id is not None:
            return delivery_id
    for name, value in reading.original.headers:
        if name.lower() == "list-unsubscribe":
            for part in value.replace(">", " ").replace("?", " ").split():
                try:
                    return tokens.verify(part.rpartition("/")[2], Purpose.UNSUBSCRIBE).subject_id
                except BadToken:
                    continue
    return None


def told_of(session: Session, reading: Reading, domain: str, tokens: TokenRing) -> Aim:
    """The letter that a provider's webhook is about, by its return path, else by its Message-ID; else nothing of ours.

    Who received a letter knows its Message-ID too: only what the provider signed is believed by it.
    """
    if reading.original is None:
        return ANYWHERE
    for name, value in reading.original.headers:
        if name.lower() == "return-path":
            signed = signed_in(value if "@" in value else f"{value}@{domain}", domain, tokens)
            if isinstance(signed, Signed) and signed.token.purpose is Purpose.RETURN_PATH:
                return signed
    delivery_id = delivery_of(tokens, reading.original.message_id or "")
    delivery = session.get(Delivery, delivery_id) if delivery_id is not None else None
    if delivery is None:
        return ANYWHERE
    return Signed(Token(Purpose.RETURN_PATH, delivery.id, delivery.member_id or 0))


def is_from(reading: Reading, domain: str) -> bool:
    """Whether the letter that a report is about says that it came from our domain."""
    fields = reading.original.headers if reading.original is not None else ()
    told = [value for name, value in fields if name.lower() in ("from", "return-path")]
    return any(parseaddr(each)[1].lower().rpartition("@")[2] == domain.lower() for each in told)


def what_it_is(case: Case) -> str:
    """What the machine mail of this case is called in a timeline (admin.web.entries has the words)."""
    reading = case.reading
    if case.own:
        return "loop"
    if reading.kind is Kind.AUTO_REPLY:
        return "away"
    if reading.recipients and worst_of(reading) is None:
        return "arrived"
    return {"read_receipt": "receipt", "list_mail": "list", "own_loop": "loop"}.get(reading.judged_by, "machine")


def worst_of(reading: Reading) -> Recipient | None:
    """Of the addresses that a report speaks of, one where the letter failed for good, else one where it is late.

    A bounce that names nobody speaks of the address that its return path stands for.
    """
    if reading.kind is Kind.BOUNCE and not reading.recipients:
        return unnamed(reading.subject or "", reading.body)
    failing = [each for each in reading.recipients if each.failure is not Failure.DELIVERED]
    return next((each for each in failing if each.failure is Failure.PERMANENT), next(iter(failing), None))


def file_bounce(session: Session, mail: Mail, now: datetime) -> Entry:
    """The report stands in the member's timeline, the address has its strike, and an open talk says so."""
    member = mail.case.place.member
    worst = worst_of(mail.reading)
    permanent = worst is not None and worst.failure is Failure.PERMANENT
    lost = (worst is not None and worst.lost) or any(each.lost for each in mail.reading.recipients)
    what = "late" if worst is not None and not permanent and not lost else "bounce"
    entry = file_machine(session, mail, now, member_id=member.id if member is not None else None, what=what)
    aim = mail.case.aim
    if not isinstance(aim, Signed):
        return entry
    if entry.message is not None:
        report = {"failure": str(worst.failure) if worst else "", "status": stored(worst.status) if worst else ""}
        entry.message.detail = {**entry.message.detail, "report": report}
    bounced(
        session,
        aim.token.subject_id,
        permanent,
        worst.status if worst is not None else "",
        worst.words if worst is not None else "",
        f"mail:{mail.fingerprint.hex()}",
        mail.received.id,
        now,
        lost=lost,
    )
    return entry


def file_complaint(session: Session, mail: Mail, now: datetime) -> Entry:
    """The report stands in the member's timeline, and they get no more letters of that kind."""
    about = session.get(Delivery, mail.case.complained_of) if mail.case.complained_of is not None else None
    entry = file_machine(session, mail, now, member_id=about.member_id if about else None, what="complaint")
    if mail.case.complained_of is not None:
        key = f"mail:{mail.fingerprint.hex()}"
        complained(session, mail.case.complained_of, mail.sentence, key, mail.received.id, now)
    return Entry(entry.thread, entry.message, entry.member_id, "opt_out")
