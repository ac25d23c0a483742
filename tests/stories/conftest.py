"""What stories stand on: one ready town a run, and copies of it to live in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.stories.town import EMBEDDED, SCALED, Town, open_town, prepared, scaled_out


@pytest.fixture(scope="session")
def ready_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a town on its first morning: migrated, seeded, published, stopped."""
    return prepared(tmp_path_factory.mktemp("ready") / "town")


@pytest.fixture(scope="module")
def embedded_town(ready_town: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for all stories of a file; each brings its own people."""
    with open_town(ready_town, tmp_path_factory.mktemp("town") / "data") as opened:
        yield opened


@pytest.fixture(scope="module")
def scaled_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The same in processes of its own, on PostgreSQL and Redis."""
    with scaled_out(tmp_path_factory.mktemp("scaled") / "data") as opened:
        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every story of a town is lived both ways; those not marked `on_both` scaled out in the long form alone."""
    marked = any("town" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "town" in metafunc.fixturenames and not marked:
        scaled = pytest.param(SCALED, marks=pytest.mark.long)
        metafunc.parametrize("town", [EMBEDDED, scaled], indirect=True)


@pytest.fixture
def town(request: pytest.FixtureRequest) -> Town:
    """The town of a story: everything in one process on SQLite, or scaled out on PostgreSQL and Redis."""
    opened: Town = request.getfixturevalue(request.param)
    return opened


@pytest.fixture
def new_town(ready_town: Path, tmp_path: Path) -> Iterator[Callable[..., Town]]:
    """Opens towns of their own, for stories that break something."""
    with ExitStack() as stack:

        def build(**doors: Any) -> Town:
            folder = tmp_path / f"town-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(open_town(ready_town, folder, **doors))

        yield build
