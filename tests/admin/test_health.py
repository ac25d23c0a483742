"""The health page: what needs somebody stands first, with what to do; the rest says that it is well."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from engine.base.ids import id_at, new_id
from engine.base.lease import Lease
from engine.conversations.received import Received
from engine.outbox import breaker, pace
from engine.outbox.delivery import OutboxDue
from engine.outbox.line import Breaker
from engine.outbox.mail_pace import learn
from engine.outbox.sending_pause import pause_sending
from engine.outbox.warm_up import WarmUpDay
from tests.admin.health_seen import is_good_health
from tests.admin.test_sending import stops
from tests.admin.town import NOON, Town


def maya(town: Town) -> str:
    """The page as staff see it."""
    visitor = town.visitor()
    visitor.signs_in("maya@nfp.example")
    return visitor.sees("/health")


def has_a_bad_day(town: Town) -> None:
    """Broadcasts pile up, the provider of texts is down, and one message was received and never settled."""
    now = town.services.clock.now()
    with town.services.db.write() as session:
        session.add_all(
            OutboxDue(rank=5, send_at=now - timedelta(minutes=minutes), delivery_id=new_id())
            for minutes in range(1, 41)
        )
        session.add(OutboxDue(rank=0, send_at=now - timedelta(minutes=1), delivery_id=new_id()))
        session.add(OutboxDue(rank=4, send_at=now + timedelta(hours=3), delivery_id=new_id()))
        session.add(
            Breaker(
                way="sms",
                counted_since=now,
                failures=21,
                opened_at=now - timedelta(minutes=6),
                probe_at=now + timedelta(minutes=1),
                reason="The provider answers 503 to everything.",
            )
        )
        session.add(
            Received(
                id=id_at(0) + 1, created_at=now, door="smtp", bytes_id=1, size=1, sha256=b"x" * 32, attempts=0,
                detail={},
            )
        )  # fmt: skip


def test_what_needs_somebody_stands_first_and_says_what_to_do(town: Town) -> None:
    has_a_bad_day(town)
    page = maya(town)
    assert "4 things need a look." in page
    assert page.index("<h2>Needs a look</h2>") < page.index("One message has waited") < page.index('class="part')
    assert (
        page.index("<h2>On its way out</h2>") < page.index("How many days would it take?") < page.index("What is well")
    )
    assert "One message has waited over 10 minutes." in page
    assert "Its log says why a message could not be routed" in page
    assert "broadcasts and invitations" in page and "25 are late" in page
    assert "One more waits for its hour." in page


def test_a_way_out_that_is_closed_says_since_when_and_why(town: Town) -> None:
    assert "closed for now" not in maya(town)
    has_a_bad_day(town)
    page = maya(town)
    assert "closed for now" in page
    assert "The provider answers 503 to everything." in page
    assert "One message a minute tries it." in page
    assert "Let texts go on" not in page, "it ends by itself"


def test_texts_that_carriers_forbid_go_on_by_the_word_of_staff_alone(town: Town) -> None:
    now = town.services.clock.now()
    with town.services.db.write() as session:
        breaker.stop(session, "Our brand is not registered (30034).", now)
    assert "Let texts go on" in maya(town) and "Our brand is not registered (30034)." in maya(town)
    denise = town.visitor()
    denise.signs_in("denise@nfp.example")
    assert denise.presses("/health/texts").status_code == 404
    visitor = town.visitor()
    visitor.signs_in("maya@nfp.example")
    assert visitor.presses("/health/texts").headers["Location"] == "/health"
    assert "Texts leave again." in visitor.sees("/health")
    with town.services.db.read() as session:
        assert breaker.troubles(session) == []


def test_a_number_that_was_too_fast_is_told_with_what_it_does_now(town: Town) -> None:
    has_a_bad_day(town)
    with town.services.db.write() as session:
        pace.slow_down(session, "+14045550100", town.services.clock.now())
    assert "+14045550100 sends at a quarter of its rate for an hour" in maya(town)


def test_with_nothing_due_it_says_so(town: Town) -> None:
    page = maya(town)
    assert "Nothing is due to leave now." in page
    assert "Nothing is unsettled." in page


def test_what_is_well_is_folded_behind_one_line_each(town: Town) -> None:
    with town.write() as session:
        later = datetime.now(UTC) + timedelta(hours=1)
        session.add(Lease(name="scheduler", created_at=NOON, holder="here", until_at=later))
    page = maya(town)
    assert "All is well." in page and "Needs a look" not in page
    assert folds(page) == [
        "How many days would it take?", "Pause everything", "What is well: 11 are well", "Ways out: open",
        "Sending: nothing is held back", "On its way out: nothing is due", "Everything received: 0 received",
    ]  # fmt: skip
    assert not re.search(r"<details[^>]* open", page) and page.count("<h2>") == page.count('<details class="part')


def test_a_folded_line_says_what_is_slower_without_anybody_having_to_do_a_thing(town: Town) -> None:
    now = town.services.clock.now()
    with town.write() as session:
        learn(session, {"gmail.com": "421 4.7.28 Too many."}, now)
    assert "Sending: slower to some hosts" in folds(maya(town))
    with town.write() as session:
        day = WarmUpDay(
            day=now.date(), created_at=now, ends_at=now + timedelta(hours=9), place=4, allowance=700, used=700, says=""
        )
        session.add(day)
    assert "Sending: today’s share has left" in folds(maya(town))


def test_a_pause_of_everything_comes_before_all_else(town: Town) -> None:
    has_a_bad_day(town)
    stops(town, town.chapters["duluth"])
    with town.write() as session:
        pause_sending(session, None, "The link is wrong.", "command", NOON)
    page = maya(town)
    assert page.index("Everything is paused since") < page.index("<h2>Needs a look</h2>")
    assert page.count("<h2>Sending</h2>") == 1 and "Duluth" in page and "Pause everything now" not in page


def test_each_brake_has_a_field_of_its_own(town: Town) -> None:
    brakes = [stops(town, town.chapters[slug]) for slug in ("atlanta", "duluth")]
    page = maya(town)
    labels, ids = (re.findall(rf'{name}="([^"]+)"', page) for name in ("<label for", " id"))
    assert {f"why-{brake}" for brake in brakes} <= set(labels) <= set(ids)
    assert len(ids) == len(set(ids))
    assert "Letters of this chapter" in page and "Find out why, then" not in page, "it is told once, with its button"


def folds(page: str) -> list[str]:
    """Each folded line: its title, and what it says behind it."""
    lines = re.findall(r"<summary><h2>([^<]+)</h2>(?:<span[^>]*>([^<]+)</span>)?</summary>", page)
    return [f"{title}: {state}" if state else title for title, state in lines]


@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_good_to_look_at_on_the_worst_day(town: Town, browser: Browser, width: int) -> None:
    has_a_bad_day(town)
    is_good_health(town, browser, width)
