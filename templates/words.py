"""The fixed words around letters and pages, in every language we write, from one catalogue.

`library/words/<language>.toml` holds one table per place and one sentence per key; `{name}` is a value. All languages
have the same keys and the same values, which a test keeps.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from templates.vocabulary import base_language

LIBRARY = Path(__file__).parent / "library"
_VALUE = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences by language and key."""

    sentences: Mapping[str, Mapping[str, str]]

    def source(self, language: str, key: str) -> str:
        """The sentence with its `{values}` still open. Raises KeyError for a key nobody wrote."""
        return self.sentences[base_language(language)][key]

    def say(self, language: str, key: str, **values: str | int) -> str:
        """The sentence with its values in place. A value is only words: braces in it stay braces.

        Raises KeyError for a key nobody wrote, or a value not given.
        """
        sentence = self.source(language, key)
        return _filled(sentence, tuple(values.items())) if "{" in sentence else sentence

    def written_by(self, language: str, *, author: str | None, audience: str, org: str) -> str:
        """One true sentence on who wrote a letter and to whom.

        `author` is the first name of the person who approved this text, or None when the desk sends it; `audience` is
        a key of the table `audience`: `joined`, `tagged` or `by_hand`.
        """
        to = self.say(language, f"audience.{audience}")
        if author is None:
            return self.say(language, "foot.from_the_desk", to=to, org=org)
        return self.say(language, "foot.by_a_person", author=author, to=to)

    def how_to_answer(
        self, language: str, *, arrives: bool, person: str = "", number: str = "", address: str = ""
    ) -> str:
        """One true sentence on how to answer a mail: just reply, and (`person`) to whom that goes.

        While replies may not arrive: our number for texts, else our postal address, else patience.
        """
        if arrives and person:
            return self.say(language, "foot.reply_to_answer", name=person)
        if arrives:
            return self.say(language, "foot.just_reply")
        if number:
            return self.say(language, "foot.reach_by_text", number=number)
        if address:
            return self.say(language, "foot.reach_by_post", address=address)
        return self.say(language, "foot.reach_later")

    def to_whom(self, language: str, *, audience: str) -> str:
        """The same in few words, for a text: to whom it goes. `audience` as in `written_by`."""
        return self.say(language, f"to_whom.{audience}")

    def desk(self, language: str, *, org: str) -> str:
        """What the organization's desk is called where a person's name would stand."""
        return self.say(language, "desk.name", org=org)

    def offer(self, language: str, labels: Sequence[str]) -> str:
        """One sentence that offers these answers by number, as the end of a text; empty for none."""
        said = [
            self.say(language, "text.offer" if number == 1 else "text.offer_next", number=number, label=label)
            for number, label in enumerate(labels, start=1)
        ]
        return f"{', '.join(said)}." if said else ""

    def offer_in_lines(self, language: str, labels: Sequence[str]) -> list[str]:
        """The same for a phone on which nothing can be tapped: what to do, then each answer on a line of its own."""
        lines = [f"{number} {label}" for number, label in enumerate(labels, start=1)]
        return [self.say(language, "text.offer_wordy"), *lines] if lines else []

    def languages(self) -> tuple[str, ...]:
        """The languages there are words in, by the alphabet."""
        return tuple(sorted(self.sentences))


@lru_cache(maxsize=2048)
def _filled(sentence: str, values: tuple[tuple[str, str | int], ...]) -> str:
    # The same few sentences stand in every letter of a batch.
    known = dict(values)
    return _VALUE.sub(lambda found: str(known[found[1]]), sentence)


def read_words(folder: Path = LIBRARY / "words") -> Words:
    """The catalogue of this folder: one file per language."""
    return Words(
        {path.stem: dict(_flat(tomllib.loads(path.read_text("utf-8")))) for path in sorted(folder.glob("*.toml"))}
    )


def _flat(table: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{before}{key}.")
        else:
            found.append((f"{before}{key}", str(value)))
    return found


def as_template(sentence: str) -> str:
    """The sentence with each `{group.name}` written as the Jinja variable of that name."""
    return _VALUE.sub(r"{{ \1 }}", sentence)
