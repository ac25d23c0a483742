"""What programs put under a person's words is folded, and nothing that the person said goes with it."""

from pathlib import Path

import pytest

from reply_router.reading import read_text
from tests.reply_router.reading.cases import Case, cases

TABLE = (Path(__file__).parent / "under_words.txt").read_text(encoding="utf-8").splitlines()
UNDER = [line.replace(" ⏎ ", "\n") for line in TABLE if line and not line.startswith("# ")]


def test_what_programs_put_under_every_letter_is_folded() -> None:
    for line in UNDER:
        reading = read_text(f"Yes, at six.\n\n{line}\n")
        assert reading.text == "Yes, at six.", line
        assert [part.text for part in reading.folded], line


def test_a_letter_that_is_nothing_but_an_app_line_is_not_made_empty() -> None:
    for line in UNDER:
        assert read_text(line).text, line


@pytest.mark.parametrize("case", cases("signed"), ids=lambda case: case.name)
def test_the_words_above_a_signature_are_found(case: Case) -> None:
    assert read_text(case.letter.rstrip("\n")).text == case.expected
