"""Fresh code: whoever has a link that came in a letter shows that the page is theirs, by digits sent to their address.

A letter may have been passed on, so its link only ends things. With the digits the same browser goes on to the page
itself, by a link that is good for two hours. Right and wrong digits take the same way, and five tries end a code.
"""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import BadToken
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.outbox.post import consent_mail, consent_text
from engine.people.address import Address
from engine.people.fresh_code import new_code, use_code
from engine.people.text_stop import stopped_phones
from inbound.web.joining import LINK_OPENS
from inbound.web.preferences import Holder, holder_of
from inbound.web.visitor import reader

LIMIT = "20 per 10 minutes"
MAIL, TEXT = "code", "sms/code"


def pages(services: Services, limiter: Limiter) -> Blueprint:
    """`/p/<token>/code` sends one, `/p/<token>/code/check` takes it."""
    blueprint = Blueprint("fresh_code", __name__)

    @blueprint.post("/p/<token>/code")
    @limiter.limit(LIMIT)
    def send(token: str) -> ResponseReturnValue:
        now = services.clock.now()
        with services.db.write() as session:
            holder = holder_of(session, services, token)
            address = _address(session, holder)
            code = new_code(session, holder.member.id, address.id, services.tokens.mark, now)
            if code is not None:
                _send(session, holder, address, *code, services)
        return _asked(token, wrong="" if code is not None else reader(services).say("code.too_many"))

    @blueprint.post("/p/<token>/code/check")
    @limiter.limit(LIMIT)
    def check(token: str) -> ResponseReturnValue:
        now = services.clock.now()
        with services.db.write() as session:
            holder = holder_of(session, services, token)
            used = use_code(session, holder.member.id, request.form.get("digits", ""), services.tokens.mark, now)
        if used is None:
            return _asked(token, wrong=reader(services).say("code.wrong")), 400
        own = services.tokens.sign_link(Purpose.PREFERENCES, used.address_id, used.member_id, now + LINK_OPENS)
        return redirect(f"/p/{own}", 303)

    @blueprint.errorhandler(BadToken)
    def old(_error: BadToken) -> ResponseReturnValue:
        return render_template("link.html", old=True, address="", wrong=None), 410

    return blueprint


def _asked(token: str, *, wrong: str) -> str:
    return render_template("code.html", here=f"/p/{token}", wrong=wrong)


def _address(session: Session, holder: Holder) -> Address:
    """Where the letter went, if they are still reached there; else their best mailbox. Raises BadToken for nowhere."""
    at = session.get(Address, holder.address_id) if holder.address_id is not None else None
    if at is None:
        kinds = (Address.kind == "email").desc()
        at = session.scalar(
            select(Address)
            .where(Address.member_id == holder.member.id, Address.resting_since.is_(None))
            .order_by(kinds, Address.rank, Address.id)
            .limit(1)
        )
    if at is None or (at.kind == "phone" and stopped_phones(session, [at.value])):
        raise BadToken("No code can reach them.")
    return at


def _send(session: Session, holder: Holder, address: Address, code_id: int, digits: str, services: Services) -> None:
    data, now, key = {"code": {"digits": digits}}, services.clock.now(), f"code:{code_id}"
    if address.kind == "phone":
        consent_text(session, address.value, holder.member.id, TEXT, now, key=key, data=data)
    else:
        consent_mail(session, address.value, holder.member.id, MAIL, data, now, key=key)
