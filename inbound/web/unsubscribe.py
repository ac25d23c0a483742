"""Unsubscribe: the link in every letter, and the button mail programs make of its header (RFC 8058).

Opening the link changes nothing, because mail scanners open every link; a POST to the same address does, at once, with
no cookie and nothing to sign in to. The token in the address is what proves that the letter was theirs.
"""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.base.errors import NotFound
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.enrollments.choice import choose
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery
from engine.outbox.gate import scope_of
from engine.people.address import masked
from engine.people.consent import EVERYTHING, Said
from engine.people.member import Member
from inbound.web.scope import named
from inbound.web.visitor import is_for, network_address, reader
from templates.web.reader import WORDS


@dataclass(frozen=True, slots=True)
class _Letter:
    """What the link was in: whose letter, and which list it belongs to."""

    member: Member
    scope: str
    address: str | None


def pages(services: Services) -> Blueprint:
    """The page with its one button, and what the button does."""
    unsubscribe = Blueprint("unsubscribe", __name__)

    @unsubscribe.get("/u/<token>")
    def asked(token: str) -> ResponseReturnValue:
        with services.db.read() as session:
            letter = _letter(session, services, token)
            here = reader(services)
            what = named(session, letter.scope, here, services.settings.organization.name)
            address = masked(letter.address) if letter.address else here.say("unsubscribe.your_address")
        return render_template("unsubscribe.html", what=what, address=address, here=f"/u/{token}")

    @unsubscribe.post("/u/<token>")
    def pressed(token: str) -> ResponseReturnValue:
        one_click = request.form.get("List-Unsubscribe", "").lower() == "one-click"
        everything = "everything" in request.form
        with services.db.write() as session:
            letter = _letter(session, services, token)
            scope = EVERYTHING if everything else letter.scope
            said = Said(
                "one-click" if one_click else "link",
                _evidence(one_click, everything),
                by_id=letter.member.id,
                network_address=network_address(),
            )
            choose(session, letter.member.id, "email", scope, False, said, services.clock.now())
            what = named(session, scope, reader(services), services.settings.organization.name)
        return render_template("unsubscribed.html", what=what, offers_rest=scope != EVERYTHING, here=f"/u/{token}")

    return unsubscribe


def _letter(session: Session, services: Services, token: str) -> _Letter:
    """Raises BadToken, or NotFound for a member who is no more."""
    says = services.tokens.verify(token, Purpose.UNSUBSCRIBE)
    member = session.get(Member, says.member_id)
    if member is None or member.erased_at is not None:
        raise NotFound("This member is not here any more.")
    is_for(member)
    delivery = session.get(Delivery, says.subject_id)
    if delivery is None or delivery.member_id != member.id:
        # The letter itself was forgotten by the retention rules; the wish behind its link is plain all the same.
        return _Letter(member, EVERYTHING, None)
    scope = scope_of(CLASSES[delivery.message_class], delivery.chapter_id)
    return _Letter(member, scope or EVERYTHING, delivery.to_address)


def _evidence(one_click: bool, everything: bool) -> str:
    """The ledger is read by staff: in English."""
    if one_click:
        return WORDS.say("en", "unsubscribe.evidence_one_click")
    button = WORDS.say("en", "unsubscribe.everything_button" if everything else "unsubscribe.button")
    return WORDS.say("en", "unsubscribe.evidence", button=button)
