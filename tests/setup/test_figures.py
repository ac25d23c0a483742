"""The page of figures is made of what tests noted, and of nothing when nobody asked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.figures import VARIABLE, note, page


def test_what_was_noted_stands_on_the_page_once_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "figures"))
    for tried in ("kills", "forgeries", "kills"):
        note(tried, "lost 0", "lost 0")
    made = page((tmp_path / "figures").read_text("utf-8"), datetime(2026, 11, 28, tzinfo=UTC))
    assert "On 28 November 2026" in made
    assert made.splitlines()[-2:] == ["| forgeries | lost 0 | lost 0 |", "| kills | lost 0 | lost 0 |"]


def test_nothing_is_noted_where_nobody_collects_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    note("kills", "lost 0", "lost 0")
    assert list(tmp_path.iterdir()) == []
