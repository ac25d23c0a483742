"""What a journey invites people to contribute, and which of it is neither phoning nor money.

A step or an answer says so itself (`contributes: cooking`). Where an answer says nothing, its name, its label and the
words that mean it are read for plain words, so that "bake something" is understood without being told twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from journeys.steps import Answer, Ask, Message, Step
from journeys.vocabulary import Speaks

PHONING, MONEY = "phoning", "money"
#: What people write for the two, beside the words themselves.
_ALSO = {
    **dict.fromkeys(
        ("calling", "calls", "phone", "phones", "phonebank", "phone-bank", "phone_bank", "texting"), PHONING
    ),
    **dict.fromkeys(("text-bank", "text_bank", "textbank", "llamadas", "telefono"), PHONING),
    **dict.fromkeys(("donating", "donation", "donations", "fundraising", "dinero", "donativo"), MONEY),
}

#: Words that plainly say a kind of contribution, in the languages we write in. Beginnings of words, but for phoning,
#: which must not be found in "call me instead".
PLAIN_WORDS: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(rf"(?i)(?<!\w)(?:{words})")
    for kind, words in {
        MONEY: r"donat|money|chip in|pledge|\$ ?\d|fundrais|dinero|dona(?:r|tiv|ci)|aportación económica",
        PHONING: r"phone.?bank|phoning|text.?bank|cold.?call|(?:make|making|do) (?:some )?(?:phone )?calls"
        r"|call(?:ing)? (?:voters|neighbors|people|members)|(?:hacer )?llamadas|llamar a",
        "cooking": r"cook|bak(?:e|ing)|soup|casserole|a meal|cocin|hornear|guisar|sopa",
        "fixing": r"fix|repair|mend|tools?\b|arregl|repar|herramient",
        "building": r"build|carpent|construi|carpinter",
        "driving": r"driv(?:e|ing)|rides?\b|manej|conducir|llevar en carro|dar un aventón|aventón",
        "translating": r"translat|interpret|traduc",
        "telling": r"(?:tell|write|share)\w* (?:\w+ )?stor(?:y|ies)|contar|escribir",
        "hosting": r"host|my (?:porch|kitchen|yard)|a room|recibir gente|mi (?:casa|patio|cocina)",
        "numbers": r"number|spreadsheet|bookkeep|budget|números|cuentas|hojas? de cálculo",
        "music": r"music|sing(?:ing)?\b|play(?:ing)? (?:bass|guitar|drums)|música|cantar|tocar",
        "growing": r"garden|plant|jardín|sembrar|plantar|huerto",
        "caring": r"child ?care|babysit|kids\b|sit with|cuidar",
        "making": r"sew|knit|draw|paint|posters?\b|coser|tejer|dibujar|pintar",
        "teaching": r"teach|tutor|enseñ",
        "carrying": r"carry|set ?up|clean ?up|chairs|cargar|acomodar|sillas",
    }.items()
}


def invited(step: Step) -> Iterator[tuple[str, str]]:
    """Each kind of contribution that this step invites to, with the key (below the step) that says it."""
    if not isinstance(step, Message):
        return
    for kind in step.contributes:
        yield "contributes", _ALSO.get(kind, kind)
    if isinstance(step, Ask):
        for answer in step.question.answers:
            said = [_ALSO.get(kind, kind) for kind in answer.contributes]
            # Only an ask invites: "What do you cook on Sundays?" is a question about somebody.
            if not said and step.speaks is Speaks.ASK:
                said = sorted(plainly(answer))
            yield from ((f"question.answers.{answer.name}", kind) for kind in said)


def plainly(answer: Answer) -> set[str]:
    """The kinds of contribution that the answer's own words plainly say."""
    labels = [label for _, label in answer.label]
    words = [word for _, group in answer.words for word in group]
    read = " / ".join([answer.name.replace("_", " "), *labels, *words])
    return {kind for kind, pattern in PLAIN_WORDS.items() if pattern.search(read)}
