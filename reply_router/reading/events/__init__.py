"""What mail providers tell us by webhook of a letter of ours: one file each, and one table."""

from reply_router.reading.events.event import EVENT, Event
from reply_router.reading.events.table import NAMES, read_event

__all__ = ["EVENT", "NAMES", "Event", "read_event"]
