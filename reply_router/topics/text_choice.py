"""Text choice: how much of a chapter's topics comes to a phone, said by one word in a text (G4).

DAILY, MENTIONS, EACH (all that texts can bring) and NONE, in English and Spanish, alone or with a chapter behind it:
`DAILY DULUTH`. Without a name it is the chapter of the last text, else the only one they are in; of several we ask.
A bare word is an answer to a person where they are talking with one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from engine.chapters.chapter import Chapter, short_name
from engine.chapters.membership import chapters_of
from reply_router.reading.text_message import TextMessage
from reply_router.reading.texts import TextKind, one_form
from reply_router.text_find import TextPlace
from reply_router.topics.place import TALKING_FOR, TopicPlace

#: What each word asks for, as engine.chapters.topic_choice has it.
_WORDS: Final = {
    "daily": "daily", "diario": "daily", "diaria": "daily",
    "mentions": "mentions", "mentions only": "mentions", "menciones": "mentions", "solo menciones": "mentions",
    "each": "both", "all": "both", "both": "both", "cada uno": "both", "todo": "both", "todos": "both", "ambos": "both",
    "none": "none", "quiet": "none", "nada": "none", "ninguno": "none",
}  # fmt: skip
#: Words that people say to people as well: bare, they choose only in answer to a topic's text.
_COMMON: Final = frozenset({"all", "both", "each", "none", "nada", "todo", "todos", "ambos", "ninguno", "cada uno"})
_LONGEST_FIRST: Final = sorted(_WORDS, key=len, reverse=True)
_LONGEST: Final = 80
_AROUND: Final = " .!¡*_\"'“”‘’#,;:"


@dataclass(frozen=True, slots=True)
class TextChoice:
    """What they want, of which chapter; None: of one among these, and nobody knows which."""

    wanted: str
    word: str
    chapter: Chapter | None
    chapters: tuple[Chapter, ...]


def text_choice(
    session: Session, text: TextMessage, place: TextPlace, topic: TopicPlace | None, now: datetime
) -> TextChoice | None:
    """What a text chooses; None: it is no such word, or they are in no chapter, or no text may reach them."""
    if text.kind is not TextKind.HUMAN or text.picture_count or place.member is None or place.stopped_since is not None:
        return None
    said = one_form(text.body).strip(_AROUND)
    if not said or len(said) > _LONGEST or "\n" in said:
        return None
    word = next((each for each in _LONGEST_FIRST if said == each or said.startswith(f"{each} ")), "")
    if not word:
        return None
    chapters = tuple(chapters_of(session, place.member.id))
    name = said.removeprefix(word).strip(_AROUND)
    if name:
        slug = short_name(name)
        meant = next((each for each in chapters if slug in (each.slug, short_name(each.name))), None)
        return TextChoice(_WORDS[word], word.upper(), meant, chapters) if meant is not None else None
    answers_topic = topic is not None and topic.thread is not None and not topic.answers_note
    talks = place.thread is not None and place.thread.last_at > now - TALKING_FOR
    if not chapters or (topic is not None and topic.answers_note) or (not answers_topic and (word in _COMMON or talks)):
        return None
    meant = next((each for each in chapters if topic is not None and each.id == topic.chapter.id), None)
    if meant is None and len(chapters) == 1:
        (meant,) = chapters
    return TextChoice(_WORDS[word], word.upper(), meant, chapters)
