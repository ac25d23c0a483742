"""Mailgun: it signs a time and a word that is used once, but not what it says.

Any answer but 200 is tried again for eight hours, and 406 is not
(https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks, .../receive-forward-store).
"""

import hashlib
import hmac
import json
from datetime import datetime, timedelta

from engine.base.setting_groups.webhooks import Webhooks
from inbound.mail_webhooks.call import Brought, Call, Nothing, Told, fields_of
from inbound.webhook import Refused
from reply_router.reading.events import read_event
from reply_router.reading.events.event import inner, word

NAME = "mailgun"
FINAL = 406
#: It tries for eight hours; an older signature is somebody's who wrote it down.
OLDEST, AHEAD = timedelta(hours=12), timedelta(minutes=10)


def believe(call: Call, settings: Webhooks, now: datetime) -> Refused | None:
    """None for Mailgun's. Whether the word was used before is asked where it is kept (`word_of`)."""
    if not settings.mailgun_signing_key:
        return Refused("no_secret", "No key is set here for Mailgun: mailgun_signing_key.")
    signed = _signature(call)
    if signed is None:
        return Refused("unsigned", "This address takes what Mailgun signed, and nothing else.")
    at, token, signature = signed
    right = hmac.new(settings.mailgun_signing_key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), signature.encode()):
        return Refused("wrong_signature", "This address takes what Mailgun signed, and nothing else.")
    seconds = int(at) if at.isascii() and at.isdecimal() and len(at) < 12 else 0
    if not now - OLDEST <= datetime.fromtimestamp(seconds, now.tzinfo) <= now + AHEAD:
        return Refused("old", "This was signed too long ago.", FINAL)
    return None


def word_of(call: Call) -> str:
    """The word that is signed with it and used once."""
    signed = _signature(call)
    return signed[1] if signed is not None else ""


def hear(call: Call) -> Told | Brought | Nothing | Refused:
    """What a webhook that is Mailgun's says."""
    event = read_event(NAME, call.raw) if _is_json(call) else None
    if event is not None:
        return Told(call.raw) if event.about != "other" else Nothing("This says nothing that we keep.")
    form = fields_of(call) if not _is_json(call) else None
    if form is None or "recipient" not in form:
        return Refused("unknown", "This is nothing that Mailgun is known to send.", 400)
    if "body-mime" not in form:
        says = "The mail itself is missing. Let the route forward to the address that ends in mime."
        return Refused("no_mime", says, 503)
    recipients = tuple(each.strip() for each in _text(form["recipient"]).split(","))
    return Brought(recipients, form["body-mime"], _text(form.get("sender", b"")).strip("<> "), word_of(call))


def _signature(call: Call) -> tuple[str, str, str] | None:
    """Time, word and signature, of an event's JSON or of a mail's form."""
    if _is_json(call):
        try:
            said = json.loads(call.raw)
        except (ValueError, RecursionError):
            return None
        found = inner(said, "signature") if isinstance(said, dict) else {}
        values = tuple(word(found, name) for name in ("timestamp", "token", "signature"))
    else:
        form = fields_of(call) or {}
        values = tuple(_text(form.get(name, b"")) for name in ("timestamp", "token", "signature"))
    at, token, signature = values
    return (at, token, signature) if at and token and signature else None


def _is_json(call: Call) -> bool:
    return call.content_type.partition(";")[0].strip().lower() == "application/json"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
