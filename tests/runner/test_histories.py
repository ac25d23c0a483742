"""Recorded lives come to the same end by today's runner as by that of their day: nobody in flight is led astray.

How a history is recorded stands in `tests.runner.history`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runner.history import FOLDER, told

FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_recorded_history_told_again_comes_to_the_same_end(file: Path, tmp_path: Path) -> None:
    history = json.loads(file.read_text("utf-8"))
    became = told(history, tmp_path)
    for what, rows in history["became"].items():
        assert became[what] == rows, f"{file.stem}: other {what} than by {history['by']}"


def test_a_history_that_became_something_else_is_noticed(tmp_path: Path) -> None:
    history: dict[str, Any] = json.loads(FILES[0].read_text("utf-8"))
    before = len(history["happened"])
    # One word of theirs is missing.
    history["happened"] = [each for each in history["happened"] if each[1] != "answers"]
    assert len(history["happened"]) < before
    assert told(history, tmp_path) != history["became"]
