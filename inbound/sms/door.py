"""The door: texts that came in and how ours went, as the provider's webhooks tell it.

A text is answered 200 once it is on the disk, and 503 for our own trouble, so that a provider told to retry does. What
is not signed by the provider gets 403 and leaves nothing behind but a count and a line in the log with its hash.
"""

import hashlib
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLong

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.twiml.messaging_response import MessagingResponse
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.base.errors import BadToken
from engine.base.log import logger
from engine.base.metrics import WEBHOOK_REFUSALS
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.outbox.text_status import tell_status
from inbound.receive import Accepted, Acceptor, Arrival
from inbound.sms.signature import HEADER, Signature

DOOR, PROVIDER = "sms", "twilio"
#: 1,600 characters take 19,200 bytes at most in a form, ten addresses of pictures a few thousand more.
MOST_BYTES = 200_000
#: The provider gives up after 15 seconds.
PATIENCE_SECONDS = 10.0

log = logger(__name__)


def pages(services: Services, acceptor: Acceptor) -> Blueprint:
    """`/texts/received`, and `/texts/status/<token>` for each text of ours."""
    blueprint = Blueprint("texts", __name__, url_prefix="/texts")
    settings = services.settings
    signature = Signature(settings.doors.public_url, settings.sms.auth_token)

    @blueprint.before_request
    def widen() -> None:
        request.max_content_length = request.max_form_memory_size = MOST_BYTES

    @blueprint.before_request
    def believe() -> ResponseReturnValue | None:
        if request.method != "POST":
            return None
        raw = request.get_data(cache=True)
        query = request.query_string.decode("latin-1")
        why = signature.refusal(request.path, query, request.form, request.headers.get(HEADER, ""))
        if not why:
            return None
        WEBHOOK_REFUSALS.labels(why).inc()
        log.warning(
            "a webhook was refused", why=why, door=request.endpoint, body_sha256=hashlib.sha256(raw).hexdigest()
        )
        return _said("This address takes what the provider of our texts signed, and nothing else.", 403)

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
        return _thanks() if _is_kept(acceptor, arrival) else _said("It could not be kept just now. Send it again.", 503)

    @blueprint.post("/status/<token>")
    def status(token: str) -> ResponseReturnValue:
        try:
            delivery_id = services.tokens.verify(token, Purpose.TEXT_STATUS).subject_id
        except BadToken:
            return _said("This address was made for no text of ours.", 404)
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
        answer = _said("Here the provider of our texts tells us what happened. There is nothing to see.", 405)
        answer.headers["Allow"] = "POST"
        return answer

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
        return _said(f"A webhook of more than {MOST_BYTES} bytes is none of the provider's.", 413)

    @blueprint.errorhandler(Exception)
    def trouble(error: Exception) -> ResponseReturnValue:
        if isinstance(error, HTTPException):
            return _said(error.description or error.name, error.code or 500)
        log.exception("a webhook could not be taken", error=type(error).__name__)
        return _said("It could not be kept just now. Send it again.", 503)

    return blueprint


def _is_kept(acceptor: Acceptor, arrival: Arrival) -> bool:
    """Whether it is on the disk now."""
    waiting = acceptor.submit(arrival)
    try:
        return isinstance(waiting.result(PATIENCE_SECONDS), Accepted)
    except (TooLong, CancelledError):
        # Not begun, it is dropped; begun, it may yet be stored, and the same text again is a duplicate.
        waiting.cancel()
        return False


def _thanks() -> Response:
    """Nothing is answered this way: what we say is a row of the outbox (law 4)."""
    return Response(str(MessagingResponse()), mimetype="text/xml")


def _said(words: str, status: int) -> Response:
    return Response(f"{words}\n", status, mimetype="text/plain")
