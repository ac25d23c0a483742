"""In a real browser: somebody signs in, answers, closes, plays a member; wide and narrow, with and without scripts."""

import re
import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.glass import ON_A_PHONE, WAYS, Glass, window
from tests.stories.sandbox import Served

WIDTHS = (360, 1280)


def sign_in(glass: Glass, served: Served) -> None:
    """The inbox is open."""
    login = served.figures["login"]
    glass.opens(f"{served.figures['admin_url']}/session")
    glass.page.fill("input[name=email]", login["email"])
    glass.page.fill("input[name=password]", login["password"])
    glass.page.click("main form button")
    expect(glass.page.locator("#rows")).to_be_visible()


def a_member(glass: Glass, served: Served) -> tuple[str, str, str]:
    """Name, mailbox and letter of somebody who has had one letter and never talked with anybody here."""
    glass.opens(f"{served.figures['admin_url']}/all")
    talking = set(glass.page.locator("#rows a.row .name").all_inner_texts())
    glass.opens(served.figures["sandbox_url"])
    for row in glass.page.locator("a.row[href*='/mailboxes/']").all():
        address = str(row.get_attribute("href")).rpartition("/")[2].replace("%40", "@")
        letters = served.get(f"/mailboxes/{address}")["messages"]
        name = row.locator(".name").inner_text()
        if len(letters) == 1 and "List-Unsubscribe" in letters[0]["headers"] and name not in talking:
            return name, address, letters[0]["id"]
    raise AssertionError("everybody has had more than one letter")


@pytest.mark.parametrize(("width", "javascript"), WAYS)
def test_a_conversation_by_hand_from_both_sides(browser: Browser, served: Served, width: int, javascript: bool) -> None:
    words = f"I fixed the gate, at {width} px{' with' if javascript else ' without'} scripts."
    answer = f"The whole street heard it not squeak. ({width}, {javascript})"
    with window(browser, width, javascript=javascript) as glass:
        page = glass.page
        sign_in(glass, served)

        # You are the member.
        name, mailbox, letter = a_member(glass, served)
        page.click(f"a.row[href$='{mailbox}'], a.row[href$='{mailbox.replace('@', '%40')}']")
        page.click(f".letters a.row[href*='letter={letter}']")
        page.fill("textarea[name=text]", words)
        page.click("form.reply button")
        expect(page.locator("body")).to_contain_text(words)

        # You are the organizer.
        page.goto(f"{served.figures['admin_url']}/all")
        row = page.locator("#rows a.row", has_text=name)
        for _ in range(50):
            if row.count():
                break
            page.reload()
        row.first.click()
        expect(page.locator("#said")).to_contain_text(words)
        expect(page.locator(".why")).to_contain_text("answered the letter")
        page.fill("form#answer textarea", answer)
        page.click("form#answer button")
        expect(page.locator("#said")).to_contain_text(answer)
        page.click("#standing form[action*='/closure'] button")
        expect(page.locator("#standing form[action*='/closure/end'] button")).to_be_visible()

        # You are the member again.
        for _ in range(50):
            if any(answer in letter["text"] for letter in served.get(f"/mailboxes/{mailbox}")["messages"]):
                break
            served.post("/clock", {"advance": "PT1M"})
        glass.opens(f"{served.figures['sandbox_url']}/mailboxes/{mailbox}")
        page.click(".letters a.row >> nth=0")
        expect(page.locator(".mail .body")).to_contain_text(answer)


def admin_places(glass: Glass, base: str) -> list[str]:
    """Every kind of page of the admin, by the links that lead there."""
    page = glass.page
    places = ["/", "/chapters", "/needs-a-person", "/all", "/all?show=closed", "/all?show=machine", "/people", "/tasks"]
    places += ["/journeys", "/health"]
    for start, part in (("/all", "/conversations/"), ("/people", "/people/"), ("/journeys", "/journeys/")):
        glass.opens(base + start)
        links = [str(each.get_attribute("href")) for each in page.locator(f"main a[href^='{part}']").all()]
        assert links, f"no link to {part} at {start}"
        places.append(links[0])
        glass.opens(base + links[0])
        for deeper in ("/letters/", "/messages/"):
            found = page.locator(f"main a[href^='{deeper}']")
            if found.count():
                places.append(str(found.first.get_attribute("href")))
    return list(dict.fromkeys(places))


