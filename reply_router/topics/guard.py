"""Guard: whether a reply looks as if it were meant for one person (N18). Rules in words, in English and Spanish.

Pure. No model: whoever wonders why their words waited ten minutes can read the rule. A wrong guess costs ten minutes,
and a missed one tells forty neighbors what was meant for one of them, so the table leans to the first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reply_router.reading.texts import one_form


@dataclass(frozen=True, slots=True)
class Private:
    """A rule: its name, its sentence for the author and the steward, and what it looks for in the words' one form."""

    name: str
    says: str
    pattern: re.Pattern[str]


def _rule(name: str, says: str, *patterns: str) -> Private:
    return Private(name, says, re.compile("|".join(rf"\b(?:{each})" for each in patterns)))


_KIN: Final = (
    r"(?:sister|brother|mother|father|mom|mum|dad|son|daughter|husband|wife|partner|girlfriend|boyfriend|uncle|aunt|"
    r"cousin|niece|nephew|grandmother|grandfather|grandma|grandpa|kid|baby|ex)"
)
_FAMILIA: Final = (
    r"(?:hermana|hermano|mama|papa|madre|padre|hijo|hija|esposo|esposa|marido|pareja|novia|novio|tio|tia|prima|primo|"
    r"sobrina|sobrino|abuela|abuelo|suegra|suegro|bebe|ex)"
)

#: The first that applies says why.
TABLE: Final = (
    _rule(
        "between us", "It says that it is between two people.",
        r"(?:just )?between (?:you and me|us|the two of us)\b", r"(?:please )?(?:don'?t|do not) (?:tell|share|forward|"
        r"repeat|mention)\b", r"keep (?:this|it|that)(?: just)? (?:to yourself|between us|quiet|private|secret)\b",
        r"in confidence\b", r"confidential(?:ly)?\b", r"off the record\b", r"(?:this is|it'?s) private\b",
        r"(?:only|just) for (?:you|your (?:eyes|ears))\b", r"i (?:haven'?t|have not|never) told (?:anyone|anybody)\b",
        r"not (?:for|to) (?:the (?:whole )?(?:group|list)|everyone|everybody)\b",
        r"entre (?:nosotr[oa]s|tu y yo|nosotr[oa]s dos|usted y yo)\b",
        r"no (?:le |se lo )?(?:digas|diga|cuentes|cuente|"
        r"comentes|comente|compartas|comparta)\b", r"en confianza\b", r"confidencial(?:mente)?\b",
        r"(?:solo|nada mas|nomas) para (?:ti|usted|vos)\b", r"que quede entre\b",
        r"no (?:se )?lo he (?:dicho|contado)\b",
        r"es (?:algo )?privado\b",
    ),
    _rule(
        "a loss", "It speaks of a death or of grief.",
        rf"my (?:late )?{_KIN}(?:'s)? (?:died|passed(?: away)?|is dying|funeral|death|memorial)\b",
        r"(?:passed away|funeral|miscarriage|hospice|i'?m grieving|i am grieving|suicide|suicidal)\b",
        rf"(?:fallecio|murio|se murio)\b(?:.{{0,30}}\b(?:mi|su) {_FAMILIA})?", rf"mi {_FAMILIA} (?:fallecio|murio)\b",
        r"(?:funeral|velorio|sepelio|perdimos al bebe|de luto|suicidio|suicidarme)\b",
    ),
    _rule(
        "health", "It speaks of somebody’s health.",
        r"(?:cancer|chemo(?:therapy)?|diagnos(?:ed|is)|surgery|hospital|rehab|overdose|relapsed?|depress(?:ed|ion)|"
        r"anxiety|panic attacks?|therap(?:ist|y)|medication|pregnan(?:t|cy)|abortion|hiv|dementia|alzheimer'?s|"
        r"a stroke|my (?:doctor|meds|drinking|health))\b",
        r"(?:quimio(?:terapia)?|diagnostic(?:aron|o)|cirugia|sobredosis|recaida|recai|depresion|deprimid[oa]|"
        r"ansiedad|terapeuta|medicamentos?|embaraz(?:ada|o)|aborto|vih|demencia|derrame|mi (?:doctora?|salud))\b",
    ),
    _rule(
        "family", "It tells of somebody’s family.",
        rf"my {_KIN}(?:'s)?\b", r"(?:divorc(?:e|ed|ing)|custody|cheat(?:ed|ing) on|broke up|left me)\b",
        rf"mi {_FAMILIA}\b", r"(?:divorci(?:o|e|ada|ado|arme)|custodia|me dejo|nos separamos)\b",
    ),
    _rule(
        "trouble", "It tells of trouble that is one person’s own.",
        r"(?:evict(?:ed|ion)|laid off|got fired|was fired|my (?:landlord|boss|lawyer|parole|probation|immigration|visa|"
        r"papers|debts?)|undocumented|deport(?:ed|ation)|bankrupt(?:cy)?|arrested|restraining order|"
        r"can'?t (?:afford|pay) (?:my )?(?:rent|bills|food))\b",
        r"(?:desaloj(?:o|aron|an)|me despidieron|mi (?:casero|jefe|jefa|abogad[oa]|visa|deuda)|mis (?:papeles|deudas)|"
        r"indocumentad[oa]|deport(?:aron|acion)|bancarrota|me arrestaron|no (?:puedo|me alcanza para) pagar)\b",
    ),
    _rule(
        "a number", "It gives a phone number, an account or an address at home.",
        r"(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}\b", r"my (?:cell|phone|number|address|password|pin|ssn) "
        r"(?:is|:)", r"(?:social security|account|routing) (?:number|#)", r"(?:call|text|phone|reach) me (?:at|on)\b",
        r"mi (?:celular|telefono|numero|direccion|contrasena|clave) (?:es|:)", r"(?:llamame|marcame|escribeme) al\b",
    ),
)  # fmt: skip

#: How a letter begins that is addressed to one person by name.
_GREETING: Final = r"(?:(?:hi|hello|hey|dear|hola|querid[oa]|oye|estimad[oa]) +)?"
#: Whoever is greeted so is everybody.
_EVERYBODY: Final = frozenset(
    "all everyone everybody folks neighbors neighbours friends team y'all yall guys people group todos todas amigos "
    "amigas vecinos vecinas gente equipo grupo".split()
)


def looks_private(text: str, names: Sequence[str] = ()) -> str | None:
    """Why the words look as if they were meant for one person, in one sentence; None: they do not.

    `names`: what the people in the topic are called. Words that begin with the name of one of them are for that person.
    """
    words = one_form(text)
    for rule in TABLE:
        if rule.pattern.search(words):
            return rule.says
    for name in names:
        called = re.escape(one_form(name))
        if called and called not in _EVERYBODY and re.match(rf"{_GREETING}{called} *(?:,|:|-|—|–|\n|!)", words):
            return f"It is addressed to {name} by name."
    return None
