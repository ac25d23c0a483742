"""The glass: what a browser's window shows, and everything that must not happen behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Route, TimeoutError

from tests.waiting import PATIENCE

HERE = ("127.0.0.1", "localhost")
#: A narrow window and a wide one, with scripts or without: every run sees one of each, the long one all four.
WAYS = (
    (360, True), (1280, False), pytest.param(360, False, marks=pytest.mark.long),
    pytest.param(1280, True, marks=pytest.mark.long),
)  # fmt: skip
#: Where little more shows in a wide window, every run sees the narrow one, the long one both.
ON_A_PHONE = (360, pytest.param(1280, marks=pytest.mark.long))
#: From this width on the inbox is panes, each of which scrolls by itself.
PANES = 640
#: What axe calls serious or worse keeps somebody out.
GRAVE = ("serious", "critical")


@dataclass
class Glass:
    """One window, watched."""

    page: Page
    javascript: bool
    troubles: list[str] = field(default_factory=list)

    def opens(self, url: str) -> None:
        """The page is there, and is good to look at."""
        answer = self.page.goto(url, wait_until="load")
        assert answer is not None
        assert answer.status == 200, f"{url}: {answer.status}"

    def is_good(self) -> None:
        """Nothing sticks out at the side, and nothing here keeps anybody out (axe)."""
        out, inside = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        where = f"{self.page.url} at {inside} px"
        assert out <= inside, f"{where}: the page is {out} px wide"
        below = "document.body.classList.contains('panes') ? document.documentElement.scrollHeight - innerHeight : 0"
        if inside >= PANES:
            try:  # a page that has just come may still be finding its height
                self.page.wait_for_function(f"({below}) <= 0")
            except TimeoutError as error:
                raise AssertionError(f"{where}: there is nothing to see below the panes, and it scrolls") from error
        found = self._looked_at()
        grave = [
            f"{each['id']} ({each['impact']}): {[node['html'][:160] for node in each['nodes'][:3]]}"
            for each in found.response["violations"]
            if each["impact"] in GRAVE
        ]
        assert not grave, f"{where}: {grave}"

    def _looked_at(self) -> AxeResults:
        """What axe finds; a page that shows something new in the midst of it is looked at anew."""
        while True:
            try:
                return Axe().run(self.page, options={"resultTypes": ["violations"], "preload": False})
            except Error as error:
                if "Execution context was destroyed" not in error.message:
                    raise
                self.page.wait_for_load_state()


@contextmanager
def window(browser: Browser, width: int, *, javascript: bool = True) -> Iterator[Glass]:
    """A window of that width that talks with this machine alone; at its end nothing must have gone wrong in it."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        java_script_enabled=javascript,
        locale="en-US",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    glass = Glass(page, javascript)

    def only_here(route: Route) -> None:
        host = urlsplit(route.request.url).hostname
        if host in HERE or route.request.url.startswith(("data:", "blob:", "about:")):
            route.continue_()
        else:
            glass.troubles.append(f"asked for {route.request.url}")
            route.abort()

    def box_comes_up(dialog: Dialog) -> None:
        glass.troubles.append(f"a box came up: {dialog.message}")
        dialog.dismiss()

    def hears(said: ConsoleMessage) -> None:
        # A breach of the content security policy is told here too.
        if said.type in ("error", "warning"):
            glass.troubles.append(f"{page.url}: {said.text}")

    context.route("**/*", only_here)
    page.on("pageerror", lambda error: glass.troubles.append(f"{page.url}: {error}"))
    page.on("dialog", box_comes_up)
    page.on("console", hears)
    try:
        yield glass
        assert not glass.troubles, glass.troubles
    finally:
        context.close()
