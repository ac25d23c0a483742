"""Scrubbing: what of a note about a member goes on to somebody else, and what was confided to its author alone (N21).

The rule, sentence by sentence. It would rather leave out too much: whoever wrote the note sees before what is left, and
can write a new one.

- A note that says of itself that it was said in confidence does not go on at all.
- A sentence that speaks of health, love, belief, descent, a union, papers, the law, violence or debts is left
  out whole, and so is the one behind it where that only points back ("It is getting worse"). The kinds are those of
  GDPR articles 9 and 10, with what neighbors tell organizers besides; politics is what we are here for and stays.
- Phone numbers, addresses of mail, of the web and of houses are masked where they stand: the next person has them
  where looking at them is logged.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

#: What stands where a sentence was left out, and where a number or an address was masked.
LEFT_OUT, MASKED = "[…]", "•••"

_CONFIDED: Final = (
    "in confidence", "confidential", "confided", "between us", "between you and me", "just between", "off the record",
    "keep this to yourself", "keep it to yourself", "keep that to yourself", "don't tell", "do not tell", "dont tell",
    "didn't want anyone to know", "doesn't want anyone to know", "does not want anyone to know", "secret", "secretly",
    "nobody knows", "no one knows", "private to me", "en confianza", "confidencial", "entre nosotros", "entre nosotras",
    "entre tu y yo", "no le digas", "no le digan", "no lo cuentes", "no digas nada", "que no se sepa", "secreto",
    "en secreto", "nadie lo sabe", "nadie sabe", "no quiere que nadie",
)  # fmt: skip
#: The beginnings of words, by what they speak of; a trailing space ends the word there.
_OF: Final[dict[str, str]] = {
    "health": (
        "sick|ill |illness|disease|cancer|tumor|chemo|diabet|insulin|asthma|hiv |aids |covid|hepatitis|epilep|seizure|"
        "stroke |heart attack|heart condition|heart surgery|surgery|surgeries|operation on|hospital|clinic |clinics |"
        "doctor|diagnos|prognos|treatment|therap|medicat|medicine|meds |prescri|pill |pills |pain |chronic|disab|"
        "wheelchair|dementia|alzheimer|parkinson|autis|adhd |bipolar|depress|anxiety|panic attack|ptsd |schizo|"
        "psychiat|psycholog|mental health|nervous breakdown|suicid|self-harm|overdos|addict|alcoholi|rehab|"
        "sober|sobriety|drinking problem|drug |drugs |opioid|heroin|meth |fentanyl|pregnan|miscarr|abortion|ivf |"
        "infertil|dialysis|kidney|liver |oncolog|hospice|dying|terminal|enferm|cancer|tumor|quimio|"
        "diabet|asma |vih |sida |derrame|infarto|cirugia|operacion de|operaron|hospital|clinica|medico|medica |"
        "diagnost|tratamiento|terapia|medicament|medicina|receta|pastilla|dolor|cronic|discapa|silla de ruedas|"
        "demencia|depresi|deprim|ansiedad|ataque de panico|psiquiatr|psicolog|salud mental|suicid|sobredosis|adicc|"
        "adicto|adicta|alcohol|rehabilit|droga|embaraz|aborto|rinon|higado|cuidados paliativos|moribund"
    ),
    "intimate": (
        "gay |lesbian|bisexual|transgender|trans |queer|closeted|came out|coming out|sexual|sex life|affair |divorc|"
        "separated from|custody|lesbiana|transgener|salio del closet|salir del closet|amante|custodia"
    ),
    "belief": (
        "religio|muslim|islam|jewish|judaism|christian|catholic|protestant|evangelical|mormon|hindu|buddhis|sikh|"
        "atheis|jehovah|baptis|musulman|judi|cristian|catolic|evangelic|mormon|ateo|atea|budis|testigo de jehova"
    ),
    "descent": "ethnic|racial|her race |his race |their race |tribe|tribal|etni|racial|raza |tribu",
    "union": "union member|union card|joined the union|in the union|unioniz|shop steward|sindicat",
    "papers": (
        "undocumented|immigration|immigrant status|visa |visas |green card|deport|asylum|refugee|ice agent|daca |"
        "without papers|no papers|indocumentad|sin papeles|inmigracion|migratori|residencia legal|asilo|refugiad|"
        "la migra"
    ),
    "law": (
        "arrest|convict|felon|misdemeanor|jail|prison|parole|probation|incarcerat|criminal|charges against|warrant|"
        "restraining order|lawsuit|court date|carcel|preso|presa |prision|libertad condicional|condena|delito|"
        "antecedentes|orden de alejamiento|demanda judicial"
    ),
    "violence": (
        "abuse|abusive|abusing|domestic violence|violent|beats|beat her|beat him|hits her|hits him|assault|rape|raped|"
        "molest|stalk|maltrat|violencia|violaron|violada|violado|golpea|le pega|abus|acosa|acoso"
    ),
    "money": (
        "debt|bankrupt|evict|foreclos|behind on rent|behind on the rent|food stamps|snap benefits|welfare|unemployed|"
        "laid off|fired from|lost her job|lost his job|lost their job|payday loan|credit score|homeless|deuda|"
        "bancarrota|desaloj|desahuci|debe la renta|sin trabajo|desemplead|despidieron|perdio su trabajo|sin hogar|"
        "cupones"
    ),
}  # fmt: skip
_KINDS: Final = {
    kind: re.compile(rf"\b(?:{'|'.join(re.escape(each) for each in words.split('|'))})".replace(r"\ ", r"(?:\s|\b)"))
    for kind, words in _OF.items()
}
_IN_CONFIDENCE: Final = re.compile(rf"\b(?:{'|'.join(map(re.escape, _CONFIDED))})\b")
#: A sentence that says nothing without the one before it.
_POINTS_BACK: Final = re.compile(
    r"(?:and |but |so |y |pero )?(?:it|its|it's|this|that|that's|those|these|which|because of|eso|esto|esta|ese|lo|"
    r"por eso|ahora|now)\b"
)
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:[.!?]+(?!\w)|[.!?](?=\w)[^.!?\n]*)*\s?|\n|[.!?]+\s?")
_DAY: Final = re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b")
_NUMBER: Final = re.compile(r"(?<![\w•])[+(]?\d(?:[ ()./-]{0,2}\d){6,}(?!\w)")
_MAIL: Final = re.compile(r"[^\s@<>(),;]{1,64}@[^\s@<>(),;]+\.[^\s@<>(),;.]+")
_WEB: Final = re.compile(r"(?:https?://|www\.)\S+", re.I)
_HOUSE: Final = re.compile(
    r"\b\d{1,6}[a-z]? (?:[\w.'’-]+ ){0,4}(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|"
    r"place|pl|terrace|way|highway|hwy|circle|cir)\b\.?(?:,? (?:apt|apartment|unit|#) ?\w+)?"
    r"|\b(?:calle|avenida|av|carrera|camino|paseo|apt|apartment|apto|unit) (?:[\w.'’-]+ ){0,4}#?\d{1,6}\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What goes on, and what of the note does not: kinds of sentences left out, and whether something was masked."""

    text: str
    left_out: tuple[str, ...] = ()
    masked: bool = False
    #: It says of itself that it was told in confidence.
    confided: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether everything of it goes on."""
        return not (self.left_out or self.masked or self.confided)


def scrub(text: str) -> Scrubbed:
    """What of a note goes on to the next person; of one told in confidence nothing does unless its author says so."""
    text = unicodedata.normalize("NFC", text)
    found: list[str] = []
    kept: list[str] = []
    behind = False
    for sentence in _SENTENCE.findall(text):
        plain = _plain(sentence)
        kinds = [kind for kind, words in _KINDS.items() if words.search(plain)]
        if kinds or (behind and _POINTS_BACK.match(" ".join(plain.split()))):
            found += [kind for kind in kinds if kind not in found]
            if not (kept and kept[-1].startswith(LEFT_OUT)):
                kept.append(f"{LEFT_OUT} ")
            behind = True
            continue
        behind = behind and not sentence.strip()
        kept.append(sentence)
    words = "".join(kept).strip()
    shown = _mask(words)
    return Scrubbed(shown, tuple(found), shown != words, _IN_CONFIDENCE.search(_plain(text)) is not None)


def _mask(text: str) -> str:
    for pattern in (_MAIL, _WEB, _HOUSE):
        text = pattern.sub(MASKED, text)
    days = {each.span() for each in _DAY.finditer(text)}
    return _NUMBER.sub(lambda found: found[0] if found.span() in days else MASKED, text)


def _plain(text: str) -> str:
    """Small letters without accents and with plain apostrophes."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("’", "'"))
    return "".join(each for each in bare if not unicodedata.combining(each))
