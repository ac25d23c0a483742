"""Which of two open questions a short answer was for: asked by text, answered by a number or its line's own words."""

from collections.abc import Iterable

from engine.conversations.question import Question
from reply_router.answers.words import Heard, listen, offers_of

KIND = "which"


def recognize(question: Question, text: str, names: Iterable[str]) -> Heard | None:
    """The id of the question they mean, as a name, or None."""
    return listen(text, offers_of(question.answers), names)
