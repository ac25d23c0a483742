"""What any room's tests may stand on: a database, real servers, a browser; and that no run goes on for ever."""

import faulthandler
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.db import Database
from tests.browser.chromium import browser
from tests.database import database_in, postgres_database
from tests.servers import shared

#: One browser a process: two could not be driven side by side.
__all__ = ["browser", "db"]

#: Seconds of wall time for a whole run, and for one with long forms; then every process of it shows where it
#: hangs and ends. A test has its own, `timeout` in pyproject.toml, and LONG_TEST_SECONDS if it is long.
RUN_SECONDS, LONG_RUN_SECONDS = 2400, 6 * 3600
LONG_TEST_SECONDS = 1800
_BEGAN = "HEARTHLINE_TEST_BEGAN"


def pytest_configure(config: pytest.Config) -> None:
    """The run ends at the latest when its time is over; its servers end with it."""
    if not hasattr(config, "workerinput"):
        os.environ[_BEGAN] = str(time.time())
        shared.begin()
    whole = LONG_RUN_SECONDS if os.environ.get("HEARTHLINE_LONG") else RUN_SECONDS
    left = whole - (time.time() - float(os.environ[_BEGAN]))
    # A copy of standard error as it is now: during a test it is pytest's.
    faulthandler.dump_traceback_later(max(1.0, left), exit=True, file=os.dup(2))


def pytest_unconfigure(config: pytest.Config) -> None:
    """No server of the run is left."""
    faulthandler.cancel_dump_traceback_later()
    if not hasattr(config, "workerinput"):
        shared.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long form may take long, but not for ever."""
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_TEST_SECONDS))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A real database file of the test's own, at the present shape."""
    db = database_in(tmp_path)
    yield db
    db.close()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL database of the test's own, at the present shape."""
    with postgres_database() as url:
        yield url


@pytest.fixture
def postgres_db(postgres_url: str) -> Iterator[Database]:
    """A real PostgreSQL database of the test's own, at the present shape, open."""
    db = Database(postgres_url)
    yield db
    db.close()


@pytest.fixture
def redis_url() -> str:
    """The run's Redis, emptied, in a numbered database that only this process uses."""
    return shared.redis_database()
