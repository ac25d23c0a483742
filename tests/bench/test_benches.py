"""Every bench runs in its small form; how fast it is stays with `bin/bench`."""

from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHES, figures

#: What starts processes of its own takes too long for every run.
SLOW = ("answers", "move", "inbox", "page", "routing_growth", "texts", "pair", "memory", "simulate", "send", "letter")
EACH = [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in BENCHES]


@pytest.mark.parametrize("name", EACH)
def test_the_bench_runs_and_measures_something(name: str) -> None:
    found = list(figures(name, quick=True))
    assert found
    for figure in found:
        assert figure.ours > 0
        assert figure.baseline > 0


def test_the_page_of_figures_tells_of_every_bench() -> None:
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text("utf-8")
    assert [name for name in BENCHES if f"`{name}`" not in page] == []
