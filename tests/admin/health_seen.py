"""The page Health as staff of the whole organization see it, in a real browser."""

from playwright.sync_api import Browser

from inbound.web.serve import WebServer
from tests.admin.town import PASSWORD, Town
from tests.browser.glass import window


def is_good_health(town: Town, browser: Browser, width: int) -> None:
    """It is fit for every reader at this width, in pixels."""
    server = WebServer(town.app, "127.0.0.1", 0, threads=8)
    server.start()
    try:
        with window(browser, width) as glass:
            glass.page.goto(f"http://127.0.0.1:{server.port}/session")
            glass.page.get_by_label("Your email address").fill("maya@nfp.example")
            glass.page.get_by_label("Your password").fill(PASSWORD)
            glass.page.get_by_role("button", name="Sign in").click()
            glass.opens(f"http://127.0.0.1:{server.port}/health")
            glass.is_good()
    finally:
        server.stop()
