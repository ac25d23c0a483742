"""The words of our pages, in English and Spanish, side by side: one YAML file per noun.

An entry is `name: {en: ..., es: ...}`; with a count it is `name: {en: {one: ..., other: ...}, es: ...}`. Values
stand in braces, `{name}`. A page says `say("inbox.for_me")`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

LANGUAGES = ("en", "es")

#: One sentence, or a pair of them for one thing and for any other number of things.
Phrase = str | dict[str, str]


class WordsWrong(Exception):
    """The catalogue lacks a word, or one language asks for values that English does not."""


@dataclass(frozen=True, slots=True)
class Words:
    phrases: dict[str, dict[str, Phrase]]

    def say(self, language: str, key: str, **values: object) -> str:
        """The phrase in the reader's language, else in English. Raises WordsWrong for a key nobody wrote."""
        try:
            by_language = self.phrases[key]
        except KeyError:
            raise WordsWrong(f"no words are written for {key!r}") from None
        phrase = by_language.get(language) or by_language["en"]
        if isinstance(phrase, dict):
            phrase = phrase["one" if values.get("count") == 1 else "other"]
        return phrase.format(**values)


@cache
def words() -> Words:
    """Every phrase of the catalogue, checked: both languages present, and none asking for values that English does not."""
    phrases: dict[str, dict[str, Phrase]] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        entries: dict[str, Any] = yaml.safe_load(path.read_text("utf-8")) or {}
        for name, by_language in entries.items():
            key = f"{path.stem}.{name}"
            phrases[key] = _checked(key, by_language)
    return Words(phrases)


def _checked(key: str, by_language: object) -> dict[str, Phrase]:
    if not isinstance(by_language, dict) or set(by_language) != set(LANGUAGES):
        raise WordsWrong(f"{key!r} needs {' and '.join(LANGUAGES)}")
    wanted = {language: _values(phrase) for language, phrase in by_language.items()}
    unknown = set().union(*wanted.values()) - wanted["en"]
    if unknown:
        raise WordsWrong(f"{key!r} asks for {unknown}, which its English does not")
    return by_language


def _values(phrase: Phrase) -> set[str]:
    sentences = [phrase] if isinstance(phrase, str) else list(phrase.values())
    names = {name for sentence in sentences for _, name, _, _ in Formatter().parse(sentence) if name}
    # "one conversation" need not say the number.
    return names - {"count"}
