"""The fixed words are the same set in every language, and say what they are asked to."""

import re

import pytest

from templates.frame import read_layout
from templates.words import read_words

WORDS = read_words()


def test_english_and_spanish_have_the_same_keys_with_the_same_values() -> None:
    assert WORDS.languages() == ("en", "es")
    english, spanish = WORDS.sentences["en"], WORDS.sentences["es"]
    assert set(english) == set(spanish)
    values = re.compile(r"\{[a-z_.]+\}")
    for key in english:
        assert set(values.findall(english[key])) == set(values.findall(spanish[key])), key
        assert english[key] != spanish[key], key


def test_a_regional_language_speaks_its_base_and_an_unknown_one_english() -> None:
    assert WORDS.say("es-MX", "foot.stop") == "No recibir más estas cartas"
    assert WORDS.say("fr", "foot.stop") == "Stop these letters"


def test_a_value_is_only_words() -> None:
    said = WORDS.say("en", "desk.name", org="{to} {{7*7}} \\1")
    assert said == "The desk at {to} {{7*7}} \\1"


def test_a_forgotten_value_is_loud() -> None:
    with pytest.raises(KeyError, match="org"):
        WORDS.say("en", "desk.name")


def test_a_letter_says_truly_who_wrote_it_and_to_whom() -> None:
    by_maya = WORDS.written_by("en", author="Maya", audience="joined", org="Neighbors for Progress")
    assert by_maya == "Maya wrote this to everyone new, and reads what you answer."
    by_nobody = WORDS.written_by("en", author=None, audience="joined", org="Neighbors for Progress")
    assert "Maya" not in by_nobody and "desk" in by_nobody and "person reads" in by_nobody


def test_every_word_a_frame_asks_for_is_in_the_catalogue() -> None:
    layout = read_layout()
    for source in (layout.layout, *layout.frames.values()):
        for part in source.split('key="')[1:]:
            assert part.partition('"')[0] in WORDS.sentences["en"]
