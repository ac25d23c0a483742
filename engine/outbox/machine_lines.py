"""Machine lines: what a mail's head tells machines: who wrote it, how to end letters of its kind, whose mail it is."""

import re
from functools import lru_cache

from engine.base.settings import Settings
from engine.channels.mime import Mailbox, list_headers
from engine.chapters.chapter import Chapter
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import AnyDelivery
from engine.outbox.topic_letter import is_topics, list_lines
from templates.compiled import Compiled

Lines = list[tuple[str, str | Mailbox]]

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def machine_lines(delivery: AnyDelivery, chapter: Chapter | None, compiled: Compiled, settings: Settings) -> Lines:
    """Auto-Submitted where a machine wrote (RFC 3834), and for letters to many the lines of RFC 2369, 2919 and 8058,
    and Gmail's Feedback-ID. The reader's own link, List-Unsubscribe, is not among them."""
    row = CLASSES[delivery.message_class]
    found: Lines = []
    if is_topics(delivery) and chapter is not None:
        found += list_lines(delivery, chapter, settings)
    elif row.by_machine:
        answers_mail = delivery.in_reply_to is not None
        found.append(("Auto-Submitted", "auto-replied" if answers_mail else "auto-generated"))
    if row.list_unsubscribe:
        of_chapter = chapter if delivery.message_class == "chapter" else None
        org = settings.organization.name
        found += list_headers(
            f"{of_chapter.name}, {org}" if of_chapter else org,
            f"{of_chapter.slug if of_chapter else delivery.message_class}.{settings.mail.domain}",
        )
        found.append(("List-Help", f"<mailto:{settings.mail.desk_address}?subject=help>"))
        found.append(("Feedback-ID", feedback_id(delivery, chapter, compiled, settings.mail.domain)))
    return found


def feedback_id(delivery: AnyDelivery, chapter: Chapter | None, compiled: Compiled, domain: str) -> str:
    """Letter, chapter, class and sender: by these Gmail counts complaints (https://support.google.com/mail/answer/6254652).

    Four fields, the last our own name of at most 15 signs that stays the same; nothing in it tells one reader apart.
    """
    return _feedback_id(compiled.name, chapter.slug if chapter else "all", delivery.message_class, domain)


@lru_cache(maxsize=512)
def _feedback_id(letter: str, chapter: str, message_class: str, domain: str) -> str:
    fields = (letter, chapter, message_class)
    sender = _NOT_PLAIN.sub("", domain.lower())[:15].ljust(5, "0")
    return ":".join([*(_NOT_PLAIN.sub("-", field.lower()).strip("-")[:40] or "none" for field in fields), sender])
