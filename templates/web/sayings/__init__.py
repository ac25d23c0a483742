"""Sayings: sentences that rows keep in English, said in the language of whoever reads them.

A row keeps why it is where it is as the sentence that the rule said, so that the command line, logs and exports read
the same, and rows stay true when a rule is changed. Here each such sentence has its pair in each other language;
what has none (words of a provider, rows of an older version) stays as it was written.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path

_HERE = Path(__file__).parent
_SLOT = re.compile(r"\{([a-z_]+)\}")
#: A value of this name is a saying too, if there is one for it.
_SAID = "_said"
#: A value of this name is a day as rows keep it: 03 March 2026.
_DAY = "_day"
_A_DAY = re.compile(r"(\d{2}) ([A-Z][a-z]+) (\d{4})")
#: A value of this name is a length of time: 1 day and 12 hours.
_SPAN = "_span"
_A_SPAN = re.compile(r"(\d+) (minute|hour|day|week)s?")
#: A value of this name is a number, so that its saying is found among others with commas between them.
_DIGITS = "_digits"
#: A value of this name is words of which one is enough: `"soup" or "sopa"`.
_ANY = "_any"
#: A value of this name is a name in quotes, "soup" or “soup”: they are those of the language it is said in.
_QUOTED = "_quoted"
#: A value of this name is the name of one step, and no more of what is told.
_STEP = "_step"
_LENGTH = r"\d+ (?:minute|hour|day|week)s?"
#: A value of this name is a moment as rows keep it, in one of two ways, or a mark for it on a reader's own clock.
_MOMENT = "_moment"
_MARK = "\x02[0-9]+\x03"
_KEPT_MOMENT = r"(?:on )?\d{2} [A-Z][a-z]+ \d{4} at \d{2}:\d{2} UTC|(?:at )?\d{2}:\d{2} UTC on \d{2} [A-Z][a-z]+ \d{4}"
#: What a value of these names looks like; of any other, anything.
_SHAPES = {
    _SPAN: f"{_LENGTH}(?: and {_LENGTH})*",
    _DIGITS: "[0-9.]+",
    _STEP: "[^”;]+",
    _MOMENT: f"{_KEPT_MOMENT}|{_MARK}",
}
#: Where one sentence ends and another begins.
_BETWEEN = re.compile(r"(?<=[.!?”]) (?=[A-ZÁÉÍÓÚÑ“])")
#: Where one thing said in turn ends, outside of what somebody wrote.
_IN_TURN = re.compile(r'; (?=(?:[^"]*"[^"]*")*[^"]*$)')
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
    #: How a day is said (`number`, `month` and `year`), and its months by their English names.
    day: str
    months: Mapping[str, str]
    #: What stands between several that are told together, and between theirs; units of time, one and many.
    between: Mapping[str, str]
    units: Mapping[str, list[str]]
    #: What stands before and behind a name in quotes; a moment, with its `day` and `time`.
    quotes: str
    moment: str

    def pair(self, words: str) -> str | None:
        """The words in this language; None for words that are no saying."""
        if words in self.whole:
            return self.whole[words]
        for each in self.open:
            found = each.english.fullmatch(words)
            if found is not None:
                return self._filled(each.said, found.groupdict())
        if words.startswith("(") and words.endswith(")"):
            inside = self._together(words[1:-1])
            return inside if inside is None else f"({inside})"
        return self._before_their_words(words)

    def in_turn(self, words: str) -> str | None:
        """What is said one after the other, as a step tells its ways; None where one of them has no pair."""
        parts = _IN_TURN.split(words)
        told = [self.pair(each) for each in parts] if len(parts) > 1 else [None]
        return None if None in told else self.between["; "].join(each for each in told if each is not None)

    def _together(self, words: str) -> str | None:
        """Several with "and", "or" or commas between them, each of them a saying; None where one is none."""
        for between in (" and ", " or ", ", "):
            told = self._parts(words, between)
            if len(told) > 1:
                return self.between[between].join(told)
        return None

    def _parts(self, words: str, between: str) -> list[str]:
        """The sayings, each as short as can be: what stands between them may stand in one of them too."""
        end = -1
        while end < len(words):
            end = words.find(between, end + 1)
            end = len(words) if end < 0 else end
            first = words[:end]
            pair = self.pair(first) if first.count("(") == first.count(")") else None
            rest = self._parts(words[end + len(between) :], between) if pair is not None and end < len(words) else []
            if pair is not None and (rest or end == len(words)):
                return [pair, *rest]
        return []

    def _before_their_words(self, words: str) -> str | None:
        """What a relay or provider said stands behind our words for it, as they said it: "it is busy: 421 4.3.2"."""
        ends = len(words)
        while (ends := words.rfind(": ", 0, ends)) > 0:
            if words[:ends] in self.whole:
                return f"{self.whole[words[:ends]]}{words[ends:]}"
        return None

    def _filled(self, said: str, values: dict[str, str]) -> str:
        return _SLOT.sub(lambda slot: self._value(slot[1], values[slot[1]]), said)

    def _value(self, name: str, value: str) -> str:
        if name.endswith(_DAY):
            return _A_DAY.sub(self._day, value)
        if name.endswith(_SPAN):
            return _A_SPAN.sub(self._span, value).replace(" and ", self.between[" and "])
        if name.endswith(_ANY):
            return self.between["any"].join(self.pair(each) or each for each in value.split(" or "))
        if name.endswith(_MOMENT):
            return self._moment(value)
        if name.endswith(_QUOTED):
            return f"{self.quotes[0]}{value[1:-1]}{self.quotes[1]}" if value[:1] in ('"', "“") else value
        if not name.endswith(_SAID):
            return value
        whole = self.in_turn(value) or self._together(value) or self.pair(value)
        if whole is not None:
            return whole
        # Several together, as a rule tells what it asked for, or junk its signs.
        for between in ("; ", ", "):
            parts = [(each, self.pair(each)) for each in value.split(between)]
            if any(pair is not None for _, pair in parts):
                return self.between[between].join(pair or each for each, pair in parts)
        return value

    def _moment(self, value: str) -> str:
        day, time = _A_DAY.search(value), re.search(r"\d{2}:\d{2}", value)
        if day is None or time is None:
            return value
        return f"{self.moment.replace('{day}', _A_DAY.sub(self._day, day[0])).replace('{time}', time[0])}"

    def _span(self, found: re.Match[str]) -> str:
        one, many = self.units[found[2]]
        return f"{found[1]} {one if found[1] == '1' else many}"

    def _day(self, found: re.Match[str]) -> str:
        number, month, year = found.groups()
        values = {"number": str(int(number)), "month": self.months.get(month, month), "year": year}
        return _SLOT.sub(lambda slot: values[slot[1]], self.day)


@lru_cache(maxsize=4096)
def said(words: str, language: str) -> str:
    """The words in that language: by sentences, whole, or by what semicolons part; what has no pair stays as it is."""
    known = sayings(language)
    if known is None or not words or len(words) > _LONGEST:
        return words
    sentences = _BETWEEN.split(words)
    told = [known.in_turn(each) or known.pair(each) for each in sentences]
    if None not in told:
        return " ".join(each for each in told if each is not None)
    whole = known.pair(words)
    return whole or " ".join(pair or each for pair, each in zip(told, sentences, strict=True))


def in_turn(words: str) -> tuple[str, ...]:
    """What is said one after the other, as a step tells its ways: each part is a saying by itself."""
    return tuple(_IN_TURN.split(words))


def on_a_clock(words: str, language: str, tell: Callable[[datetime], str]) -> str:
    """The words in that language, every moment in them as `tell` says it instead of in UTC."""
    moments: list[datetime] = []

    def mark(found: re.Match[str]) -> str:
        day, time = _A_DAY.search(found[0]), re.search(r"\d{2}:\d{2}", found[0])
        try:
            moments.append(datetime.strptime(f"{day and day[0]} {time and time[0]} +0000", "%d %B %Y %H:%M %z"))
        except ValueError:
            return found[0]
        return f"\x02{len(moments) - 1}\x03"

    marked = re.sub(_KEPT_MOMENT, mark, words)
    return re.sub(_MARK, lambda place: tell(moments[int(place[0][1:-1])]), said(marked, language))


@cache
def sayings(language: str) -> Sayings | None:
    """Those of a language; None for English, in which they were said, and for one that nobody wrote."""
    file = _HERE / f"{language}.toml"
    if not file.exists():
        return None
    kept = tomllib.loads(file.read_text())
    pairs = [pair for part in kept["part"] for pair in part["say"]]
    with_values = sorted((pair for pair in pairs if _SLOT.search(pair[0])), key=_particular)
    return Sayings(
        {english: pair for english, pair in pairs if not _SLOT.search(english)},
        tuple(Saying(_pattern(english), pair) for english, pair in with_values),
        kept["day"]["say"],
        kept["day"]["months"],
        kept["between"],
        kept["span"],
        kept["quotes"],
        kept["day"]["moment"],
    )


def _particular(pair: list[str]) -> tuple[int, int]:
    """Those with more words of their own come first, and of these the ones with fewer values."""
    return -len(_SLOT.sub("", pair[0])), len(_SLOT.findall(pair[0]))


def _pattern(english: str) -> re.Pattern[str]:
    parts = _SLOT.split(english)
    words = [re.escape(part) if place % 2 == 0 else _value_of(part) for place, part in enumerate(parts)]
    return re.compile("".join(words), re.DOTALL)


def _value_of(name: str) -> str:
    kind = next((kind for kind in _SHAPES if name.endswith(kind)), "")
    return f"(?P<{name}>{_SHAPES.get(kind, '.+?')})"
