"""Sayings: sentences that rows keep in English, said in the language of whoever reads them.

A row keeps why it is where it is as the sentence that the rule said, so that the command line, logs and exports read
the same, and rows stay true when a rule is changed. Here each such sentence has its pair in each other language;
what has none (words of a provider, rows of an older version) stays as it was written.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

_HERE = Path(__file__).parent
_SLOT = re.compile(r"\{([a-z_]+)\}")
#: A value of this name is a saying too, if there is one for it.
_SAID = "_said"
#: Where one sentence ends and another begins.
_BETWEEN = re.compile(r"(?<=[.!?”]) (?=[A-ZÁÉÍÓÚÑ“])")
#: Longer words are no saying.
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence with its values open, and its pair."""

    english: re.Pattern[str]
    said: str


@dataclass(frozen=True, slots=True)
class Sayings:
    """Those of one language: whole sentences by their words, and those with values, the most particular first."""

    whole: dict[str, str]
    open: tuple[Saying, ...]

    def pair(self, words: str) -> str | None:
        """The words in this language; None for words that are no saying."""
        if words in self.whole:
            return self.whole[words]
        for each in self.open:
            found = each.english.fullmatch(words)
            if found is not None:
                return self._filled(each.said, found.groupdict())
        return None

    def _filled(self, said: str, values: dict[str, str]) -> str:
        return _SLOT.sub(lambda slot: self._value(slot[1], values[slot[1]]), said)

    def _value(self, name: str, value: str) -> str:
        if not name.endswith(_SAID):
            return value
        whole = self.pair(value)
        if whole is not None:
            return whole
        # Several together, as a rule tells what it asked for, or junk its signs.
        for between in ("; ", ", "):
            parts = [(each, self.pair(each)) for each in value.split(between)]
            if any(pair is not None for _, pair in parts):
                return between.join(pair or each for each, pair in parts)
        return value


@lru_cache(maxsize=4096)
def said(words: str, language: str) -> str:
    """The words in that language: as a whole, else sentence by sentence; what has no pair stays as it is."""
    known = sayings(language)
    if known is None or not words or len(words) > _LONGEST:
        return words
    whole = known.pair(words)
    if whole is not None:
        return whole
    return " ".join(known.pair(each) or each for each in _BETWEEN.split(words))


@cache
def sayings(language: str) -> Sayings | None:
    """Those of a language; None for English, in which they were said, and for one that nobody wrote."""
    file = _HERE / f"{language}.toml"
    if not file.exists():
        return None
    pairs = [pair for part in tomllib.loads(file.read_text())["part"] for pair in part["say"]]
    with_values = sorted((pair for pair in pairs if _SLOT.search(pair[0])), key=_particular)
    return Sayings(
        {english: pair for english, pair in pairs if not _SLOT.search(english)},
        tuple(Saying(_pattern(english), pair) for english, pair in with_values),
    )


def _particular(pair: list[str]) -> tuple[int, int]:
    """Those with more words of their own come first, and of these the ones with fewer values."""
    return -len(_SLOT.sub("", pair[0])), len(_SLOT.findall(pair[0]))


def _pattern(english: str) -> re.Pattern[str]:
    parts = _SLOT.split(english)
    words = [re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts)]
    return re.compile("".join(words), re.DOTALL)
