"""Link: asking for the way to one's own page, for whoever has no letter of ours at hand.

Known and unknown addresses get the same words for the same work: the asking is written down, and only a job that runs
afterwards looks whether anybody is reached there (engine.people.link_request).
"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from engine.base.broker import wake_on_commit
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.people.address import normal_email
from engine.people.link_request import ANSWER_LINK_REQUEST, ask_for_link
from engine.people.phone import normal_phone
from inbound.web.visitor import network_address, reader

#: Per network address: enough for a library's reading room, too little to pester a town.
LIMIT = "20 per 10 minutes"


def pages(services: Services, limiter: Limiter) -> Blueprint:
    """The form, and what it answers."""
    link = Blueprint("link", __name__)

    @link.get("/preferences")
    def shown() -> ResponseReturnValue:
        return render_template("link.html", old=False, address="", wrong=None)

    @link.post("/preferences")
    @limiter.limit(LIMIT)
    def asked() -> ResponseReturnValue:
        typed, sms = request.form.get("address", "").strip()[:320], services.settings.sms
        try:
            by_text = sms.enabled and "@" not in typed
            address = normal_phone(typed, sms.country) if by_text else normal_email(typed)
        except Invalid:
            wrong = reader(services).say("preferences.either_wrong" if sms.enabled else "preferences.address_wrong")
            return render_template("link.html", old=False, address=typed, wrong=wrong), 400
        with services.db.write() as session:
            row = ask_for_link(session, address, network_address(), services.clock.now())
            wake_on_commit(session, ANSWER_LINK_REQUEST, row.id)
        return render_template("link_asked.html", address=address, by_text=by_text)

    return link
