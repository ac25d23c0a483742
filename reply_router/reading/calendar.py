"""Whether a letter is a calendar program's answer to an invitation (RFC 5546 section 3.2.3)."""

from reply_router.reading.letter import Letter
from reply_router.reading.mime import Part
from reply_router.reading.values import Kind, Opinion


def calendar_reply(letter: Letter) -> Opinion | None:
    """A part of it is a calendar with METHOD:REPLY."""
    for part in letter.parts_of("text/calendar", "application/ics"):
        if method_of(letter, part) == "REPLY":
            return Opinion(Kind.CALENDAR_REPLY, "A calendar program answers an invitation in it.")
    return None


def method_of(letter: Letter, part: Part) -> str:
    """The method of a calendar part: what the file itself says, else what its type says."""
    for line in letter.tree.text(part)[:4_000].splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip().upper() == "METHOD":
            return value.strip().upper()
    return part.options.get("method", "").upper()
