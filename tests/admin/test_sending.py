"""Pausing everything and lifting brakes on the page: whoever may, what it says everywhere, at both widths."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from engine.base.ids import new_id
from engine.outbox.brakes import Brake, open_brakes
from engine.outbox.mail_pace import learn
from engine.outbox.sending_pause import open_pause, pause_sending
from engine.outbox.text_day import TextDay
from engine.outbox.warm_up import WarmUpDay
from tests.admin.health_seen import is_good_health
from tests.admin.town import Town
from tests.browser.glass import ON_A_PHONE


def stops(town: Town, chapter_id: int) -> int:
    """The chapter's letters to many are stopped."""
    now = town.services.clock.now()
    with town.services.db.write() as session:
        brake = Brake(
            id=new_id(), created_at=now, chapter_id=chapter_id, kind="complained", level="stop", until_at=None,
            says=f"Letters of {'this' if chapter_id else 'no'} chapter to many rest: 3 of 900 readers called its "
            "letters unwanted within a day (0.33%); a person must lift it, with a reason.",
            lifted_why="",
        )  # fmt: skip
        session.add(brake)
        return brake.id


def test_staff_pause_everything_and_every_page_says_so_until_they_let_it_go_on(town: Town) -> None:
    maya, denise = town.visitor(), town.visitor()
    maya.signs_in("maya@nfp.example")
    denise.signs_in("denise@nfp.example")
    assert denise.presses("/health/pause", why="No.").status_code == 404
    assert maya.presses("/health/pause", why="The link is wrong").headers["Location"] == "/health"
    page = maya.sees("/health")
    assert "Everything is paused since" in page and "Let messages leave again" in page
    assert "until staff let it go on" not in page, "the page says it once, with the button"
    elsewhere = denise.sees("/")
    assert "until staff let it go on, on the page Health." in elsewhere and "“The link is wrong”" in elsewhere
    assert denise.presses("/health/pause/end").status_code == 404
    maya.presses("/health/pause/end")
    assert "Messages leave again" in maya.sees("/health") and "The link is wrong" not in denise.sees("/")
    with town.services.db.read() as session:
        assert open_pause(session) is None


def test_a_brake_is_told_to_its_own_chapter_alone_and_lifted_by_staff_with_a_reason(town: Town) -> None:
    brake = stops(town, town.chapters["duluth"])
    maya, denise = town.visitor(), town.visitor()
    maya.signs_in("maya@nfp.example")
    denise.signs_in("denise@nfp.example")
    page = maya.sees("/health")
    assert "3 of 900 readers" in page and "There is more" not in page
    assert "There is more on the page Health." in maya.sees("/")
    assert "to many rest" not in denise.sees("/"), "another chapter's trouble is not theirs to see"
    assert denise.presses(f"/health/brakes/{brake}", why="Mine.").status_code == 404
    maya.presses(f"/health/brakes/{brake}", why=" ")
    assert "nothing was done yet" in maya.sees("/health")
    maya.presses(f"/health/brakes/{brake}", why="An old list; it is out again.")
    assert "Its letters go again" in maya.sees("/health")
    with town.services.db.read() as session:
        assert open_brakes(session, town.services.clock.now()) == []


def test_a_brake_of_letters_that_are_no_chapters_names_none(town: Town) -> None:
    stops(town, 0)
    maya = town.signed_in("maya")
    assert "Letters to many that are no chapter’s rest" in maya.sees("/")
    page = maya.sees("/health")
    assert "Letters of no chapter to many rest: 3 of 900" in page and "of this chapter" not in page


@pytest.mark.parametrize("width", ON_A_PHONE)
def test_what_holds_messages_back_is_good_to_look_at(town: Town, browser: Browser, width: int) -> None:
    now = town.services.clock.now()
    stops(town, town.chapters["duluth"])
    with town.services.db.write() as session:
        pause_sending(session, None, "The link in the letter leads nowhere.", "command", now)
        learn(session, {"gmail.com": "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail."}, now)
        session.add_all(
            [
                WarmUpDay(
                    day=now.date(), created_at=now, ends_at=now + timedelta(hours=9), place=4, allowance=700, used=700,
                    says="",
                ),
                TextDay(
                    day=now.date(), created_at=now, ends_at=now + timedelta(hours=9), zone="America/Los_Angeles",
                    cap=2000, kept=100, used=1900, full_at=now,
                ),
            ]
        )  # fmt: skip
    is_good_health(town, browser, width)
