"""A database file at its present shape."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.db import Database
from engine.migrations import migrate


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    db = Database(f"sqlite:///{tmp_path / 'conversations.db'}")
    migrate.upgrade(db)
    yield db
    db.close()
