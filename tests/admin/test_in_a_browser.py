"""The admin as an organizer's browser shows it: on a phone and on a desk, with and without JavaScript."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from admin.publishing import publish_checked
from engine.conversations.message import Words, file_machine_mail, write_note
from engine.conversations.talk import log_talk
from engine.conversations.task import give_task, hand_task
from engine.conversations.thread import Thread
from engine.people.engagement import assess
from engine.people.member import Member
from inbound.web.serve import WebServer
from journeys.read import read_file
from templates.catalog import our_library
from tests.admin.town import NOON, PASSWORD, Town
from tests.browser.glass import ON_A_PHONE, WAYS
from tests.waiting import PATIENCE

LIBRARY = Path(__file__).parents[2] / "journeys" / "library"
SCRIPTS = Path(__file__).parents[2] / "admin" / "web" / "scripts"


@pytest.fixture
def base(town: Town) -> Iterator[str]:
    """The admin on a real port."""
    server = WebServer(town.app, "127.0.0.1", 0, threads=12)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def _open(browser: Browser, base: str, width: int, scripts: bool = True, who: str = "denise") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=scripts, color_scheme="light"
    )
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(f"{base}/")
    page.get_by_label("Your email address").fill(f"{who}@nfp.example")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/")
    return page


@pytest.mark.parametrize(("width", "scripts"), WAYS)
def test_an_organizer_signs_in_reads_answers_and_closes(
    town: Town, base: str, browser: Browser, width: int, scripts: bool
) -> None:
    thread = town.hears("rosa", "I'd love to come but I don't drive anymore.", chapter="atlanta", to="denise")
    page = _open(browser, base, width, scripts)
    page.locator("#rows a", has_text="Rosa Marin").click()
    page.wait_for_url(f"{base}/conversations/{thread}?*")
    expect(page.get_by_text("I'd love to come", exact=False).last).to_be_visible()
    page.get_by_label("Your answer to Rosa").fill("Priya drives on Saturdays. May I ask her?")
    page.get_by_role("button", name="Send to Rosa by email").click()
    expect(page.get_by_text("On its way to Rosa.")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("Priya drives on Saturdays.")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_text("Should they write again, it opens by itself.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Open again.", exact=True)).to_be_visible()
    assert town.thread(thread).closure_id is None
    if width == 360:
        page.get_by_role("link", name="All conversations").click()
        expect(page.locator("#rows")).to_contain_text("Rosa Marin")
    page.context.close()


def test_new_words_come_to_an_open_page_and_what_is_being_written_stays(
    town: Town, base: str, browser: Browser
) -> None:
    thread = town.hears("rosa", "First words", chapter="atlanta", to="denise")
    page = _open(browser, base, 1280)
    with page.expect_response("**/stream"):
        page.goto(f"{base}/conversations/{thread}")
    page.get_by_label("Your answer to Rosa").fill("half a thought")
    town.hears("rosa", "Words that came meanwhile", chapter="atlanta", to="denise", ago=timedelta())
    expect(page.locator("#rows")).to_contain_text("Words that came meanwhile")
    with town.write() as session:
        write_note(session, session.get_one(Thread, thread), town.people["maya"], "Ask Priya", NOON)
    expect(page.locator("#said")).to_contain_text("Ask Priya")
    expect(page.get_by_label("Your answer to Rosa")).to_have_value("half a thought")
    page.context.close()


def test_on_a_phone_the_person_folds_behind_their_name(town: Town, base: str, browser: Browser) -> None:
    thread = town.hears("rosa", "Hello", chapter="atlanta", to="denise")
    page = _open(browser, base, 360, scripts=False)
    page.goto(f"{base}/conversations/{thread}")
    pane = page.locator("#person")
    expect(pane).to_be_hidden()
    page.get_by_role("link", name="Rosa Marin").first.click()
    expect(pane).to_be_visible()
    expect(pane).to_contain_text("r…@mail.example")
    pane.get_by_role("link", name="Back").click()
    expect(pane).to_be_hidden()
    page.context.close()


def test_two_are_answered_by_keyboard_alone(town: Town, base: str, browser: Browser) -> None:
    for who in ("rosa", "maya"):
        town.hears(who, f"A word of {who}'s", chapter="atlanta", to="denise")
    page = _open(browser, base, 1280, scripts=False)

    def goes_to(words: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if words in str(page.evaluate("document.activeElement.textContent")):
                return page.keyboard.press("Enter")
        raise AssertionError(f"no way by keyboard to {words}")

    goes_to("Maya Torres")
    page.wait_for_url(f"{base}/conversations/*")
    for name, answer in (("Maya", "It is at six."), ("Rosa", "Come along.")):
        goes_to("Skip to your answer")
        expect(page.get_by_label(f"Your answer to {name}")).to_be_focused()
        page.keyboard.type(answer)
        goes_to(f"Send to {name}")
        expect(page.get_by_text(f"On its way to {name}.")).to_be_visible()
        expect(page.locator("#said")).to_contain_text(answer)
        if name == "Maya":
            goes_to("Skip to your answer")
            goes_to("Next who waits: Rosa Marin")
            expect(page.locator("#said")).to_contain_text("A word of rosa's")
    page.context.close()


def _by_the_way(town: Town) -> list[str]:
    """The addresses of pages that are set once, or come to by an old link; looked at on a phone alone."""
    return [
        "/me", "/me/notes", "/unfiled", "/?show=junk", "/chapters/talk", f"/chapters/{town.chapters['atlanta']}/talk",
        "/a/nothing", "/press/nothing", "/invitation/nothing",
    ]  # fmt: skip


def _lived_in(town: Town) -> list[str]:
    """The addresses of every page, each with something on it."""
    raw = b"From: rosa@mail.example\r\nContent-Type: text/html\r\n\r\n<p>Hello</p><script>alert(1)</script>"
    thread = town.hears("rosa", "Hello", chapter="atlanta", to="denise", raw=raw, folded=[{"text": "> before"}])
    link = town.services.settings.doors.public_url + "/u/" + "a" * 60
    unknown = town.hears(None, "x" * 300, chapter="atlanta", ago=timedelta(hours=40), folded=[{"text": "> " + link}])
    with town.write() as session:
        row = session.get_one(Thread, thread)
        write_note(session, row, town.people["maya"], "A note", NOON)
        file_machine_mail(session, row, Words(text="Away", detail={"machine": "away"}), NOON)
        give_task(
            session, "Call Rosa", NOON, NOON, member_id=row.member_id, script="Say hello", assignee_id=row.member_id
        )
        task = give_task(
            session, "A hello", NOON, NOON, member_id=row.member_id, assignee_id=town.people["maya"], step="call",
            detail={"outcomes": [{"name": "met", "label": [["en", "We met"]], "note": True},
                                 {"name": "away", "label": [["en", "Nobody was there"]], "note": False}]},
        )  # fmt: skip
        hand_task(session, task, town.people["denise"], town.people["maya"], NOON)
        log_talk(
            session, town.people["rosa"], town.people["maya"], "phone", "The bus is late.", NOON, NOON,
            outlook=("outlook:bus", "sees_it"),
        )  # fmt: skip
        assess(session, session.get_one(Member, town.people["rosa"]), 3, town.people["maya"], "She sews.", NOON)
        draft = read_file(LIBRARY / "welcome.yaml")
        assert draft.journey is not None
        source = (LIBRARY / "welcome.yaml").read_text("utf-8")
        published = publish_checked(session, source, draft.journey, our_library(), NOON)
        assert published.slug == "welcome"
        from sqlalchemy import select

        from engine.content.template import TemplateVersion
        from engine.conversations.message import Message

        letter = session.scalars(select(TemplateVersion.id).where(TemplateVersion.language == "en")).first()
        message = session.scalars(select(Message.id).where(Message.kind == "in", Message.thread_id == thread)).one()
    return [
        "/", "/all", "/needs-a-person", "/?show=closed", "/?show=machine", f"/conversations/{thread}",
        f"/conversations/{unknown}", "/people",
        f"/people/{town.people['rosa']}", "/people?order=contact", f"/people/{town.people['rosa']}/talks",
        f"/tasks/{task.id}", "/tasks", "/rules", "/journeys", "/journeys/welcome/1", "/journeys/welcome/1/messages",
        "/journeys/welcome/moving", f"/people/{town.people['rosa']}/journeys", f"/letters/{letter}", "/health",
        f"/messages/{message}/original", "/nothing-here",
    ]  # fmt: skip


#: What axe is asked for: what is wrong, without all that is right; in the dark only the colours differ.
WRONG: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
JUDGED: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": WRONG,
    "dark": {**WRONG, "runOnly": ["color-contrast"]},
}


@pytest.mark.parametrize(
    ("width", "schemes"),
    [
        (360, ("light", "dark")),
        (1280, ("light",)),
        # The same parts as on a phone, beside one another.
        pytest.param(1280, ("dark",), marks=pytest.mark.long),
    ],
)
def test_every_page_is_fit_for_every_reader(
    town: Town, base: str, browser: Browser, width: int, schemes: tuple[Literal["light", "dark"], ...]
) -> None:
    places = _lived_in(town) + (_by_the_way(town) if width < 640 else [])
    page = _open(browser, base, width, who="maya")
    axe = Axe()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: asked.append(request.url))
    for place in places:
        page.goto(base + place)
        page.evaluate(axe.axe_script)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = page.evaluate("(judged) => axe.run(judged)", JUDGED[scheme])
            wrong = [
                (violation["id"], [node["html"][:120] for node in violation["nodes"]][:3])
                for violation in found["violations"]
                if violation["impact"] in ("serious", "critical")
            ]
            assert not wrong, f"{place} at {width}, {scheme}: {wrong}"
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{place} at {width} is {wide} px too wide"
    assert not [url for url in asked if not url.startswith(base)]
    assert not [line for line in said if "404" not in line], said
    page.context.close()


@pytest.mark.parametrize("width", ON_A_PHONE)
def test_everything_to_press_is_large_enough_for_a_thumb(town: Town, base: str, browser: Browser, width: int) -> None:
    places = _lived_in(town)
    page = _open(browser, base, width, who="maya")
    for place in places:
        page.goto(base + place)
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, summary, input:not([type=hidden]), select, nav a, .row')]
                .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
                .filter(([, box]) => box.height > 0 && box.height < 43.5)
                .map(([html, box]) => html + ' ' + box.height)"""
        )
        assert not small, f"{place}: {small}"
    page.context.close()


def test_our_scripts_are_small() -> None:
    assert sum(path.stat().st_size for path in SCRIPTS.glob("*.js")) < 10_000