@pytest.mark.parametrize("width", ON_A_PHONE)
def test_every_page_of_the_admin_lets_everybody_in(browser: Browser, served: Served, width: int) -> None:
    base = served.figures["admin_url"]
    with window(browser, width) as glass:
        glass.opens(f"{base}/session")
        glass.is_good()
        sign_in(glass, served)
        places = admin_places(glass, base)
        assert any(place.startswith("/letters/") for place in places)
        assert any(place.startswith("/messages/") for place in places)
        for place in places:
            glass.opens(base + place)
            glass.is_good()


@pytest.mark.parametrize("width", ON_A_PHONE)
def test_every_page_for_members_and_of_the_sandbox_lets_everybody_in(
    browser: Browser, served: Served, width: int
) -> None:
    sandbox, public = served.figures["sandbox_url"], served.figures["public_url"]
    with window(browser, width) as glass:
        _, address, known = a_member(glass, served)
    letter = next(each for each in served.get(f"/mailboxes/{address}")["messages"] if each["id"] == known)
    links = [urlsplit(url.rstrip(".,)>")).path for url in re.findall(r"https?://[^\s<>]+", letter["text"])]
    # The days were lived on other ports.
    own = [f"{public}{path}" for path in links if path.startswith(("/u/", "/p/"))]
    assert {urlsplit(url).path[:3] for url in own} == {"/u/", "/p/"}
    mailbox = f"{sandbox}/mailboxes/{address}"
    places = [
        sandbox, mailbox, f"{mailbox}?write=1", f"{mailbox}?letter={letter['id']}", f"{sandbox}/outbox",
        f"{mailbox}?letter={letter['id']}&tab=letter", f"{mailbox}?letter={letter['id']}&tab=headers",
        f"{public}/preferences", *own, f"{sandbox}/phones", f"{sandbox}/phones?q=770+555+0177",
        f"{sandbox}/phones/+14045550142", f"{sandbox}/phones/+14045550142/screen",
    ]  # fmt: skip
    with window(browser, width) as glass:
        for place in places:
            glass.opens(place)
            glass.is_good()


EVIL = "<script>document.title='ran';alert(1)</script><img src=x onerror=\"document.title='ran'\"> {{ 7*7 }}"


@pytest.mark.parametrize("width", WIDTHS)
def test_words_that_are_markup_run_nowhere(browser: Browser, served: Served, width: int) -> None:
    mail = EmailMessage()
    who = f"mallory{width}@mail.example"
    mail["From"] = f'"Mallory <script>alert(2)</script> {width}" <{who}>'
    mail["To"] = "atlanta@nfp.example"
    mail["Subject"] = f"{width} {EVIL}"
    mail["Message-ID"] = f"<evil-{width}@mail.example>"
    mail.set_content(EVIL)
    mail.add_alternative(
        f"<html><body onload=\"alert(3)\">{EVIL}<a href='javascript:alert(4)'>press</a>"
        "<img src='https://tracker.example/pixel.gif'><iframe src='https://evil.example/'></iframe>"
        "<form action='https://evil.example/'><button>send</button></form><style>body{background:url(https://evil.example/b)}"
        "</style><svg onload='alert(5)'></svg></body></html>",
        subtype="html",
    )
    host, _, port = served.figures["smtp"].partition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as door:
        door.send_message(mail, from_addr=who, to_addrs=["atlanta@nfp.example"])
    served.post("/clock", {"advance": "PT1M"})
    base = served.figures["admin_url"]
    with window(browser, width) as glass:
        sign_in(glass, served)
        page = glass.page
        page.goto(f"{base}/all")
        row = page.locator("#rows a.row", has_text=f"{width} <script>").or_(
            page.locator("#rows a.row", has_text="Mallory").filter(has_text=str(width))
        )
        row.first.click()
        expect(page.locator("#said")).to_contain_text("<script>document.title='ran';alert(1)</script>")
        expect(page.locator("#said")).to_contain_text("{{ 7*7 }}")
        assert page.locator("#said script, #said img").count() == 0
        glass.is_good()
        original = page.locator("main a[href$='/original']").first.get_attribute("href")
        glass.opens(f"{base}{original}")
        page.wait_for_timeout(200)
        assert "ran" not in page.title()
        (shown,) = [frame for frame in page.frames if frame != page.main_frame]
        assert shown.locator("body").inner_text().strip()
        assert shown.locator("script, form, iframe, svg, [onload], [onerror], [href^='javascript:']").count() == 0
        glass.opens(f"{served.figures['sandbox_url']}/")
        glass.is_good()
        assert "ran" not in page.title()
