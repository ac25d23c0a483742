"""One town per test, on a real SQLite file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.town import Town, build


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The town of town.py, freshly built."""
    built = build(tmp_path)
    yield built
    built.services.db.close()
