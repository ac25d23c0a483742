"""TopicChoices: on a member's own page, how much of what neighbors write in each chapter comes to them, in plain words.

Whoever holds a link that came in a letter may choose less, and never more (see preferences).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.errors import Invalid
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.chapters.topic_choice import BY_MAIL, BY_TEXT, choose_topics
from engine.people.consent import Channel
from templates.web.reader import Reader

#: From the most to the least that comes: what is further on is less, or as little.
_LESS: Mapping[Channel, tuple[str, ...]] = {"email": BY_MAIL, "sms": ("both", "daily", "mentions", "none")}


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """One chapter's choice by one way: what the form calls it, its label, what is chosen, and what can be."""

    channel: Channel
    chapter_id: int
    label: str
    chosen: str
    #: Each with its words.
    offered: tuple[tuple[str, str], ...]

    @property
    def field(self) -> str:
        """What the form calls it."""
        return f"topics {self.channel} {self.chapter_id}"

    def wanted(self, form: Mapping[str, str]) -> str | None:
        """What the form asks for, where that is a change and can be chosen here."""
        value = form.get(self.field, self.chosen)
        return value if value != self.chosen and value in dict(self.offered) else None


def topic_choice(
    session: Session, member_id: int, chapter: Chapter, channel: Channel, here: Reader, *, asked_for: bool
) -> TopicChoice | None:
    """The member's choice for the chapter; None where they are not in it."""
    row = session.get(Membership, (member_id, chapter.id))
    if row is None or row.left_at is not None:
        return None
    chosen = row.topics_by_text if channel == "sms" else row.topics_by_mail
    order = _LESS[channel]
    values = (BY_TEXT if channel == "sms" else BY_MAIL) if asked_for else order[order.index(chosen) :]
    offered = tuple((value, here.say(f"topics.{channel}_{value}")) for value in values)
    return TopicChoice(channel, chapter.id, here.say("topics.label", chapter=chapter.name), chosen, offered)


def keep_topic_choice(
    session: Session, member_id: int, choice: TopicChoice, wanted: str, now: datetime, home_zone: str
) -> None:
    """Topics come as they chose on their page; nothing happens where they have left the chapter meanwhile."""
    by_mail, by_text = (wanted, None) if choice.channel == "email" else (None, wanted)
    try:
        choose_topics(
            session, member_id, choice.chapter_id, now,
            by_mail=by_mail, by_text=by_text, how="preferences", home_zone=home_zone,
        )  # fmt: skip
    except Invalid:
        return
