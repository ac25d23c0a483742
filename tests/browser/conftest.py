"""What the browser's tests stand on: a demo that stays up."""

from collections.abc import Iterator

import pytest

from tests.stories.sandbox import Served, serves


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A community two days old, and its doors."""
    with serves(tmp_path_factory.mktemp("browser") / "demo", 2) as opened:
        yield opened
