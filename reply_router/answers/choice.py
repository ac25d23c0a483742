"""A choice between named answers, given by label, by one of its words, or by number."""

from collections.abc import Iterable

from engine.conversations.question import Question
from reply_router.answers.words import Heard, listen, offers_of


def recognize(question: Question, text: str, names: Iterable[str]) -> Heard | None:
    """The one answer the reply gives, or None."""
    return listen(text, offers_of(question.answers), names)
