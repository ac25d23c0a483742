"""Which language some words are in, English or Spanish, where it is plain. Pure; linear in what is looked at."""

from typing import Final

from journeys.folding import folded

#: Words that hardly a sentence does without, folded; none of them is a word of the other language too.
_ENGLISH: Final = frozenset(
    """the and you to is it that of for with was are have my your this can what will be on at we they not but do if
    would could should there their them i im dont its from how when who""".split()
)
_SPANISH: Final = frozenset(
    """que de el la los las una y es en por con para mi su lo se del al como mas pero muy yo tu esta este estoy soy
    tengo puedo quiero gracias hola cuando donde quien necesito somos hay le les nos ya porque si sin sobre""".split()
)
_MOST_WORDS: Final = 400


def language_of_words(text: str) -> str:
    """`en`, `es`, or empty where it is not plain: too few words, or as many of the one as of the other."""
    words = folded(text[:4_000]).split()[:_MOST_WORDS]
    english = sum(word in _ENGLISH for word in words)
    spanish = sum(word in _SPANISH for word in words)
    if max(english, spanish) < 2 or max(english, spanish) < 2 * min(english, spanish):
        return ""
    return "en" if english > spanish else "es"
