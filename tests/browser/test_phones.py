"""In a real browser: a phone of the sandbox reads, writes by keyboard, and shows by itself what has just come."""

import json
import urllib.parse
import urllib.request
from base64 import b64encode

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.glass import ON_A_PHONE, window
from tests.stories.sandbox import Served


def we_text(served: Served, to: str, body: str) -> None:
    """A text of ours is at the provider: one form, as its documentation shows it."""
    account = served.figures["texts"]
    request = urllib.request.Request(
        f"{account['api_url']}/2010-04-01/Accounts/{account['account_sid']}/Messages.json",
        urllib.parse.urlencode({"To": to, "From": account["numbers"][0], "Body": body}).encode(),
        {"Authorization": "Basic " + b64encode(f"{account['account_sid']}:{account['auth_token']}".encode()).decode()},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.loads(answer.read())["status"] == "queued"


@pytest.mark.parametrize("width", ON_A_PHONE)
def test_a_phone_is_read_and_written_by_keyboard_without_scripts(browser: Browser, served: Served, width: int) -> None:
    number = f"+1770555{width // 10:04}"
    words = f"Is this the creek thing? ({width})"
    with window(browser, width, javascript=False) as glass:
        page = glass.page
        glass.opens(f"{served.figures['sandbox_url']}/phones/{number}")
        screen = page.frame_locator("iframe.phone-screen")
        expect(screen.locator("main")).to_contain_text("Nothing is on this phone yet")
        page.get_by_label("Text as").focus()
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        expect(screen.locator(".own .bubble")).to_contain_text(words)
        expect(screen.locator(".state")).to_have_text("Delivered")
        expect(page.get_by_label("Text as")).to_be_focused()
        # Nobody touches the phone: what comes is shown.
        for number_of_text in range(12):
            we_text(served, number, f"It is, and there is soup. ({number_of_text})")
        latest = screen.locator(".bubble", has_text="(11)")
        expect(latest).to_be_in_viewport()


@pytest.mark.parametrize("width", ON_A_PHONE)
def test_a_phone_with_words_on_it_lets_everybody_in(browser: Browser, served: Served, width: int) -> None:
    number = f"+1678555{width // 10:04}"
    for words in ("Come by at six: https://nfp.example/creek", "A" * 300, "Soup"):
        we_text(served, number, words)
    served.post(f"/phones/{number}", {"body": "On my way"})
    with window(browser, width) as glass:
        for path in (f"/phones/{number}", f"/phones/{number}/screen", "/phones"):
            glass.opens(served.figures["sandbox_url"] + path)
            glass.is_good()
