"""The page Health as staff of the whole organization see it, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser

from inbound.web.serve import WebServer
from tests.admin.town import PASSWORD, Town
from tests.browser.glass import Glass, window


def is_good_health(town: Town, browser: Browser, width: int) -> None:
    """It is fit for every reader at this width, in pixels."""
    with on_health(town, browser, width) as glass:
        glass.is_good()
        for line in glass.page.locator(".part > summary").all():
            line.click()
        glass.is_good()


def is_good_ahead(town: Town, browser: Browser, width: int, *, javascript: bool) -> None:
    """Who asks by keyboard how many days it takes is answered, and told of a slip, at this width, in pixels."""
    with on_health(town, browser, width, javascript=javascript) as glass:
        section = glass.page.locator("#ahead")
        section.get_by_text("How many days would it take?").click()
        words = section.get_by_label("What does the text say?")
        assert not words.is_visible(), "letters are asked for first"
        section.get_by_label("To how many people?").fill("many")
        section.get_by_label("Texts").check()
        assert words.is_visible()
        words.fill("Soup at six.")
        section.get_by_role("button", name="Show the days").click()
        assert section.locator(".has-error").inner_text().count("Write a whole number") == 1
        # The console notes every answer of 400.
        assert all("status of 400" in trouble for trouble in glass.troubles)
        glass.troubles.clear()
        if javascript:  # axe is a script
            glass.is_good()
        section.get_by_label("To how many people?").fill("20,000")
        assert words.input_value() == "Soup at six."
        section.get_by_role("button", name="Show the days").click()
        assert "11 days" in section.inner_text()
        box = section.bounding_box()
        assert box and -1 < box["y"] < 400, "the answer is what is seen first"
        if javascript:
            glass.is_good()


@contextmanager
def on_health(town: Town, browser: Browser, width: int, *, javascript: bool = True) -> Iterator[Glass]:
    """Maya's window, on the page."""
    server = WebServer(town.app, "127.0.0.1", 0, threads=8)
    server.start()
    try:
        with window(browser, width, javascript=javascript) as glass:
            glass.page.goto(f"http://127.0.0.1:{server.port}/session")
            glass.page.get_by_label("Your email address").fill("maya@nfp.example")
            glass.page.get_by_label("Your password").fill(PASSWORD)
            glass.page.get_by_role("button", name="Sign in").click()
            glass.opens(f"http://127.0.0.1:{server.port}/health")
            yield glass
    finally:
        server.stop()
