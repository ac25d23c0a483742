"""What Postmark tells by its webhooks: https://postmarkapp.com/developer/webhooks/webhooks-overview

It gives each letter an id of its own and does not tell ours again. So each carries its return path as metadata
(engine.channels.provider_headers), which every webhook brings back.
"""

from collections.abc import Mapping
from typing import Final, Literal

from reply_router.reading.delivery_status import server_words
from reply_router.reading.events.event import Event, inner, known_by, word
from reply_router.reading.failures import of_fields
from reply_router.reading.values import Failure, Recipient

#: Types of bounces (postmarkapp.com/developer/api/bounce-api#bounce-types): what the server did, and the status where
#: its words tell none. Any other type says nothing of an address: an away note, a challenge, somebody's wish.
TYPES: Final[dict[str, tuple[Literal["failed", "delayed"], str]]] = {
    "HardBounce": ("failed", "5.1.1"),
    "BadEmailAddress": ("failed", "5.1.3"),
    "ManuallyDeactivated": ("failed", "5.1.1"),
    "SoftBounce": ("failed", "4.2.0"),
    "DnsError": ("failed", "4.4.4"),
    "Unknown": ("failed", "4.0.0"),
    "Transient": ("delayed", "4.0.0"),
    "Blocked": ("failed", "5.7.1"),
    "SpamNotification": ("failed", "5.7.1"),
    "VirusNotification": ("failed", "5.7.1"),
    "DMARCPolicy": ("failed", "5.7.1"),
    "SMTPApiError": ("failed", "5.3.0"),
}


def event_of(said: Mapping[str, object]) -> Event | None:
    """The event of a webhook; None for anything else."""
    kind = word(said, "RecordType")
    if not kind:
        return None
    letter = inner(said, "Metadata")
    original = known_by(return_path=word(letter, "letter"), from_=word(said, "From"), subject=word(said, "Subject"))
    identifier = f"{kind}:{word(said, 'ID')}"
    match kind:
        case "Bounce" if word(said, "Type") in TYPES:
            return Event("bounce", identifier, (_bounced(said),), original)
        case "SpamComplaint":
            address = Recipient(word(said, "Email"), Failure.DELIVERED, "", "")
            return Event("complaint", identifier, (address,), original)
        case "Delivery":
            address = Recipient(word(said, "Recipient"), Failure.DELIVERED, "", word(said, "Details")[:500])
            return Event("delivery", f"{kind}:{word(said, 'MessageID')}", (address,), original)
        case _:
            return Event("other", identifier)


def _bounced(said: Mapping[str, object]) -> Recipient:
    action, usual = TYPES[word(said, "Type")]
    details = word(said, "Details") or word(said, "Description")
    verdict = of_fields(action, "", details)
    failure, status = verdict.failure, verdict.status or usual
    if action == "failed" and not verdict.status and usual.startswith("4"):
        failure = Failure.TEMPORARY
    return Recipient(word(said, "Email"), failure, status, server_words(details)[:500], verdict.lost)
