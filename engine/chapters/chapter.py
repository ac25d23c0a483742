"""Chapter: a self-governing group of members, by place, occupation, interest or project."""

import re
import unicodedata
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.errors import Invalid
from engine.base.ids import new_id

#: What each setting of its topics may be.
DEFAULT_TO = ("desk", "group", "sender")
MODERATES = ("first", "all", "none")
OLD_TOPICS = ("lock", "moderate")
#: The longest silence after which a topic can be called old, in days.
MOST_DAYS = 3650
#: As in a journey's conditions, and as the local part of an address. r-, b- and s- begin our own signed addresses.
_SLUG = re.compile(r"[a-z][a-z0-9][a-z0-9-]{0,58}")


class Chapter(Base):
    """A group with its own address (its slug at the mail domain) and steward."""

    __tablename__ = "chapter"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    #: place, occupation, interest or project
    kind: Mapped[str] = mapped_column(String(20), default="place")
    about: Mapped[str] = mapped_column(Text, default="")
    #: When and where it usually sits down together, as one whole sentence by its steward; letters carry it.
    gathering: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(12), default="en")
    zone: Mapped[str | None] = mapped_column(String(60))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    #: Whom mail to its address is for: `desk` its organizers; `group` everybody in it, a new topic and each reply;
    #: `sender` a new topic is everybody's, and a reply only goes to whoever wrote what it answers.
    default_to: Mapped[str] = mapped_column(String(8), default="desk", server_default="desk")
    #: Which posts wait for a steward: `first` a member's first one, `all`, or `none`.
    moderates: Mapped[str] = mapped_column(String(8), default="first", server_default="first")
    #: A topic in which nothing was said for so many days is old (None: none is), and then takes no more posts (`lock`)
    #: or only those that a steward lets through (`moderate`).
    topics_old_after_days: Mapped[int | None]
    old_topics: Mapped[str] = mapped_column(String(8), default="lock", server_default="lock")


def choose_talk(
    session: Session,
    chapter: Chapter,
    now: datetime,
    *,
    default_to: str | None = None,
    moderates: str | None = None,
    old_after_days: int | None = None,
    old_topics: str | None = None,
    by_id: int | None = None,
) -> None:
    """The chapter talks as said; None leaves a choice as it was, and 0 days mean that no topic grows old.

    Raises Invalid for a choice there is not.
    """
    for wanted, known in ((default_to, DEFAULT_TO), (moderates, MODERATES), (old_topics, OLD_TOPICS)):
        if wanted is not None and wanted not in known:
            raise Invalid(f"{wanted!r} is no choice. Choose one of {', '.join(known)}.")
    if old_after_days is not None and old_after_days < 0:
        raise Invalid("A topic cannot grow old before it began. Give a number of days, or 0 for never.")
    if old_after_days is not None and old_after_days > MOST_DAYS:
        raise Invalid(f"A topic is old after {MOST_DAYS} days at most, or never: 0.")
    if (default_to, moderates, old_after_days, old_topics) == (None, None, None, None):
        return
    chapter.default_to = default_to or chapter.default_to
    chapter.moderates = moderates or chapter.moderates
    chapter.old_topics = old_topics or chapter.old_topics
    if old_after_days is not None:
        chapter.topics_old_after_days = old_after_days or None
    session.flush()
    record(session, by_id, "chapter_talks", "chapter", chapter.id, now, chapter_id=chapter.id)


def short_name(name: str) -> str:
    """The short name that suits a chapter's name: "Lehigh Valley" is lehigh-valley; empty when no letter is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-")


def add_chapter(session: Session, name: str, slug: str, now: datetime, *, zone: str, language: str) -> tuple[int, bool]:
    """The chapter is there; its id, and whether it is new. Known by its short name, one that is there stays as it is.

    Raises Invalid for a short name that cannot be an address.
    """
    if not name.strip():
        raise Invalid("A chapter needs a name.")
    if not _SLUG.fullmatch(slug):
        raise Invalid(
            f"{slug!r} cannot be a chapter's short name. Use small letters, digits and dashes, two letters or digits "
            "first, such as lehigh-valley."
        )
    known = session.scalar(select(Chapter.id).where(Chapter.slug == slug))
    if known is not None:
        return known, False
    row = Chapter(id=new_id(), created_at=now, slug=slug, name=name.strip(), kind="place", zone=zone, about="")
    row.language = language
    session.add(row)
    session.flush()
    record(session, None, "chapter_added", "chapter", row.id, now, chapter_id=row.id)
    return row.id, True


def chapter_named(session: Session, name: str) -> Chapter | None:
    """The chapter somebody names: by its short name or its whole name, in whatever letters."""
    slug = short_name(name)
    if not slug:
        return None
    return session.scalar(select(Chapter).where(Chapter.slug == slug)) or next(
        (each for each in session.scalars(select(Chapter).order_by(Chapter.id)) if short_name(each.name) == slug), None
    )
