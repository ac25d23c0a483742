"""Amazon SES tells by a letter of JSON what became of ours, alone or wrapped by SNS ("SNS notification contents").

Whoever sends through SES and lets the topic write letters gets these in place of delivery reports.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reply_router.reading.delivery_status import server_words
from reply_router.reading.failures import of_fields
from reply_router.reading.letter import Letter
from reply_router.reading.values import Failure, Original, Recipient

_LONGEST: Final = 200_000
_MOST: Final = 100
#: A mail server between breaks lines that are too long for SMTP with these (sendmail's mark).
_BROKEN_LINES: Final = ("!\r\n ", "!\n ")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider says of one letter: `about` is bounce, complaint or delivery."""

    about: str
    recipients: tuple[Recipient, ...]
    original: Original | None


def provider_notice(letter: Letter) -> Notice | None:
    """The notice in this letter, when its text is one."""
    body = letter.body.lstrip()[:_LONGEST]
    if not body.startswith("{") or ("notificationType" not in body and "eventType" not in body):
        return None
    for broken in _BROKEN_LINES:
        body = body.replace(broken, "")
    return notice_in(parsed(body))


def notice_in(said: Mapping[str, object]) -> Notice | None:
    """The notice that this JSON is, alone or as SNS wraps it."""
    if isinstance(said.get("Message"), str):
        said = parsed(str(said["Message"]))
    kind = str(said.get("notificationType") or said.get("eventType") or "").lower()
    match kind:
        case "bounce":
            found = _bounced(_inner(said, "bounce"))
        case "complaint":
            found = _complained(_inner(said, "complaint"))
        case "delivery":
            names = _inner(said, "delivery").get("recipients")
            found = [Recipient(str(one), Failure.DELIVERED, "") for one in _items(names)]
        case "deliverydelay":
            late = _inner(said, "deliveryDelay").get("delayedRecipients")
            found = _bounced({"bounceType": "Transient", "bouncedRecipients": late}, action="delayed")
        case _:
            return None
    about = "bounce" if kind == "deliverydelay" else kind
    return Notice(about, tuple(found[:_MOST]), _original(_inner(said, "mail")))


def parsed(text: str) -> Mapping[str, object]:
    """The object that this JSON begins with; an empty one for anything else."""
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _inner(said: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _items(found: object) -> list[object]:
    return found[:_MOST] if isinstance(found, list) else []


#: What Amazon SES means by a bounce of which it gives no status ("Bounce types").
_SUBTYPES: Final = {"noemail": "5.1.1", "suppressed": "5.1.1", "onaccountsuppressionlist": "5.1.1"}


def _bounced(bounce: Mapping[str, object], action: str = "failed") -> list[Recipient]:
    usual = _SUBTYPES.get(str(bounce.get("bounceSubType", "")).lower(), "")
    passing = str(bounce.get("bounceType", "")).lower() == "transient"
    found = []
    for one in _items(bounce.get("bouncedRecipients")):
        if not isinstance(one, dict):
            continue
        said = str(one.get("diagnosticCode", ""))
        verdict = of_fields(str(one.get("action", action)).lower(), str(one.get("status") or usual), said)
        failure, status = verdict.failure, verdict.status
        if passing and failure is Failure.PERMANENT and not status.startswith("5"):
            failure = Failure.TEMPORARY
        found.append(
            Recipient(str(one.get("emailAddress", "")), failure, status, server_words(said)[:500], verdict.lost)
        )
    return found


def _complained(complaint: Mapping[str, object]) -> list[Recipient]:
    return [
        Recipient(
            str(one.get("emailAddress", "")), Failure.DELIVERED, "", str(complaint.get("complaintFeedbackType", ""))
        )
        for one in _items(complaint.get("complainedRecipients"))
        if isinstance(one, dict)
    ]


def _original(mail: Mapping[str, object]) -> Original | None:
    fields = [
        (str(one.get("name", ""))[:200], str(one.get("value", ""))[:2_000])
        for one in _items(mail.get("headers"))
        if isinstance(one, dict)
    ]
    ids = [value.strip("<> ") for name, value in fields if name.lower() == "message-id"]
    return Original(ids[0] if ids else None, tuple(fields)) if fields else None
