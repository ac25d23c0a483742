"""Answers to open questions: one file per kind of question, one table from kind to handler."""

from collections.abc import Callable, Iterable, Mapping

from engine.conversations.question import Question
from reply_router.answers import choice, open, which, yes_no
from reply_router.answers.words import Heard

#: What hears an answer in the words of a reply, by the question's kind. The last argument: names that add nothing.
HANDLERS: Mapping[str, Callable[[Question, str, Iterable[str]], Heard | None]] = {
    "open": open.recognize,
    "choice": choice.recognize,
    "yes_no": yes_no.recognize,
    which.KIND: which.recognize,
}


def recognize(question: Question, text: str, names: Iterable[str] = ()) -> Heard | None:
    """The recognized answer, or None: then a person reads it. A kind nobody knows is for a person too."""
    handler = HANDLERS.get(question.kind)
    return handler(question, text, names) if handler is not None else None
