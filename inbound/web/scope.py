"""Scope: what a word of consent is about, as the ledger names it and as a person reads it."""

from sqlalchemy.orm import Session

from engine.chapters.chapter import Chapter
from engine.people.consent import EVERYTHING
from templates.web.reader import Reader

JOURNEY = "journey"
#: What can be chosen besides a member's chapters; others are shown once something was said of them.
LATER = ("broadcast", "digest", "reminders")


def named(session: Session, scope: str, reader: Reader, organization: str) -> str:
    """The scope in the reader's words, fit for the middle of a sentence."""
    kind, _, subject = scope.partition(":")
    if kind == "chapter" and subject.isdigit():
        chapter = session.get(Chapter, int(subject))
        return reader.say("preferences.chapter", chapter=chapter.name if chapter else organization)
    if kind in (JOURNEY, *LATER):
        return reader.say(f"preferences.{kind}", organization=organization)
    return reader.say(f"preferences.{EVERYTHING}", organization=organization)
