"""What any room's tests may stand on: a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.db import Database
from tests.database import database_in


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A real database file of the test's own, at the present shape."""
    db = database_in(tmp_path)
    yield db
    db.close()
