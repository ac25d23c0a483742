"""The lines above a quote are known, whatever program and language wrote them, and take no word of a person along."""

import textwrap
from pathlib import Path

import pytest

from reply_router.reading import read_text

TABLE = (Path(__file__).parent / "introductions.txt").read_text(encoding="utf-8").splitlines()
INTRODUCTIONS = [line for line in TABLE if line and not line.startswith("#")]


@pytest.mark.parametrize("gap", ["", "\n"], ids=["right above", "with a gap"])
@pytest.mark.parametrize("wide", [400, 60], ids=["whole", "wrapped"])
def test_an_introduction_goes_with_its_quote(wide: int, gap: str) -> None:
    for line in INTRODUCTIONS:
        introduction = line.removeprefix("> ")
        lines = "\n".join(textwrap.wrap(introduction, wide, break_long_words=False, break_on_hyphens=False))
        for own in ("Lamps, I think.", "Lamps I think"):
            marked = f"{own}\n\n{lines}\n{gap}> What does\n> this street need?\n"
            assert read_text(marked).text == own, introduction
            if introduction == line:
                bare = f"{own}\n\n{lines}\n{gap}What does this street need?\nTell me soon.\n"
                assert read_text(bare).text == own, introduction


def test_an_answer_below_a_marked_quote_stays() -> None:
    for line in INTRODUCTIONS:
        introduction = line.removeprefix("> ")
        if not introduction.startswith(">>>"):
            letter = f"{introduction}\n> What does\n> this street need?\n\nLamps, I think."
            assert read_text(letter).text == "Lamps, I think.", introduction


def test_the_line_before_a_bare_introduction_stays() -> None:
    letter = "I would like lamps\nMaya Torres <maya@nfp.example> wrote:\n> What does this street need?"
    assert read_text(letter).text == "I would like lamps"
