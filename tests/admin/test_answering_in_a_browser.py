"""The answer box by text as a browser shows it: the chosen way alone, counted live, with and without JavaScript."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from engine.outbox.delivery import Delivery
from inbound.web.serve import WebServer
from tests.admin.test_answering_by_text import NIGHT, says_yes, texting
from tests.admin.test_in_a_browser import _open
from tests.admin.town import Town
from tests.browser.glass import WAYS

__all__ = ["texting"]


@pytest.fixture
def base(texting: Town) -> Iterator[str]:
    """The admin on a real port."""
    server = WebServer(texting.app, "127.0.0.1", 0, threads=12)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def _sent(town: Town) -> list[str]:
    with town.services.db.read() as session:
        return list(session.scalars(select(Delivery.channel).where(Delivery.message_class == "answer")))


@pytest.mark.parametrize(("width", "scripts"), WAYS)
def test_the_way_is_chosen_and_the_words_are_counted(
    texting: Town,
    base: str,
    browser: Browser,
    width: int,
    scripts: bool,
) -> None:
    says_yes(texting)
    thread = texting.hears("rosa", "Is there soup?", chapter="atlanta", to="denise")
    page = _open(browser, base, width, scripts)
    page.goto(f"{base}/conversations/{thread}")
    by_mail = page.get_by_role("button", name="Send to Rosa by email")
    by_text = page.get_by_role("button", name="Send to Rosa by text")
    expect(by_mail).to_be_visible()
    expect(by_text).to_be_hidden()
    page.get_by_text("By text", exact=True).click()
    expect(by_text).to_be_visible()
    expect(by_mail).to_be_hidden()
    page.get_by_label("Your answer to Rosa").fill("There is, at six. " * 10)
    if scripts:
        expect(page.locator("#size")).to_have_text("2 segments, $0.0166.")
    by_text.click()
    expect(page.get_by_text("On its way to Rosa.")).to_be_visible()
    assert _sent(texting) == ["sms"]
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), pytest.param(1280, "light", marks=pytest.mark.long)])
def test_the_box_at_night_is_fit_for_every_reader(
    texting: Town, base: str, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    texting.clock.at = NIGHT
    thread = texting.hears("rosa", "Soup?", chapter="atlanta", to="denise", channel="sms", ago=timedelta(hours=2))
    page = _open(browser, base, width)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{base}/conversations/{thread}")
    expect(page.get_by_role("button", name="Send by text tomorrow, 9:00 am")).to_be_visible()
    wrong = [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]][:3])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert not wrong, wrong
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    small = page.evaluate(
        """() => [...document.querySelectorAll('.answer button, .answer input:not([type=hidden])')]
            .map((one) => one.getBoundingClientRect().height).filter((height) => height > 0 && height < 43.5)"""
    )
    assert not small, small
    page.context.close()
