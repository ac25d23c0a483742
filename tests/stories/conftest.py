"""What stories stand on: one ready town a run, and copies of it to live in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.stories.town import Town, open_town, prepared, scaled_out


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each story is lived in one process and in many; what many processes say nothing new about, in the long form only.

    A file names in SCALED the stories that the short form lives in many processes too; without it, all of them.
    """
    for item in items:
        named = getattr(getattr(item, "module", None), "SCALED", None)
        story, _, way = item.name.partition("[")
        if named is not None and "scaled" in way and story not in named:
            item.add_marker(pytest.mark.long)


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


@pytest.fixture(params=["embedded_town", "scaled_town"])
def town(request: pytest.FixtureRequest) -> Town:
    """Every story of a town is lived both ways: all in one process on SQLite, and in many on PostgreSQL and Redis."""
    opened: Town = request.getfixturevalue(request.param)
    return opened


@pytest.fixture
def new_town(ready_town: Path, tmp_path: Path) -> Iterator[Callable[..., Town]]:
    """Opens towns of their own, in one process on SQLite, for stories that break something."""
    with ExitStack() as stack:
        yield lambda **doors: stack.enter_context(open_town(ready_town, tmp_path / _next(tmp_path), **doors))


@pytest.fixture(params=["embedded", "scaled"])
def new_town_either_way(
    request: pytest.FixtureRequest, new_town: Callable[..., Town], tmp_path: Path
) -> Iterator[Callable[..., Town]]:
    """The same, and once more in many processes on PostgreSQL and Redis."""
    with ExitStack() as stack:
        if request.param == "embedded":
            yield new_town
        else:
            yield lambda **doors: stack.enter_context(scaled_out(tmp_path / _next(tmp_path), **doors))


def _next(folder: Path) -> str:
    return f"town-{len(list(folder.iterdir()))}"
