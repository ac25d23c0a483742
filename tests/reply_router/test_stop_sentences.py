"""Two thousand sentences with the words of a stop inside, every exact word in all its decorations, and plain wishes to
be left in peace: what is heard as a stop, by text and by mail.

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


def test_the_sentences_are_what_they_are_held_to_be() -> None:
    assert len(set(TALK)) == 2000
    assert len(set(WISHES)) == 400
    carriers = re.compile(rf"\b(?:{'|'.join(STOP_WORDS)}|alto|baja|basta|parar|paren|cancelar)\b", re.IGNORECASE)
    assert sum(carriers.search(each) is not None for each in TALK) > 800


@pytest.mark.parametrize("way", ["text", "mail"])
def test_of_two_thousand_sentences_with_the_words_inside_hardly_one_is_a_stop(
    way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [each for each in TALK if _is_a_stop(each, way)]
    with capsys.disabled():
        print(f"\n{len(wrong)} of {len(TALK)} sentences with the words inside were heard as a stop by {way}.")
    assert len(wrong) <= len(TALK) * 0.002, wrong


def test_no_exact_word_is_missed_in_any_decoration() -> None:
    wide = str.maketrans({chr(each): chr(each + 0xFEE0) for each in range(0x21, 0x7F)})
    before = (
        "",
        " ",
        "\n",
        "\t",
        "\u200b",
        "\ufeff",
        "\u2066",
        "¡",
        "“",
        '"',
        "'",
        "*",
        "- ",
        "…",
        "(",
        "\N{OCTAGONAL SIGN}",
    )
    after = ("", " ", "\n", ".", "!", "!!!", "…", "”", '"', "'", "*", ")", "\ufe0f", "\u200d", "?!", " ✋")
    cases = (
        str.lower,
        str.upper,
        str.title,
        lambda word: word[0] + word[1:].upper(),
        lambda word: word.translate(wide),
    )
    tried = missed = 0
    for word, case, begins, ends in itertools.product(sorted(STOP_WORDS), cases, before, after):
        tried += 1
        missed += read_words(f"{begins}{case(word)}{ends}").kind not in STOPS
    assert tried == len(STOP_WORDS) * 5 * 16 * 16
    assert missed == 0


def test_plain_wishes_are_heard_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    heard = sum(_is_a_stop(each, "text") for each in WISHES)
    unseen = [each for language in ("en", "es") for each in grammar(f"unseen {language}")["said"]]
    at_first_sight = sum(_is_a_stop(each, "text") for each in unseen)
    with capsys.disabled():
        print(
            f"\n{heard} of {len(WISHES)} plain wishes were heard at once, and {at_first_sight} of {len(unseen)} in "
            "words that nobody had thought of; a person reads the others."
        )
    assert heard >= len(WISHES) * HEARD_AT_ONCE
    assert at_first_sight >= len(unseen) * 0.6


def _is_a_stop(words: str, way: str) -> bool:
    if way == "text":
        return read_words(words).kind in (*STOPS, TextKind.WRONG_NUMBER)
    found = command(words)
    return found is not None and found.verb is Verb.UNSUBSCRIBE
