"""Table: whose webhook is read by which file, and how sentences call the provider."""

from collections.abc import Callable, Mapping
from typing import Final

from reply_router.reading.events import amazon, mailgun, postmark
from reply_router.reading.events.event import Event
from reply_router.reading.provider_notice import parsed

_READERS: Final[dict[str, Callable[[Mapping[str, object]], Event | None]]] = {
    "amazon": amazon.event_of,
    "postmark": postmark.event_of,
    "mailgun": mailgun.event_of,
}
#: How sentences call them.
NAMES: Final = {"amazon": "Amazon SES", "postmark": "Postmark", "mailgun": "Mailgun"}


def read_event(provider: str, raw: bytes) -> Event | None:
    """The event that these bytes tell; None when it is none of this provider's."""
    reader = _READERS.get(provider)
    return reader(parsed(raw.decode("utf-8", "replace"))) if reader is not None else None
