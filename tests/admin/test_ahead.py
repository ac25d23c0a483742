"""How many days would it take: the form on the page Health, its numbers, what it says of a slip, and how it looks."""

import json
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from admin.cli.init import SETTINGS
from admin.cli.sending import sending
from engine.base.clock import ClockRow
from engine.base.ids import new_id
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.texting import Texting
from engine.base.setting_groups.warm_up import WarmUp
from engine.outbox.delivery import OutboxDue
from engine.outbox.post import LONGEST_WORDS
from engine.outbox.sending_pause import pause_sending
from engine.people.member import Member
from tests.admin.health_seen import is_good_ahead
from tests.admin.test_sending import stops
from tests.admin.town import NOON, Town, Visitor, build
from tests.browser.glass import WAYS

SPANISH = "Mañana hay sopa a las seis en el porche de Walt; ¿vienes tú también? Aquí estamos."
#: The same as `cautious` builds the town with.
UNDER = """
[warm_up]
began = 2026-03-01
days = [50, 100, 200]
[sms]
account_sid = "AC00000000000000000000000000000000"
numbers = ["+14045550100", "+14045550101"]
per_day = 2000
kept_for_answers = 100
segment_price = 0.01
picture_price = 0
"""


@pytest.fixture
def cautious(tmp_path: Path) -> Iterator[Town]:
    """A town with a new mail domain and a small text brand."""
    numbers = ["+14045550100", "+14045550101"]
    sms = Texting(
        account_sid="AC" + "0" * 32, numbers=numbers, per_day=2000, kept_for_answers=100, segment_price=0.01,
        picture_price=0,
    )  # fmt: skip
    built = build(tmp_path, sms=sms, warm_up=WarmUp(began=date(2026, 3, 1), days=(50, 100, 200)))
    yield built
    built.services.db.close()


def maya(town: Town, language: str = "en") -> Visitor:
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = language
    return town.signed_in("maya")


def asks(visitor: Visitor, status: int = 200, **form: str) -> str:
    """What the section says when these fields are sent."""
    answer = visitor.presses("/health/ahead", **form)
    assert answer.status_code == status, answer.text
    found = re.search(r'id="ahead" open>.*?</form>', answer.text, re.DOTALL)
    assert found
    return unescape(found[0])


def rows(section: str) -> list[tuple[str, int]]:
    """The table's days and how many leave on each."""
    found = re.findall(r'<tr><td>([^<]+)</td><td class="number">([\d,]+)</td></tr>', section)
    return [(day, int(many.replace(",", ""))) for day, many in found]


def by_command(folder: Path, *words: str) -> Any:
    ran = CliRunner().invoke(sending, ["forecast", *words, "--json", "--data", str(folder)], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.output)


def test_the_page_and_the_command_say_the_same_numbers(cautious: Town, tmp_path: Path) -> None:
    names = {"name": "Neighbors", "domain": "nfp.example", "address": "", "zone": "America/New_York"}
    (tmp_path / "hearthline.toml").write_text(
        SETTINGS.format(key="ab" * 32, **names) + f"{UNDER}[sandbox]\nenabled = true\n"
    )
    with cautious.write() as session:
        session.add(ClockRow(id=1, created_at=NOON, held_at=NOON))
        session.add_all(OutboxDue(rank=4, send_at=NOON, delivery_id=new_id()) for _ in range(30))
    visitor = maya(cautious)
    letters = by_command(tmp_path, "--letters", "400")["letters"]
    page = asks(visitor, kind="email", many="400")
    assert [many for _, many in rows(page)] == [day["letters"] for day in letters["days"]]
    assert letters["ahead"] and f"{letters['ahead']} that wait already go first." in page
    both = ["--texts", "3000", "--words", "Soup at six.", "--texts", "2000", "--words", SPANISH]
    texts = by_command(tmp_path, *both)["texts"]
    page = asks(visitor, kind="sms", many="3,000", words="Soup at six.", more="2 000", more_words=SPANISH)
    assert [many for _, many in rows(page)] == [day["texts"] for day in texts["days"]]
    assert len(texts["days"]) > 2
    assert f"Together {texts['segments']:,} segments, ${texts['cost']:,.2f}." in page
    assert "3,000 texts, one segment each: $30.00." in page and "2,000 texts, 2 segments each: $40.00." in page
    one = by_command(tmp_path, "--texts", "2000", "--words", SPANISH)["texts"]
    assert f"Together {one['segments']:,} segments, $40.00." in asks(visitor, kind="sms", many="2000", words=SPANISH)
    assert "With ú í a segment holds less than half." in page


def test_it_says_how_many_days_and_what_holds_it_back(cautious: Town) -> None:
    visitor = maya(cautious)
    page = asks(visitor, kind="email", many="300")
    assert "3 days: it begins today and ends on Mar 5." in page
    assert rows(page) == [("Today", 50), ("Tomorrow", 100), ("Thu, Mar 5", 150)]
    assert "Day 1 of its warm-up" in page and "Each day that goes well lets more leave." in page
    page = asks(visitor, kind="email", many="20")
    assert "One day: all of it leaves today." in page and "Nothing: all of it can leave today." in page
    page = asks(visitor, kind="sms", many="5000", words="Soup at six.")
    assert "Carriers let your brand send 2,000 segments a day, of which 100 are kept for answers" in page
    assert [many for _, many in rows(page)] == [1900, 1900, 1200]
    stops(cautious, cautious.chapters["duluth"])
    with cautious.write() as session:
        pause_sending(session, None, "The link is wrong.", "command", NOON)
    page = asks(visitor, kind="sms", many="5", words="Soup at six.")
    assert "Everything is paused since" in page and "rests just now: Duluth." in page
    assert "as if that were over" in page


