"""The tour, played in a browser by keyboard, on a phone's width and on a desk's."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.glass import Glass, window
from tests.stories.sandbox import Served, serves

NARROW, WIDE = 360, 1280
#: Wall seconds for the plug to be pulled and everything to have found its place.
PATIENCE = 90.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A world that has lived for one day: long enough for the tour."""
    with serves(tmp_path_factory.mktemp("tour") / "demo", 1) as opened:
        yield opened


def tabs_to(glass: Glass, words: str) -> None:
    """The keyboard alone has come to what is called so."""
    for _ in range(60):
        glass.page.keyboard.press("Tab")
        here = glass.page.evaluate("document.activeElement.textContent || document.activeElement.value || ''")
        if words in here:
            return
    raise AssertionError(f"no way by keyboard to {words!r} at {glass.page.url}")


def test_the_list_shows_only_stops_that_work_and_is_good_at_both_widths(browser: Browser, world: Served) -> None:
    for width in (NARROW, WIDE):
        with window(browser, width) as glass:
            glass.opens(f"{world.figures['sandbox_url']}/tour")
            glass.is_good()
            for link in glass.page.locator(".stops a").all():
                there = glass.page.request.get(world.figures["sandbox_url"] + str(link.get_attribute("href")))
                assert there.status == 200


def test_you_are_rosa_and_your_own_words_stand_on_denises_side(browser: Browser, world: Served) -> None:
    mine = "I'd love to, but I don't drive anymore. Who has a car with a door I can get into?"
    with window(browser, NARROW) as glass:
        page = glass.page
        glass.opens(f"{world.figures['sandbox_url']}/tour/rosa")
        tabs_to(glass, "Pick up the phone")
        page.keyboard.press("Enter")
        # It is seven in the morning where she is: Denise's text waits for a decent hour, and the clock goes there.
        page.locator(".bubbles .other").wait_for(timeout=PATIENCE * 1000)
        assert "Just reply; it comes to me." in str(page.locator(".bubbles").text_content())
        glass.is_good()
        assert page.evaluate("document.activeElement.id") == "words"
        page.keyboard.type(mine)
        page.keyboard.press("Enter")
        page.locator("#denise blockquote").wait_for(timeout=PATIENCE * 1000)
        assert mine in str(page.locator("#denise blockquote").text_content())
        assert "Denise Okafor answers" in str(page.locator("#denise").text_content())
        assert "The next letter to Rosa waits" in str(page.locator("#denise").text_content())
        glass.is_good()
        conversation = page.get_by_role("link", name="Open it in Denise's inbox").get_attribute("href")

    with window(browser, WIDE) as later:  # another browser: it is where it was left, and goes on from there
        later.opens(f"{world.figures['sandbox_url']}/tour/rosa")
        assert mine in str(later.page.locator(".bubbles .own").last.text_content())
        later.is_good()
        tabs_to(later, "Next: Pull the plug")
        later.opens(str(conversation))
        later.page.get_by_label("Your email address").fill(world.figures["login"]["email"])
        later.page.get_by_label("Your password").fill(world.figures["login"]["password"])
        later.page.keyboard.press("Enter")
        later.page.locator("main").get_by_text(mine).first.wait_for()
        assert later.page.url == conversation


@pytest.mark.parametrize("width", [NARROW, pytest.param(WIDE, marks=pytest.mark.long)])
def test_the_plug_is_pulled_by_keyboard_while_forty_write_and_nothing_is_lost(
    browser: Browser, world: Served, width: int
) -> None:
    with window(browser, width) as glass:
        page = glass.page
        glass.opens(f"{world.figures['sandbox_url']}/tour")
        tabs_to(glass, "Pull the plug")
        page.keyboard.press("Enter")
        page.wait_for_url("**/tour/plug")
        before = world.get("/balance")["received"]
        tabs_to(glass, "Pull")
        page.keyboard.press("Enter")
        page.locator("#received").or_(page.locator(".notice")).wait_for(timeout=PATIENCE * 1000)
        books = [page.locator(name).text_content() for name in ("#received", "#in-threads", "#lost", "#doubled")]
        assert books == ["40", "40", "0", "0"]
        assert page.get_by_text("was killed").is_visible()
        glass.is_good()

        # What the page says is what the machine interface says of the whole database.
        after = world.get("/balance")
        assert after["unsettled"] == 0
        assert after["received"] - after["outcomes"].get("duplicate", 0) >= before + 40

    with window(browser, width) as later:  # another browser, another day: it is where it was left
        later.opens(f"{world.figures['sandbox_url']}/tour/plug")
        assert later.page.locator("#in-threads").text_content() == "40"
        answer = later.page.request.get(f"{world.figures['admin_url']}/session")
        assert answer.status == 200


def test_the_time_machine_tells_how_far_it_is_and_skips_nothing_due(browser: Browser, world: Served) -> None:
    with window(browser, NARROW) as glass:
        page = glass.page
        glass.opens(world.figures["sandbox_url"])
        assert page.get_by_role("link", name="Write as Rosa").is_visible()
        before = world.get("/clock")["now"]
        tabs_to(glass, "+1 day")
        page.keyboard.press("Enter")
        page.get_by_text("everything until then has happened").wait_for(timeout=PATIENCE * 1000)
        assert world.get("/clock")["now"] > before
        assert world.get("/balance")["unsettled"] == 0
