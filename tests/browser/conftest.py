"""What the browser's tests stand on: Chromium, and a demo that stays up."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.stories.sandbox import Served, serves

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's own Chromium; nothing is downloaded."""
    path = os.environ.get("HEARTHLINE_CHROMIUM") or "/usr/bin/chromium"
    if not shutil.which(path):
        pytest.fail(
            "The browser tests need Chromium: sudo apt-get install chromium, or name one in HEARTHLINE_CHROMIUM.",
            pytrace=False,
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A community two days old, and its doors."""
    with serves(tmp_path_factory.mktemp("browser") / "demo", 2) as opened:
        yield opened
