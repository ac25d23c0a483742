"""A glance at a letter that nobody could read: what the first lines of its header say, and nothing of its body."""

from typing import Any, Final

from reply_router.reading.headers import Headers, parse_headers
from reply_router.reading.values import Kind, Reading

#: So much of a letter is looked at.
GLANCE: Final = 32_000


def glance(raw: bytes) -> Reading:
    """Who a letter says it is from, its subject and what it answers; of the kind that a person must look at."""
    return Reading(Kind.UNREADABLE, **said_by(parse_headers(raw[:GLANCE])[0]))


def said_by(headers: Headers) -> dict[str, Any]:
    """What a header says of its letter, by the fields of `Reading`."""
    message_ids = headers.ids("message-id")
    return {
        "subject": headers.last("subject") if headers.has("subject") else None,
        "from_": headers.mailboxes("from"),
        "sender": headers.mailboxes("sender"),
        "to": headers.mailboxes("to"),
        "cc": headers.mailboxes("cc"),
        "reply_to": headers.mailboxes("reply-to"),
        "message_id": message_ids[0] if message_ids else None,
        "in_reply_to": headers.ids("in-reply-to"),
        "references": headers.ids("references"),
        "date": headers.date(),
    }
