"""Signature: whether the provider sent a webhook, to this very address and with these very fields.

Twilio signs the address that it was told to call, followed by the form's fields in order of their names, with the
account's secret (twilio.com/docs/usage/security). The address is therefore built from the configured public one: the
Host header is a stranger's, and a proxy may have changed scheme and port.
"""

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

HEADER = "X-Twilio-Signature"


class Signature:
    """Tells the provider's webhooks from everybody else's. Without a secret nothing is ever the provider's."""

    def __init__(self, public_url: str, secret: str) -> None:
        self._public = public_url.rstrip("/")
        self._validator = RequestValidator(secret) if secret else None

    def refusal(self, path: str, query: str, form: MultiDict[str, str], given: str) -> str:
        """Why the webhook is not believed, in a word for logs and counters; empty: it is the provider's."""
        if self._validator is None:
            return "no_secret"
        if not given:
            return "unsigned"
        if any(len(values) > 1 for _, values in form.lists()):
            # The provider names each field once. Repeated values are signed once, so a repetition would not be noticed.
            return "repeated_field"
        address = f"{self._public}{path}?{query}" if query else f"{self._public}{path}"
        return "" if self._validator.validate(address, form, given) else "wrong_signature"
