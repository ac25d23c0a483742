"""Every bench runs in its small form; how fast it is stays with `bin/bench`."""

import pytest

from tests.bench.__main__ import BENCHES, figures

#: What starts processes of its own takes too long for every run.
SLOW = ("answers", "texts", "pair", "memory")
EACH = [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in BENCHES]


@pytest.mark.parametrize("name", EACH)
def test_the_bench_runs_and_measures_something(name: str) -> None:
    found = list(figures(name, quick=True))
    assert found
    for figure in found:
        assert figure.ours > 0
        assert figure.baseline > 0
