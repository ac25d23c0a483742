"""Refusals: how the admin tells them. Which status an error has is one table for all our pages, in inbound."""

from flask import Flask
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from inbound.web import refusals

#: The section of the catalogue for organizers, and which of its words each status is told in.
SECTION = "refusal"
WORDS = {400: "bad", 403: "forbidden", 404: "missing", 405: "missing", 413: "too_big", 429: "too_many"}


def refuse_in_words(app: Flask) -> None:
    """Every error is told in words; a form that is not from our page is forbidden, not only bad."""
    refusals.refuse_in_words(app, SECTION, WORDS)

    @app.errorhandler(CSRFError)
    def not_from_our_page(_error: CSRFError) -> ResponseReturnValue:
        return refusals.told(403, SECTION, WORDS)
