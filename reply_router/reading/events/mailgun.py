"""What Mailgun tells by its webhooks: https://documentation.mailgun.com/docs/mailgun/user-manual/events/events

It keeps our Message-ID and tells it again with every event.
"""

from collections.abc import Mapping
from typing import Final

from reply_router.reading.delivery_status import server_words
from reply_router.reading.events.event import Event, inner, known_by, word
from reply_router.reading.failures import of_fields
from reply_router.reading.values import Failure, Recipient

#: Why Mailgun did not even try, and what that says of the address: it came back before, or its owner wants no mail.
_SUPPRESSED: Final = {"suppress-bounce": "5.1.1", "suppress-complaint": "5.7.1", "suppress-unsubscribe": "5.7.1"}


def event_of(said: Mapping[str, object]) -> Event | None:
    """The event of a webhook; None for anything else."""
    told = inner(said, "event-data")
    kind = word(told, "event")
    if not kind:
        return None
    headers = inner(inner(told, "message"), "headers")
    original = known_by(
        return_path=word(inner(told, "envelope"), "sender"),
        message_id=word(headers, "message-id"),
        from_=word(headers, "from"),
        subject=word(headers, "subject"),
    )
    identifier = word(told, "id")
    match kind:
        case "failed":
            return Event("bounce", identifier, (_bounced(told),), original)
        case "complained":
            return Event("complaint", identifier, (_arrived(told),), original)
        case "delivered":
            return Event("delivery", identifier, (_arrived(told),), original)
        case _:
            return Event("other", identifier)


def _arrived(told: Mapping[str, object]) -> Recipient:
    return Recipient(word(told, "recipient"), Failure.DELIVERED, "", "")


def _bounced(told: Mapping[str, object]) -> Recipient:
    status = inner(told, "delivery-status")
    words = word(status, "message") or word(status, "description") or word(told, "reason")
    given = word(status, "enhanced-code") or _SUPPRESSED.get(word(told, "reason"), "")
    action = "failed" if word(told, "severity") == "permanent" else "delayed"
    code = word(status, "code")
    verdict = of_fields(action, given, words if not code or words.startswith(code) else f"{code} {words}")
    return Recipient(word(told, "recipient"), verdict.failure, verdict.status, server_words(words)[:500], verdict.lost)
