"""Postmark: it signs nothing, and names itself by a user and a password in the address it calls.

Any answer but 200 is tried again, ten times in ten hours, and 403 is not
(https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook, .../inbound-webhook).
"""

import hmac
import json

from engine.base.setting_groups.webhooks import Webhooks
from inbound.mail_webhooks.call import Brought, Call, Nothing, Told
from inbound.webhook import Refused
from reply_router.reading.events import read_event

NAME = "postmark"
#: What is not for us, so that it is not tried again.
FINAL = 403


def believe(call: Call, settings: Webhooks) -> Refused | None:
    """None for Postmark's; a wrong password is tried again, for it may be we who have it wrong."""
    if not settings.postmark_password:
        return Refused("no_secret", "No password is set here for Postmark: postmark_user and postmark_password.", 403)
    right_user = hmac.compare_digest(call.user.encode(), settings.postmark_user.encode())
    right_password = hmac.compare_digest(call.password.encode(), settings.postmark_password.encode())
    if right_user and right_password:
        return None
    return Refused("unsigned" if not call.user else "wrong_signature", "This address takes what Postmark sends.", 401)


def hear(call: Call) -> Told | Brought | Nothing | Refused:
    """What a webhook that is Postmark's says."""
    try:
        said = json.loads(call.raw)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return Refused("invalid", "This is no JSON object. Send it again.", 400)
    event = read_event(NAME, call.raw)
    if event is not None:
        return Told(call.raw) if event.about != "other" else Nothing("This says nothing that we keep.")
    to, raw = said.get("OriginalRecipient"), said.get("RawEmail")
    if not isinstance(to, str) or "MessageID" not in said:
        return Refused("unknown", "This is nothing that Postmark is known to send.", 400)
    if not isinstance(raw, str):
        return Refused(
            "no_mime", "The mail itself is missing. Turn on “Include raw email content” for the inbound stream.", 503
        )
    # Its JSON is UTF-8, and bytes of a mail that are not have become something else before it came to us.
    return Brought((to,), raw.encode("utf-8", "surrogateescape"), _sender(said), str(said["MessageID"]))


def _sender(said: dict[str, object]) -> str:
    """The From line: it does not tell the envelope's sender, but for the header field that its server wrote of it."""
    headers = said.get("Headers")
    for each in headers if isinstance(headers, list) else []:
        if isinstance(each, dict) and str(each.get("Name", "")).lower() == "return-path":
            return str(each.get("Value", "")).strip("<> ")
    return str(said.get("From", ""))
