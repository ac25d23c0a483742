"""What the commands' tests stand on: one installation made by `init`, copied for each test."""

import shutil
from pathlib import Path

import pytest

from tests.cli.shell import hearthline, write_settings


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `hearthline init` leaves it, with a relay written into its settings, and one chapter."""
    folder = tmp_path_factory.mktemp("made") / "data"
    ran = hearthline("init", "--data", folder, "--name", "Neighbors for Progress", "--domain", "nfp.example")
    assert ran.code == 0, ran.said
    write_settings(folder)
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """An installation of the test's own."""
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"
