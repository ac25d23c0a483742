"""Webhook: what is common to everything that the provider calls: it is signed by it, small, and durable before a yes.

What is not signed by the provider gets 403 and leaves nothing behind but a count and a line in the log with its hash.
"""

import hashlib
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLong

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.base.log import logger
from engine.base.metrics import WEBHOOK_REFUSALS
from engine.base.services import Services
from inbound.receive import Accepted, Acceptor, Arrival
from inbound.sms.signature import HEADER, Signature

PROVIDER = "twilio"
#: 1,600 characters take 19,200 bytes at most in a form, ten addresses of pictures a few thousand more.
MOST_BYTES = 200_000
#: The provider gives up after 15 seconds.
PATIENCE_SECONDS = 10.0

log = logger(__name__)


def guard(blueprint: Blueprint, services: Services) -> None:
    """Every POST of the blueprint is the provider's, or refused; our own trouble is 503, so that it may come again."""
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
        return said("This address takes what the provider of our texts signed, and nothing else.", 403)

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
        return said(f"A webhook of more than {MOST_BYTES} bytes is none of the provider's.", 413)

    @blueprint.errorhandler(Exception)
    def trouble(error: Exception) -> ResponseReturnValue:
        if isinstance(error, HTTPException):
            return said(error.description or error.name, error.code or 500)
        log.exception("a webhook could not be taken", error=type(error).__name__)
        return said("It could not be kept just now. Send it again.", 503)


def is_kept(acceptor: Acceptor, arrival: Arrival) -> bool:
    """Whether it is on the disk now."""
    waiting = acceptor.submit(arrival)
    try:
        return isinstance(waiting.result(PATIENCE_SECONDS), Accepted)
    except (TooLong, CancelledError):
        # Not begun, it is dropped; begun, it may yet be stored, and the same once more is a duplicate.
        waiting.cancel()
        return False


def not_kept() -> Response:
    """Our own trouble: the provider may send it again."""
    return said("It could not be kept just now. Send it again.", 503)


def nothing_to_see() -> Response:
    """For whoever opens such an address in a browser."""
    answer = said("Here the provider of our texts tells us what happened. There is nothing to see.", 405)
    answer.headers["Allow"] = "POST"
    return answer


def said(words: str, status: int) -> Response:
    """A line of plain words."""
    return Response(f"{words}\n", status, mimetype="text/plain")
