"""Debian's Chromium, for tests that look at pages as people do. `bin/test` finds or installs it."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.waiting import PATIENCE

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process; it never goes further than this machine."""
    path = os.environ.get("HEARTHLINE_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail(
            "The browser tests need Chromium: sudo apt-get install chromium, or name one in HEARTHLINE_CHROMIUM.",
            pytrace=False,
        )
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()
