"""What any room's tests may stand on: a database, real servers, a browser; and that no run goes on for ever."""

import faulthandler
import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from admin.cli.__main__ import FEW_LOOKS
from engine.base.db import Database
from tests import corpora
from tests.browser.chromium import browser
from tests.database import KIND, MIGRATED, Shape, database_in, opened, postgres_database
from tests.servers import shared
from tests.turns import turn_of

#: One browser a process: two could not be driven side by side.
__all__ = ["browser", "db"]

#: Seconds of wall time for a whole run, and for one with long forms; then every process of it shows where it
#: hangs and ends. A test has its own, `timeout` in pyproject.toml, and LONG_TEST_SECONDS if it is long.
RUN_SECONDS, LONG_RUN_SECONDS = 2400, 6 * 3600
LONG_TEST_SECONDS = 1800
_BEGAN = "HEARTHLINE_TEST_BEGAN"


def pytest_configure(config: pytest.Config) -> None:
    """The run ends at the latest when its time is over; its servers end with it."""
    gc.set_threshold(*FEW_LOOKS)
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What could not be looked at is said at the end, not passed over."""
    if corpora.folder() is None:
        terminalreporter.write_line(corpora.said_absent())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long form may take long, but not for ever; and files that take long come first, so that none comes last."""
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_TEST_SECONDS))
    items.sort(key=lambda item: turn_of(item.nodeid))


def pytest_collection_finish() -> None:
    """What is there now stays to the end: nobody looks for garbage among some thousand tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[..., Database]]:
    """Makes real databases of the test's own, of the shape asked for: in the folder, or on the run's PostgreSQL."""
    with ExitStack() as stack:

        def make(folder: Path, shape: Shape = MIGRATED) -> Database:
            if getattr(request, "param", KIND) == "postgresql":
                db = opened(stack.enter_context(postgres_database(shape)))
            else:
                db = database_in(folder, shape)
            stack.callback(db.close)
            return db

        yield make


@pytest.fixture
def db(new_database: Callable[[Path], Database], tmp_path: Path) -> Database:
    """A real database of the test's own, at the present shape."""
    return new_database(tmp_path)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL database of the test's own, at the present shape."""
    with postgres_database() as url:
        yield url


@pytest.fixture
def postgres_db(postgres_url: str) -> Iterator[Database]:
    """A real PostgreSQL database of the test's own, at the present shape, open."""
    db = opened(postgres_url)
    yield db
    db.close()


@pytest.fixture
def redis_url() -> str:
    """The run's Redis, emptied, in a numbered database that only this process uses."""
    return shared.redis_database()
