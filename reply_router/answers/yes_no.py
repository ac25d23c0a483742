"""Yes or no, in the plain words of the languages we write, beside those the journey wrote down."""

from collections.abc import Iterable

from engine.conversations.question import Question
from reply_router.answers.words import Heard, listen, offers_of

#: Never END, QUIT, STOP or HELP: those are commands everywhere.
PLAIN: dict[str, tuple[str, ...]] = {
    "yes": (
        "yes", "y", "yep", "yeah", "yup", "sure", "of course", "yes please", "yes i would", "yes i do", "i would",
        "absolutely", "definitely", "count me in", "i'm in", "im in", "thumbs up", "yes ma'am", "yes sir", "for sure",
        "si", "sí", "claro", "claro que si", "por supuesto", "desde luego", "si quiero", "cuenten conmigo", "si claro",
        "si por favor", "si gracias", "seguro", "como no", "cuenta conmigo", "dale", "con gusto",
    ),
    "no": (
        "no", "n", "nope", "nah", "no thanks", "no thank you", "not now", "not for me", "not really", "i would not",
        "i'd rather not", "thumbs down", "no can do",
        "no gracias", "ahora no", "por ahora no", "mejor no", "no quiero", "no puedo", "para nada", "claro que no",
    ),
}  # fmt: skip


def recognize(question: Question, text: str, names: Iterable[str]) -> Heard | None:
    """Yes or no, or None."""
    answers = question.answers or [{"name": "yes"}, {"name": "no"}]
    return listen(text, offers_of(answers, PLAIN), names)
