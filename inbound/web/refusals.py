"""Refusals: each error as one sentence and what to do. The one table from error to HTTP status."""

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from engine.base.errors import BadToken, HearthlineError, Invalid, NotFound, Unavailable
from engine.base.log import logger

log = logger(__name__)

#: Our errors and the status a browser gets for them; the first that fits.
STATUS: tuple[tuple[type[HearthlineError], int], ...] = (
    (NotFound, 404),
    (BadToken, 404),
    (Invalid, 400),
    (Unavailable, 503),
    (HearthlineError, 500),
)

#: Which words of the catalogue each status is told in.
WORDS = {400: "bad", 404: "missing", 405: "missing", 413: "bad", 429: "too_many"}


def refuse_in_words(app: Flask) -> None:
    """No visitor sees a stack trace, and none is left without what to do next."""

    @app.errorhandler(HearthlineError)
    def ours(error: HearthlineError) -> ResponseReturnValue:
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        if status >= 500:
            log.error("a public page could not be made", error=str(error))
        return refusal(status)

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error
        return refusal(error.code)

    @app.errorhandler(Exception)
    def trouble(error: Exception) -> ResponseReturnValue:
        log.exception("a public page failed", error=type(error).__name__)
        return refusal(500)


def refusal(status: int) -> ResponseReturnValue:
    """The page for a status."""
    return render_template("refusal.html", words=f"visit.{WORDS.get(status, 'trouble')}"), status
