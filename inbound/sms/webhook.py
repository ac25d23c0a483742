"""Twilio's webhooks: signed with the account's secret, and small."""

from flask import Blueprint, Response, request

from engine.base.services import Services
from inbound.sms.signature import HEADER, Signature
from inbound.webhook import Refused, stand_guard
from inbound.webhook import nothing_to_see as nothing_of

PROVIDER = "twilio"
#: 1,600 characters take 19,200 bytes at most in a form, ten addresses of pictures a few thousand more.
MOST_BYTES = 200_000


def guard(blueprint: Blueprint, services: Services) -> None:
    """Every POST of the blueprint is the provider's, or refused; our own trouble is 503, so that it may come again."""
    settings = services.settings
    signature = Signature(settings.doors.public_url, settings.sms.auth_token)

    def believe() -> Refused | None:
        request.get_data(cache=True)
        query = request.query_string.decode("latin-1")
        why = signature.refusal(request.path, query, request.form, request.headers.get(HEADER, ""))
        words = "This address takes what the provider of our texts signed, and nothing else."
        return Refused(why, words) if why else None

    stand_guard(blueprint, most_bytes=MOST_BYTES, believe=believe)


def nothing_to_see() -> Response:
    """For whoever opens such an address in a browser."""
    return nothing_of("the provider of our texts")
