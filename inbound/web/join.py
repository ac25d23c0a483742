"""Join: whoever wants to be with us says so, and confirms it from the address they gave.

Known and unknown addresses get the same words for the same work: the asking is written down, and only a job that runs
afterwards looks whether anybody is reached there (engine.people.sign_up). Nobody becomes a member here: a form is open
to everybody, and so the most it can do to a stranger is one mail or one text.

There is no hidden field to catch programs: browsers fill such fields in for people, who would be lost without a word,
and what a program sends does no more than a person's does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.errors import BadToken, Invalid, NotFound
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.chapters.chapter import Chapter
from engine.enrollments.confirming import confirm
from engine.people.address import Address, normal_email
from engine.people.phone import may_sign_up, normal_phone
from engine.people.sign_up import ASK_TO_CONFIRM, SignUp, Wanted, ask_to_join, is_open
from inbound.web.joining import LINK_OPENS
from inbound.web.visitor import network_address, reader
from templates.vocabulary import base_language
from templates.web.reader import LANGUAGES, WORDS, Reader

#: Per network address: enough for a table at a fair, too little to pester a town.
LIMIT = "20 per 10 minutes"
#: So many chapters can be chosen among on one page.
MOST_CHAPTERS = 200
_FIELDS = ("name", "email", "phone", "texts", "zip", "chapter")


@dataclass(frozen=True, slots=True)
class _Typed:
    """What stands in the form."""

    name: str = ""
    email: str = ""
    phone: str = ""
    zip: str = ""
    chapter: str = ""
    texts: bool = False


def pages(services: Services, limiter: Limiter) -> Blueprint:
    """`/join`, `/join/<chapter>`, and the page that confirms."""
    blueprint = Blueprint("join", __name__)
    organization = services.settings.organization

    @blueprint.before_request
    def choose_language() -> None:
        wished = request.values.get("language", "")
        if wished in LANGUAGES:
            g.language = wished

    @blueprint.get("/join")
    @blueprint.get("/join/<slug>")
    def shown(slug: str = "") -> ResponseReturnValue:
        with services.db.read() as session:
            room, rooms = _rooms(session, slug)
        return _form(services, room, rooms, _Typed())

    @blueprint.post("/join")
    @blueprint.post("/join/<slug>")
    @limiter.limit(LIMIT)
    def asked(slug: str = "") -> ResponseReturnValue:
        here = reader(services)
        typed = _typed()
        with services.db.read() as session:
            room, rooms = _rooms(session, slug or typed.chapter)
        wanted, wrong = _wanted(services, here, typed, room)
        if wanted is None:
            with services.db.read() as session:
                room, rooms = _rooms(session, slug)
            return _form(services, room, rooms, typed, wrong), 400
        with services.db.write() as session:
            row = ask_to_join(session, wanted, services.clock.now())
            wake_on_commit(session, ASK_TO_CONFIRM, row.id)
        return render_template("join_asked.html", address=wanted.address, by_text=wanted.channel == "sms")

    @blueprint.get("/join/yes/<token>")
    def looked(token: str) -> ResponseReturnValue:
        with services.db.read() as session:
            row = _sign_up(session, services, token)
            if row.state == "confirmed":
                return render_template("joined.html", place=_place(session, row, organization.name), page=None)
            if not is_open(row, services.clock.now()):
                raise BadToken("This sign-up is over.")
            return render_template(
                "join_yes.html",
                here=f"/join/yes/{token}",
                place=_place(session, row, organization.name),
                agrees=row.shown,
            )

    @blueprint.post("/join/yes/<token>")
    def confirmed(token: str) -> ResponseReturnValue:
        now = services.clock.now()
        with services.db.write() as session:
            row = _sign_up(session, services, token)
            words = f"They pressed “{WORDS.say(row.language, 'join.yes_button')}”."
            member_id = confirm(session, row, words, now, network=network_address())
            if member_id is None:
                raise BadToken("This sign-up is over.")
            address_id = session.scalar(
                select(Address.id).where(Address.member_id == member_id, Address.value == row.address)
            )
            token = services.tokens.sign_link(Purpose.PREFERENCES, address_id or 0, member_id, now + LINK_OPENS)
            place = _place(session, row, organization.name)
        return render_template("joined.html", place=place, page=f"/p/{token}")

    @blueprint.errorhandler(BadToken)
    def old(_error: BadToken) -> ResponseReturnValue:
        # The same page for a link that was never one: there is nothing to learn by trying.
        return render_template("join_over.html"), 410

    return blueprint


def _rooms(session: Session, slug: str) -> tuple[Chapter | None, Sequence[Chapter]]:
    """The chapter of that short name, and all there are to choose among. Raises NotFound."""
    rooms = session.scalars(select(Chapter).order_by(Chapter.name, Chapter.id).limit(MOST_CHAPTERS)).all()
    if not slug:
        return None, rooms
    room = session.scalar(select(Chapter).where(Chapter.slug == slug.lower()))
    if room is None:
        raise NotFound("There is no such chapter.")
    return room, rooms


def _form(
    services: Services,
    room: Chapter | None,
    rooms: Sequence[Chapter],
    typed: _Typed,
    wrong: dict[str, str] | None = None,
) -> str:
    here = reader(services)
    return render_template(
        "join.html",
        here=f"/join/{room.slug}" if room is not None else "/join",
        place=room.name if room is not None else services.settings.organization.name,
        about=room.about if room is not None else "",
        rooms=() if room is not None else rooms,
        typed=typed,
        wrong={**dict.fromkeys(_FIELDS, ""), **(wrong or {})},
        takes_texts=services.settings.sms.enabled,
        agrees=here.say("join.agrees", organization=services.settings.organization.name),
        agrees_texts=here.say("join.agrees_texts", organization=services.settings.organization.name),
        privacy_policy_url=services.settings.organization.privacy_policy_url,
        terms_url=services.settings.organization.terms_url,
        other="en" if here.language == "es" else "es",
    )


def _typed() -> _Typed:
    form = request.form
    words = {each: " ".join(form.get(each, "").split())[:320] for each in _FIELDS if each != "texts"}
    return _Typed(**words, texts="texts" in form)


def _wanted(
    services: Services, here: Reader, typed: _Typed, room: Chapter | None
) -> tuple[Wanted | None, dict[str, str]]:
    """What they ask for, or for each field what is wrong with it. Nobody is looked up."""
    settings, wrong = services.settings, {}
    if not 1 <= len(typed.name) <= 200:
        wrong["name"] = here.say("join.name_wrong")
    email = phone = ""
    if typed.email:
        try:
            email = normal_email(typed.email)
        except Invalid:
            wrong["email"] = here.say("preferences.address_wrong")
    if typed.phone and settings.sms.enabled:
        try:
            phone = normal_phone(typed.phone, settings.sms.country)
        except Invalid:
            wrong["phone"] = here.say("join.phone_wrong")
        else:
            if not may_sign_up(phone, settings.sms.country, settings.sms.sign_up_countries):
                wrong["phone"] = here.say("join.phone_abroad")
            elif not typed.texts and not typed.email:
                wrong["texts"] = here.say("join.texts_wrong")
    if not typed.email and not typed.phone:
        wrong["email"] = here.say("join.address_missing" if settings.sms.enabled else "preferences.address_wrong")
    code = typed.zip.partition("-")[0]
    if typed.zip and not (len(code) == 5 and code.isascii() and code.isdecimal()):
        wrong["zip"] = here.say("join.zip_wrong")
    if wrong:
        return None, wrong
    organization = settings.organization.name
    agrees_texts = here.say("join.agrees_texts", organization=organization) if phone and typed.texts else ""
    return (
        Wanted(
            "email" if email else "sms",
            email or phone,
            "form",
            here.say("join.agrees", organization=organization) if email else agrees_texts,
            name=typed.name,
            postal_code=code,
            language=base_language(here.language),
            chapter_id=room.id if room is not None else None,
            phone=phone if email and typed.texts else "",
            texts_shown=agrees_texts if email else "",
            network_address=network_address(),
        ),
        {},
    )


def _sign_up(session: Session, services: Services, token: str) -> SignUp:
    """Raises BadToken for a link that is too old, was not made here, or whose sign-up is forgotten."""
    row = session.get(SignUp, services.tokens.verify_link(token, services.clock.now(), Purpose.CONFIRM).subject_id)
    if row is None:
        raise BadToken("This sign-up is over.")
    g.language = row.language
    return row


def _place(session: Session, row: SignUp, organization: str) -> str:
    room = session.get(Chapter, row.chapter_id) if row.chapter_id is not None else None
    return room.name if room is not None else organization
