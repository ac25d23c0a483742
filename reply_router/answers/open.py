"""An open question: every reply is words for a person, and none is recognized by machine."""

from collections.abc import Iterable

from engine.conversations.question import Question
from reply_router.answers.words import Heard


def recognize(_question: Question, _text: str, _names: Iterable[str]) -> Heard | None:
    """Nothing, ever: what was asked has no answers of its own."""
    return None
