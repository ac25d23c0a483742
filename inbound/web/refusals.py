"""Refusals: each error as one sentence and what to do. The one table from error to HTTP status, for all our pages."""

from collections.abc import Mapping

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

#: Which words of the section `visit` each status is told in to a member.
WORDS = {400: "bad", 404: "missing", 405: "missing", 413: "bad", 429: "too_many"}


def refuse_in_words(app: Flask, section: str = "visit", words: Mapping[int, str] = WORDS) -> None:
    """No visitor sees a stack trace, and none is left without what to do next.

    The words are those of the catalogue's `section`; a status that `words` does not name is trouble of ours.
    """

    @app.errorhandler(HearthlineError)
    def ours(error: HearthlineError) -> ResponseReturnValue:
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        if status >= 500:
            log.error("a page could not be made", section=section, error=str(error))
        return told(status, section, words)

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error
        return told(error.code, section, words)

    @app.errorhandler(Exception)
    def trouble(error: Exception) -> ResponseReturnValue:
        log.exception("a page failed", section=section, error=type(error).__name__)
        return told(500, section, words)


def told(status: int, section: str, words: Mapping[int, str]) -> ResponseReturnValue:
    """The page for a status."""
    return render_template("refusal.html", words=f"{section}.{words.get(status, 'trouble')}"), status
