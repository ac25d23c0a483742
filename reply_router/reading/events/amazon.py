"""What Amazon SES publishes to a topic of SNS: notifications of an identity, and events of a configuration set.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html, .../event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Mapping

from reply_router.reading.events.event import Event, inner, word
from reply_router.reading.provider_notice import notice_in, parsed
from reply_router.reading.values import Original


def event_of(said: Mapping[str, object]) -> Event | None:
    """The event within a message of SNS; None for anything else."""
    told = parsed(word(said, "Message"))
    kind = (word(told, "notificationType") or word(told, "eventType")).lower()
    if not kind or kind == "received":
        return None
    # One bounce may be told twice, by the identity and by the configuration set: it is the same feedback.
    identifier = next(filter(None, (word(inner(told, name), "feedbackId") for name in ("bounce", "complaint"))), "")
    identifier = identifier or word(said, "MessageId")
    notice = notice_in(told)
    if notice is None:
        return Event("other", identifier)
    mail = inner(told, "mail")
    # SES gives the envelope's sender as `source`: our own return path, whatever it wrote over it.
    original = notice.original or Original(None, ())
    path = ("Return-Path", word(mail, "source"))
    original = Original(original.message_id, (path, *original.headers))
    match notice.about:
        case "bounce":
            return Event("bounce", identifier, notice.recipients, original)
        case "complaint":
            return Event("complaint", identifier, notice.recipients, original)
        case _:
            return Event("delivery", identifier, notice.recipients, original)
