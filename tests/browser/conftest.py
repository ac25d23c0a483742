"""What the browser's tests stand on: a demo that stays up."""

import shutil
from collections.abc import Iterator

import pytest

from tests.stories.sandbox import Served, lived_once, serves


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A community two days old, and its doors."""
    folder = tmp_path_factory.mktemp("browser") / "demo"
    shutil.copytree(lived_once(2)[0], folder)
    with serves(folder, 2) as opened:
        yield opened
