"""Reached: where a member's first words go, and a phone of theirs, as they choose on their own page.

Only for whoever has shown that the page is theirs just now. A phone is not believed: it is asked by a text, and becomes
theirs by its own YES.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.chapters.chapter import Chapter
from engine.chapters.membership import chapters_of, set_home
from engine.people.member import Member
from engine.people.phone import may_sign_up, normal_phone
from engine.people.sign_up import ASK_TO_CONFIRM, Wanted, ask_to_join
from inbound.web.visitor import network_address
from templates.vocabulary import base_language
from templates.web.reader import Reader


@dataclass(frozen=True, slots=True)
class Reached:
    """What the page offers: their chapters, home first, where they have several; and whether a phone can be given."""

    rooms: tuple[Chapter, ...]
    takes_phone: bool


def reached(session: Session, services: Services, member: Member) -> Reached:
    """What this member may choose."""
    rooms = tuple(chapters_of(session, member.id))
    return Reached(rooms if len(rooms) > 1 else (), services.settings.sms.enabled)


def keep_reached(session: Session, services: Services, member: Member, here: Reader, now: datetime) -> str:
    """What the form says of these is done; or, with nothing done, what is wrong with the phone."""
    phone, wrong = _phone(services, here)
    if wrong:
        return wrong
    home = request.form.get("home", "")
    if home.isdecimal() and len(home) < 20 and set_home(session, member.id, int(home)):
        record(session, member.id, "home_chosen", "member", member.id, now, chapter_id=int(home))
    if phone:
        shown = here.say("join.agrees_texts", organization=services.settings.organization.name)
        wanted = Wanted(
            "sms", phone, "page", shown, name=member.name, language=base_language(member.language),
            network_address=network_address(), member_id=member.id,
        )  # fmt: skip
        wake_on_commit(session, ASK_TO_CONFIRM, ask_to_join(session, wanted, now).id)
    return ""


def _phone(services: Services, here: Reader) -> tuple[str, str]:
    """The phone that was typed, in E.164, and what is wrong with it; two empty words where none was."""
    typed, sms = request.form.get("phone", "").strip()[:60], services.settings.sms
    if not typed or not sms.enabled:
        return "", ""
    try:
        phone = normal_phone(typed, sms.country)
    except Invalid:
        return "", here.say("join.phone_wrong")
    if not may_sign_up(phone, sms.country, sms.sign_up_countries):
        return "", here.say("join.phone_abroad")
    return (phone, "") if "phone_texts" in request.form else ("", here.say("preferences.phone_box"))
