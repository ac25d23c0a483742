"""Veil: the links and reply addresses in a letter that are its reader's own are not an organizer's to use."""

import re

from engine.base.settings import Settings

#: How a message's foot begins (RFC 3676 4.3).
FOOT = re.compile(r"^-- ?$", re.MULTILINE)


def veil(settings: Settings, text: str) -> str:
    """The text without the tokens of our own links to members' pages, and of our own signed addresses."""
    own, domain = re.escape(settings.doors.public_url.rstrip("/")), re.escape(settings.mail.domain)
    text = re.sub(rf"({own}/[a-z]{{1,12}}/)[a-z2-7]{{20,}}", r"\1…", text)
    return re.sub(rf"\b([rbsp]-)[a-z2-7]{{24,64}}(?=@{domain}\b)", r"\1…", text, flags=re.IGNORECASE)


def body(text: str) -> str:
    """A letter of ours without its foot, which says the same below every one."""
    found = FOOT.search(text)
    return text[: found.start()].rstrip() if found else text