def test_letters_have_a_price_where_the_relay_takes_one(town: Town, tmp_path: Path) -> None:
    assert "$" not in asks(maya(town), kind="email", many="5000")
    (tmp_path / "priced").mkdir()
    priced = build(tmp_path / "priced", mail=Mail(domain="nfp.example", price_per_thousand=0.4))
    assert "Your relay takes $2.00 for them." in asks(maya(priced), kind="email", many="5000")
    assert "Tu servidor de salida cobra $2.00 por ellas." in asks(maya(priced, "es"), kind="email", many="5000")
    priced.services.db.close()


def test_a_list_of_many_days_shows_the_first_week_and_folds_the_rest(cautious: Town) -> None:
    page = asks(maya(cautious), kind="sms", many="38000", words="Soup at six.")
    shown, _, folded = page.partition("<details")
    assert len(rows(shown)) == 7 and "13 more days" in folded
    assert sum(many for _, many in rows(page)) == 38_000


def test_after_hours_texts_begin_tomorrow_and_it_says_why(cautious: Town) -> None:
    cautious.clock.at = NOON.replace(hour=2, day=4)  # nine in the evening in New York
    page = asks(maya(cautious), kind="sms", many="10", words="Soup at six.")
    assert "Today’s hours for texts are over" in page and "9:00 am to 8:00 pm" in page


def test_a_text_that_could_never_leave_is_told_of(tmp_path: Path) -> None:
    town = build(tmp_path, sms=Texting(numbers=["+14045550100"], per_day=5, kept_for_answers=3, picture_price=0))
    page = asks(maya(town), kind="sms", many="9", words="x" * 400)
    assert "It would never leave" in page and not rows(page)
    assert "No texts can be sent" in page
    town.services.db.close()


@pytest.mark.parametrize(
    ("form", "field", "says"),
    [
        ({"kind": "email", "many": ""}, "many", "Write a whole number, such as 5,000."),
        ({"kind": "email", "many": "a few"}, "many", "Write a whole number, such as 5,000."),
        ({"kind": "email", "many": "-5"}, "many", "Write a whole number, such as 5,000."),
        ({"kind": "email", "many": "1.5"}, "many", "Write a whole number, such as 5,000."),
        ({"kind": "email", "many": "0"}, "many", "Write at least 1."),
        ({"kind": "email", "many": "9" * 5000}, "many", "Write 100,000,000 or less."),
        ({"kind": "sms", "many": "5", "words": " \n "}, "words", "Write what the text says."),
        ({"kind": "sms", "many": "5", "words": "x" * (LONGEST_WORDS + 1)}, "words", "Shorten it, or send a letter."),
        ({"kind": "sms", "many": "5", "words": "Soup.", "more": "5"}, "more_words", "Write what the text says."),
        ({"kind": "sms", "many": "5", "words": "Soup.", "more_words": "Sopa."}, "more", "Write a whole number"),
    ],
)
def test_a_slip_is_told_beside_its_field_and_what_was_typed_stays(
    town: Town, form: dict[str, str], field: str, says: str
) -> None:
    page = asks(maya(town), 400, **form)
    place = re.search(rf'<p class="wrong" id="{field}-wrong">([^<]*)</p>', page)
    assert place and says in place[1]
    control = re.search(rf'<(?:input|textarea) id="{field}"[^>]*>', page)
    assert control and f"{field}-wrong" in control[0] and "aria-invalid" in control[0]
    assert page.count('class="wrong"') == 1
    assert f'value="{form["kind"]}" checked' in page
    for name, typed in form.items():
        if name in ("words", "more_words"):
            assert f">{typed}</textarea>" in page
        elif name != "kind":
            assert f'name="{name}" type="text" value="{typed}"' in page


def test_a_kind_that_is_none_is_told_of(town: Town) -> None:
    page = asks(maya(town), 400, kind="pigeon", many="5")
    assert '<p class="wrong" id="kind-wrong">Choose letters or texts.</p>' in page


@pytest.mark.parametrize("written", ["5000", "5,000", "5.000", "5 000", "5’000", " 5000 "])
def test_a_number_is_read_as_people_write_it(town: Town, written: str) -> None:
    assert "5,000 letters." in asks(maya(town), kind="email", many=written)


def test_only_who_reads_the_figures_may_ask_and_a_reload_goes_to_the_page(town: Town) -> None:
    assert town.signed_in("denise").presses("/health/ahead", kind="email", many="5").status_code == 404
    answer = maya(town).client.get("/health/ahead")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/health#ahead")


@pytest.mark.parametrize(("width", "javascript"), WAYS)
def test_it_is_good_to_look_at_and_needs_no_javascript(
    cautious: Town, browser: Browser, width: int, javascript: bool
) -> None:
    is_good_ahead(cautious, browser, width, javascript=javascript)
