"""Webhook: what is common to everything that a provider calls: it is proven to be the provider's, no larger than it may
be, and durable before a yes; our own trouble is 503, so that it comes again.

What is not the provider's leaves nothing behind but a count and a line in the log with its hash.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.base.log import logger
from engine.base.metrics import WEBHOOK_REFUSALS
from inbound.receive import Accepted, Acceptor, Answer, Arrival, NotNow

#: Providers give up after 10 to 30 seconds.
PATIENCE_SECONDS = 10.0

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not believed, or cannot be used: why, in a word for logs and counters, and the answer."""

    why: str
    says: str
    status: int = 403


def stand_guard(blueprint: Blueprint, *, most_bytes: int, believe: Callable[[], Refused | None]) -> None:
    """Every POST of the blueprint is believed, or refused before anything of it is looked at."""

    @blueprint.before_request
    def widen() -> None:
        request.max_content_length = request.max_form_memory_size = most_bytes

    @blueprint.before_request
    def refuse() -> ResponseReturnValue | None:
        if request.method != "POST":
            return None
        refused = believe()
        return refusal(refused) if refused is not None else None

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
        return said(f"A webhook of more than {most_bytes} bytes is none of the provider's.", 413)

    @blueprint.errorhandler(Exception)
    def trouble(error: Exception) -> ResponseReturnValue:
        if isinstance(error, HTTPException):
            return said(error.description or error.name, error.code or 500)
        log.exception("a webhook could not be taken", error=type(error).__name__)
        return not_kept()


def refusal(refused: Refused) -> Response:
    """The answer to what is refused; it is counted, and logged by its hash alone."""
    WEBHOOK_REFUSALS.labels(refused.why).inc()
    digest = hashlib.sha256(request.get_data(cache=True)).hexdigest()
    log.warning("a webhook was refused", why=refused.why, door=request.endpoint, body_sha256=digest)
    return said(refused.says, refused.status)


def answer_to(acceptor: Acceptor, arrival: Arrival) -> Answer:
    """Accepted once it is on the disk; NotNow for our own trouble."""
    waiting = acceptor.submit(arrival)
    try:
        return waiting.result(PATIENCE_SECONDS)
    except (TooLong, CancelledError):
        # Not begun, it is dropped; begun, it may yet be stored, and the same once more is a duplicate.
        waiting.cancel()
        return NotNow("It took too long.")


def is_kept(acceptor: Acceptor, arrival: Arrival) -> bool:
    """Whether it is on the disk now."""
    return isinstance(answer_to(acceptor, arrival), Accepted)


def not_kept() -> Response:
    """Our own trouble: the provider may send it again."""
    return said("It could not be kept just now. Send it again.", 503)


def nothing_to_see(whom: str) -> Response:
    """For whoever opens such an address in a browser."""
    answer = said(f"Here {whom} tells us what happened. There is nothing to see.", 405)
    answer.headers["Allow"] = "POST"
    return answer


def said(words: str, status: int) -> Response:
    """A line of plain words."""
    return Response(f"{words}\n", status, mimetype="text/plain")
