"""Words: a short reply compared with the words that were offered, without the courtesies around them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Longer replies are a person talking, whatever they begin with.
LONGEST = 400

#: What people say around an answer and that adds nothing to it, in the languages we write.
_COURTESIES = """
    hi|hello|hey|hiya|dear|good morning|good afternoon|good evening|hi there|hello there|hey there|hi all|hi everyone
    please|thanks|thank you|thank you so much|thank you very much|thanks so much|thanks a lot|many thanks|thx|ty
    thanks for asking|thank you for asking|thanks for writing|cheers|best|best wishes|best regards|kind regards|regards
    warmly|sincerely|yours|love|take care|have a good day|have a nice day|all the best|talk soon|bye
    i would like to|i would like|i'd like to|i'd like|id like to|id like|i choose|i pick|my answer is|my answer|answer
    for me|number|option|ok|okay|great|sounds good|happy to|thumbs up
    hola|buenas|buenos dias|buenas tardes|buenas noches|estimada|estimado|querida|querido|que tal
    por favor|porfavor|gracias|muchas gracias|mil gracias|gracias por preguntar|gracias por escribir|saludos
    un saludo|un abrazo|abrazos|cordialmente|atentamente|que tengas buen dia|hasta luego
    me gustaria|yo quiero|quiero|quisiera|prefiero|mi respuesta es|la opcion|opcion|el numero|numero|para mi|claro
    la|el
"""
COURTESIES = frozenset(
    phrase.strip() for line in _COURTESIES.strip().splitlines() for phrase in line.split("|") if phrase.strip()
)
_MOST_WORDS = max(len(phrase.split()) for phrase in COURTESIES)
#: Where one thing said ends and the next begins.
_ENDS = re.compile(r"[\n.!?…,;:()\[\]{}/|—–]+|\s-+\s|\s-+$")
_ASKED = re.compile(r"\s*\?")
#: Signs of code and markup: whatever such text says, a person looks at it.
_MARKUP = "{}<>"
_NOT_WORDS = re.compile(r"[^\w'\s]+")


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer that was offered: its name, and every wording that means it (as `plain` writes them)."""

    name: str
    wordings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Heard:
    """A recognized answer. `more`: they said something besides, and a person is due."""

    name: str
    more: bool


#: How people write the numbers of answers, in words.
NUMBERS: Mapping[str, str] = {
    "1": "one|uno|una|first|the first|first one|the first one|primera|la primera|primero|el primero",
    "2": "two|dos|second|the second|second one|the second one|segunda|la segunda|segundo|el segundo",
    "3": "three|tres|third|the third|third one|the third one|tercera|la tercera|tercero|el tercero",
    "4": "four|cuatro|fourth|the fourth|cuarta|la cuarta|cuarto|el cuarto",
    "5": "five|cinco|fifth|the fifth|quinta|la quinta|quinto|el quinto",
}
_IN_WORDS = frozenset(word for words in NUMBERS.values() for word in words.split("|"))
_THUMBS = str.maketrans({"\N{THUMBS UP SIGN}": " thumbs up ", "\N{THUMBS DOWN SIGN}": " thumbs down "})


def plain(text: str) -> str:
    """Words in one form: lower case, no accents, no signs but thumbs, which become words, single spaces."""
    text = text.translate(_THUMBS)
    text = unicodedata.normalize("NFKD", text.replace("’", "'").replace("`", "'")).casefold()
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return " ".join(_NOT_WORDS.sub(" ", text).replace("_", " ").split())


def offers_of(answers: Iterable[object], more: Mapping[str, Iterable[str]] | None = None) -> list[Offer]:
    """The offers of a Question's `answers`: names, labels, words, and their numbers from 1. Wordings two share: none's.

    `more` are further wordings by name.
    """
    found: list[tuple[str, set[str]]] = []
    for number, answer in enumerate(answers, start=1):
        if not isinstance(answer, dict) or not isinstance(name := answer.get("name"), str):
            continue
        wordings = {plain(name), str(number), *NUMBERS.get(str(number), str(number)).split("|")}
        for said in _texts(answer.get("label"), answer.get("words"), list((more or {}).get(name, ()))):
            wordings.add(plain(said))
        wordings.discard("")
        found.append((name, wordings))
    counts: dict[str, int] = {}
    for _, wordings in found:
        for wording in wordings:
            counts[wording] = counts.get(wording, 0) + 1
    return [Offer(name, frozenset(each for each in wordings if counts[each] == 1)) for name, wordings in found]


def listen(text: str, offers: Sequence[Offer], names: Iterable[str] = ()) -> Heard | None:
    """The one offered answer that a reply gives, or None when that is not plain. `names`: the member's, and ours.

    Nothing but the answer and courtesies: that answer. The answer as a sentence or line of its own with words after it:
    that answer, and more. Anything else is for a person to understand.
    """
    if not text.strip() or len(text) > LONGEST or any(sign in text for sign in _MARKUP):
        return None
    wordings = {wording: offer.name for offer in offers for wording in offer.wordings}
    people = {plain(name) for name in names} | {part for name in names for part in plain(name).split()}
    asks = "?" in text or "¿" in text
    whole = _without_courtesies(plain(text), people, wordings)
    if whole in wordings and not asks:
        return Heard(wordings[whole], more=False)
    said = [part for raw in _ENDS.split(text) if (part := _without_courtesies(plain(raw), people, wordings))]
    if not said:
        return None
    heard = [wordings[part] for part in said if part in wordings]
    if not heard or len(set(heard)) > 1:
        return None
    if len(heard) == len(said) and not asks:
        return Heard(heard[0], more=False)
    # Only an answer that comes first counts ("my sister would: lend a hand"), and only if nothing after it asks what it
    # means or names another.
    if (
        said[0] not in wordings
        or _ASKED.match(_after(text, said[0]))
        or _speaks_of_another(said[1:], wordings, heard[0])
    ):
        return None
    return Heard(heard[0], more=True)


def _after(text: str, part: str) -> str:
    """What stands from the first sentence's end on, where the first thing said is `part`."""
    for end in _ENDS.finditer(text):
        if part in plain(text[: end.start()]):
            return text[end.start() :]
    return text[-1:]


def _speaks_of_another(parts: Sequence[str], wordings: Mapping[str, str], name: str) -> bool:
    others = [
        wording
        for wording, of in wordings.items()
        if of != name and not wording.isdecimal() and wording not in _IN_WORDS
    ]
    return any(f" {other} " in f" {part} " for part in parts for other in others)


def adds_nothing(text: str, names: Iterable[str] = ()) -> bool:
    """Whether there is nothing in it but courtesies and these names."""
    people = {plain(name) for name in names} | {part for name in names for part in plain(name).split()}
    return len(text) <= LONGEST and not any(_without_courtesies(plain(part), people, {}) for part in _ENDS.split(text))


def _texts(*values: object) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(*value.values())
        elif isinstance(value, list):
            yield from _texts(*value)


def _without_courtesies(words: str, people: set[str], wordings: dict[str, str]) -> str:
    """`words` without the courtesies and names at its two ends; an offered wording is never taken for one."""
    parts = words.split()
    changed = True
    while changed and parts and " ".join(parts) not in wordings:
        changed = False
        for length in range(min(_MOST_WORDS, len(parts)), 0, -1):
            for ends in (slice(0, length), slice(len(parts) - length, len(parts))):
                phrase = " ".join(parts[ends])
                if phrase in COURTESIES or phrase in people:
                    del parts[ends]
                    changed = True
                    break
            if changed:
                break
    return " ".join(parts)
