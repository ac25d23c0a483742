"""What the page for signing up, and the router, leave to be done: one mail or text asks at the address itself."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.log import logger
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.chapters.chapter import Chapter
from engine.outbox.post import consent_mail, consent_text
from engine.people.address import Address, add_email, members_with
from engine.people.member import Member
from engine.people.sign_up import SignUp, forget_unanswered, may_ask
from engine.people.text_stop import stopped_phones
from templates.vocabulary import first_name
from templates.web.reader import WORDS

#: How long a link to a member's own page opens; `preferences.good_for` says it in words.
LINK_OPENS = timedelta(hours=2)
#: A household may share a mailbox; more members than this at one address is somebody's trick.
MEMBERS_AT_ONE_ADDRESS = 5
CONFIRM, ALREADY_HERE, CONFIRM_BY_TEXT = "confirm", "already_here", "sms/join/confirm"
PAGE_BY_TEXT = "sms/page"

log = logger(__name__)


def ask_to_confirm(services: Services, row_id: int) -> None:
    """The address was asked, or its member told that they are here already, or the limits were in the way."""
    now = services.clock.now()
    with services.db.write() as session:
        row = session.get(SignUp, row_id, with_for_update=True)
        if row is None or row.state != "new":
            return
        forget_unanswered(session, now)
        if not may_ask(session, row, now):
            row.state = "held"
            log.warning("a sign-up was held back: its address or network asked too often", row_id=row_id)
            return
        row.asked_at = now
        if row.channel == "sms":
            _ask_phone(session, row, services, now)
        elif people := _people_at(session, row.address):
            row.state = "known"
            for member in people:
                send_page(session, services, member, row.address, ALREADY_HERE, now, key=f"{row.id}:{member.id}")
        else:
            _ask_mailbox(session, row, services, now)


def send_page(
    session: Session, services: Services, member: Member, address: str, letter: str, now: datetime, *, key: str
) -> None:
    """A link to the member's own page is on its way to an address of theirs, by that letter; the key twice is one.

    Whoever typed the address may be anybody, and whoever got the mail may answer it with the link in the quote. So it
    only ends things until six digits come back to the browser that is looking (inbound.web.fresh_code).
    """
    row = add_email(session, member.id, address, now)
    links = _page_of(services, member, row.id, now)
    consent_mail(session, address, member.id, letter, {"links": links}, now, key=f"link:{key}")


def text_page(session: Session, services: Services, member: Member, phone: str, now: datetime, *, key: str) -> None:
    """A link to the member's own page is on its way to a phone of theirs; to one that said stop, nothing is."""
    if stopped_phones(session, [phone]) or not services.settings.sms.enabled:
        return
    at = select(Address.id).where(
        Address.member_id == member.id, Address.kind == "phone", Address.value == phone, Address.resting_since.is_(None)
    )
    address_id = session.scalar(at)
    if address_id is not None:
        links = _page_of(services, member, address_id, now)
        consent_text(session, phone, member.id, PAGE_BY_TEXT, now, key=f"link:{key}", data={"links": links})


def _page_of(services: Services, member: Member, address_id: int, now: datetime) -> dict[str, str]:
    token = services.tokens.sign_link(Purpose.MAILED_PREFERENCES, address_id, member.id, now + LINK_OPENS)
    return {
        "preferences": f"{services.settings.doors.public_url.rstrip('/')}/p/{token}",
        "good_for": WORDS.say(member.language, "preferences.good_for"),
    }


def _people_at(session: Session, address: str) -> list[Member]:
    ids = members_with(session, "email", address)[:MEMBERS_AT_ONE_ADDRESS]
    people = (session.get_one(Member, each) for each in ids)
    return [each for each in people if each.erased_at is None]


def _ask_mailbox(session: Session, row: SignUp, services: Services, now: datetime) -> None:
    token = services.tokens.sign_link(Purpose.CONFIRM, row.id, 0, row.until_at)
    data = {
        "links": {"confirm": f"{services.settings.doors.public_url.rstrip('/')}/join/yes/{token}"},
        "member": {"first_name": first_name(row.name, row.language)},
        "join": {"consent": row.shown},
    }
    delivery = consent_mail(
        session, row.address, None, CONFIRM, data, now,
        key=f"sign-up:{row.id}", language=row.language, chapter_id=row.chapter_id,
    )  # fmt: skip
    row.state, row.delivery_id = "asked", delivery.id


def _ask_phone(session: Session, row: SignUp, services: Services, now: datetime) -> None:
    """A phone that said stop hears nothing, not even a question: only its own START opens it again."""
    if stopped_phones(session, [row.address]) or not services.settings.sms.enabled:
        row.state = "over"
        return
    chapter = session.get(Chapter, row.chapter_id) if row.chapter_id is not None else None
    ours = services.settings.sms.chapter_numbers.get(chapter.slug) if chapter is not None else None
    delivery = consent_text(
        session, row.address, row.member_id, CONFIRM_BY_TEXT, now,
        key=f"sign-up:{row.id}", our_number=ours, language=row.language,
    )  # fmt: skip
    row.state, row.delivery_id = "asked", delivery.id
