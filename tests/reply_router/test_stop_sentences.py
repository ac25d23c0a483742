"""Two thousand sentences with the words of a stop inside, every exact word in all its decorations, and plain wishes to be
left in peace: what is heard as a stop, by text and by mail.

The sentences are generated, the same each time, from a grammar that was written before the reader it is held against
(stop_sentences.txt). What a general rule of the reader does not hear stays unheard, and the share is told.
"""

import itertools
import random
import re
from functools import cache
from pathlib import Path

import pytest

from reply_router.reading.commands import Verb, command
from reply_router.reading.texts import STOP_WORDS, TextKind, read_words

STOPS = (TextKind.STOP, TextKind.STOP_LENIENT)
#: Of a hundred wishes in plain words so many are heard at once; the others reach a person.
HEARD_AT_ONCE = 0.9


@cache
def grammar(section: str) -> dict[str, list[str]]:
    """The rules of one section: name to alternatives."""
    rules: dict[str, list[str]] = {}
    here, name = "", ""
    for line in (Path(__file__).parent / "stop_sentences.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            here = line.strip("[]")
        elif here == section and line.startswith(" |"):
            rules[name] += line.rstrip(" |").strip()[1:].split("|")
        elif here == section and (rule := re.fullmatch(r"(\w+) =(.*?)(?:\|$)?", line)):
            name = rule[1]
            rules[name] = rule[2].split("|")
    return {name: [each.strip() for each in alternatives] for name, alternatives in rules.items()}


def sentence(section: str, name: str, chance: random.Random) -> str:
    """One sentence of a rule."""
    chosen = chance.choice(grammar(section)[name])
    return re.sub(r"<(\w+)>", lambda each: " " if each[1] == "space" else _part(section, each[1], chance), chosen)


def _part(section: str, name: str, chance: random.Random) -> str:
    said = sentence(section, name, chance)
    if name in ("open", "soft"):
        return f"{said} " if said and not said.endswith(" ") else said
    return f" {said}" if name in ("close", "tail") and said[:1].isalpha() else said


def sentences(kind: str, count: int) -> list[str]:
    """So many different sentences of a kind, half of them in each language, the same each time."""
    found: dict[str, None] = {}
    chance = random.Random(20261128)
    for language in ("en", "es"):
        wanted = len(found) + count // 2
        while len(found) < wanted:
            found[sentence(f"{kind} {language}", kind, chance)] = None
    return list(found)


TALK, WISHES = sentences("talk", 2000), sentences("wish", 400)
