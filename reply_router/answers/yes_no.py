"""Yes or no, in the plain words of the languages we write, beside those the journey wrote down."""

from collections.abc import Iterable

from engine.conversations.question import Question
from reply_router.answers.words import Heard, listen, offers_of

#: Never END, QUIT, STOP or HELP: those are commands everywhere.
PLAIN: dict[str, tuple[str, ...]] = {
    "yes": (
        "yes", "y", "yep", "yeah", "yup", "sure", "of course", "yes please", "yes i would", "yes i do", "i would",
        "absolutely", "definitely", "count me in", "i'm in", "im in",
        "si", "sí", "claro", "claro que si", "por supuesto", "desde luego", "si quiero", "cuenten conmigo",
    ),
    "no": (
        "no", "n", "nope", "nah", "no thanks", "no thank you", "not now", "not for me", "not really", "i would not",
        "i'd rather not", "no gracias", "ahora no", "por ahora no", "mejor no",
    ),
}  # fmt: skip


def recognize(question: Question, text: str, names: Iterable[str]) -> Heard | None:
    """Yes or no, or None."""
    answers = question.answers or [{"name": "yes"}, {"name": "no"}]
    return listen(text, offers_of(answers, PLAIN), names)
