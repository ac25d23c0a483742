"""What was found in a letter: the words a person wrote, what it is, why, and everything that was folded away."""

from reply_router.reading.calendar import read_calendar
from reply_router.reading.commands import Command, Verb
from reply_router.reading.headers import Mailbox
from reply_router.reading.reading import JUDGES, attachment_content, read, read_html, read_text
from reply_router.reading.values import (
    READING_VERSION,
    Attached,
    Attendee,
    Calendar,
    Failure,
    Folded,
    Kind,
    Original,
    Reading,
    Recipient,
)

__all__ = [
    "JUDGES",
    "READING_VERSION",
    "Attached",
    "Attendee",
    "Calendar",
    "Command",
    "Failure",
    "Folded",
    "Kind",
    "Mailbox",
    "Original",
    "Reading",
    "Recipient",
    "Verb",
    "attachment_content",
    "read",
    "read_calendar",
    "read_html",
    "read_text",
]
