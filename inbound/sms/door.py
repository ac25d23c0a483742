"""The door: texts that came in and how ours went, as the provider's webhooks tell it.

A text is answered 200 once it is on the disk, and 503 for our own trouble, so that a provider told to retry does. What
is not signed by the provider is refused (inbound.webhook).
"""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.twiml.messaging_response import MessagingResponse

from engine.base.errors import BadToken
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.outbox.text_status import tell_status
from inbound.receive import Acceptor, Arrival
from inbound.sms.webhook import PROVIDER, guard, nothing_to_see
from inbound.webhook import is_kept, not_kept, said

DOOR = "sms"


def pages(services: Services, acceptor: Acceptor) -> Blueprint:
    """`/texts/received`, and `/texts/status/<token>` for each text of ours."""
    blueprint = Blueprint("texts", __name__, url_prefix="/texts")
    guard(blueprint, services)

    @blueprint.post("/received")
    def received() -> ResponseReturnValue:
        form = request.form
        arrival = Arrival(
            DOOR,
            (form.get("To", ""),),
            request.get_data(cache=True),
            peer=request.remote_addr or "",
            mail_from=form.get("From", ""),
            provider=PROVIDER,
            provider_id=form.get("MessageSid") or form.get("SmsSid") or "",
        )
        return _thanks() if is_kept(acceptor, arrival) else not_kept()

    @blueprint.post("/status/<token>")
    def status(token: str) -> ResponseReturnValue:
        try:
            delivery_id = services.tokens.verify(token, Purpose.TEXT_STATUS).subject_id
        except BadToken:
            return said("This address was made for no text of ours.", 404)
        form = request.form
        code = form.get("ErrorCode", "")
        with services.db.write() as session:
            tell_status(
                session,
                delivery_id,
                form.get("MessageSid") or form.get("SmsSid") or "",
                form.get("MessageStatus") or form.get("SmsStatus") or "",
                int(code) if code.isascii() and code.isdecimal() and len(code) < 8 else None,
                services.clock.now(),
            )
        return Response(status=204)

    @blueprint.get("/received")
    @blueprint.get("/status/<token>")
    def asked(token: str = "") -> ResponseReturnValue:
        return nothing_to_see()

    return blueprint


def _thanks() -> Response:
    """Nothing is answered this way: what we say is a row of the outbox (law 4)."""
    return Response(str(MessagingResponse()), mimetype="text/xml")
