"""What any room's tests may stand on: a database, a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.db import Database
from tests.browser.chromium import browser
from tests.database import database_in

#: One browser a process: two could not be driven side by side.
__all__ = ["browser", "db"]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A real database file of the test's own, at the present shape."""
    db = database_in(tmp_path)
    yield db
    db.close()
