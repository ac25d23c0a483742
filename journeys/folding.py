"""Folding: words compared without regard to accents, capitals and signs, whole words only.

A table, and no function of a locale, so that Python and both databases fold alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: Latin, Greek and Cyrillic letters, with their accents.
_LETTERS = ((0x41, 0x5B), (0xC0, 0x250), (0x370, 0x530), (0x1E00, 0x2000))


def _base(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter)[0].casefold()
    return plain if len(plain) == 1 else letter


def _small(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 else letter


_PAIRS = {
    letter: _base(letter)
    for first, last in _LETTERS
    for letter in map(chr, range(first, last))
    if letter.isalpha() and _base(letter) != letter and not _base(letter).isspace()
}
_MARKS = "".join(map(chr, range(0x300, 0x370)))

#: As the database's `translate` wants it: each sign of the first becomes that of the second; what is over goes.
FOLD_FROM = "".join(_PAIRS) + _MARKS
FOLD_TO = "".join(_PAIRS.values())
#: Capitals beyond A to Z, and what they are small: for a database whose locale knows none of them.
CAPITALS = "".join(
    sign for first, last in _LETTERS[1:] for sign in map(chr, range(first, last)) if _small(sign) != sign
)
SMALL = "".join(map(_small, CAPITALS))
#: What stands between words, as a regular expression that Python and PostgreSQL read alike.
BETWEEN = "[\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00bf\\u2000-\\u206f\\u3000-\\u303f]+"

_TABLE = str.maketrans({**_PAIRS, **dict.fromkeys(_MARKS, "")})
_BETWEEN = re.compile(BETWEEN)


def folded(text: str) -> str:
    """The words of the text, small and without accents, one blank between them and one at either end."""
    words = _BETWEEN.sub(" ", unicodedata.normalize("NFC", text).translate(_TABLE))
    return f" {words.strip(' ')} "


def says_any(text: str, words: Iterable[str]) -> bool:
    """Whether one of these words, or sayings of several words, stands in the text as whole words."""
    said = folded(text)
    return any(folded(word) in said for word in words)
