"""What a list would take before it is sent: days, segments and money, by one's own settings; and by command."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli.init import SETTINGS
from admin.cli.sending import sending
from engine.base.db import Database
from engine.base.setting_groups.texting import Texting
from engine.base.setting_groups.warm_up import WarmUp
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.outbox import text_day
from engine.outbox.days_ahead import days_of_mail, kept_to, leaving, segments_of_a_day
from engine.outbox.estimate import Wording, estimate
from engine.outbox.mail_pace import learn
from engine.outbox.press import Press, press
from engine.outbox.sending_pause import pause_sending
from engine.outbox.text_day import Wanted
from tests.database import database_in, on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import START, House

NUMBERS = [f"+1404555010{number}" for number in range(4)]


def texting(**sms: object) -> Settings:
    return Settings(
        sms=Texting.model_validate({"numbers": NUMBERS, "segment_price": 0.01, "picture_price": 0.0, **sms})
    )


def press_of(settings: Settings) -> Press:
    return press(settings, TokenRing({1: b"Z" * 32}))


@pytest.mark.parametrize(
    ("settings", "words", "segments", "cost", "days"),
    [
        (texting(per_day=2000), "Soup at six.", 5000, 50.0, [2000, 2000, 1000]),
        (texting(per_day=2000, kept_for_answers=200), "Soup at six.", 5000, 50.0, [1800, 1800, 1400]),
        (texting(per_day=2000), "x" * 200, 10000, 100.0, [1000] * 5),
        (texting(per_day=2000, picture_price=0.025), "x" * 500, 5000, 125.0, [2000, 2000, 1000]),
        (texting(), "Soup at six.", 5000, 50.0, [5000]),
        # What a word processor writes leaves as plain signs; a heart makes any text UCS-2.
        (texting(), "“Soup” at six – on Walt’s porch… " + "x" * 100, 5000, 50.0, [5000]),
        (texting(per_day=2000), "Soup at six \u2764 " + "x" * 60, 10000, 100.0, [1000] * 5),
    ],
)
def test_texts_take_the_days_that_the_cap_leaves_them(
    db: Database, settings: Settings, words: str, segments: int, cost: float, days: list[int]
) -> None:
    with db.read() as session:
        found = estimate(session, press_of(settings), 0, [Wording(5000, words)], START).texts
    assert (found.segments, found.cost, [many for _, many in found.days]) == (segments, cost, days)
    assert found.days[0][0] == date(2026, 3, 2)


def test_people_of_two_languages_share_the_brands_day(db: Database) -> None:
    """ñ is of GSM-7, í is not: the Spanish words are UCS-2 and two segments each."""
    spanish = "Mañana hay sopa a las seis en el porche de Walt; ¿vienes tú también? Aquí estamos."
    wordings = [Wording(3000, "Soup at six.", "en"), Wording(2000, spanish, "es")]
    with db.read() as session:
        found = estimate(session, press_of(texting(per_day=2000)), 0, wordings, START).texts
    english, other = found.wordings
    assert (english.encoding, english.segments_each, english.segments) == ("gsm7", 1, 3000)
    assert (other.encoding, other.segments_each, other.segments, other.outside) == ("ucs2", 2, 4000, ("ú", "í"))
    assert (found.segments, found.cost) == (7000, 70.0)
    assert [many for _, many in found.days] == [1428, 1429, 1428, 715] and sum(many for _, many in found.days) == 5000


def test_today_has_the_hours_and_the_segments_that_are_left_of_it(db: Database) -> None:
    settings = texting(per_minute=60)
    evening = START.replace(hour=23)  # six in the evening in New York; texts may arrive until eight
    with db.read() as session:
        found = estimate(session, press_of(settings), 0, [Wording(8000, "Soup.")], evening).texts
        night = estimate(session, press_of(settings), 0, [Wording(10, "Soup.")], evening + timedelta(hours=4)).texts
    first, second = (many for _, many in found.days)
    assert 6500 < first < 2 * 60 * 60 and first + second == 8000
    assert night.days[0][0] == date(2026, 3, 3), "after hours it leaves on the next day"
    capped = texting(per_day=2000)
    with db.write() as session:
        text_day.admit(session, [Wanted(number, 1, True, START) for number in range(1500)], capped.sms, START)
        found = estimate(session, press_of(capped), 0, [Wording(1000, "Soup.")], START).texts
    assert [many for _, many in found.days] == [500, 500]


def test_a_text_longer_than_a_days_share_never_leaves_and_is_told_of(db: Database) -> None:
    with db.read() as session:
        found = estimate(session, press_of(texting(per_day=5, kept_for_answers=3)), 0, [Wording(9, "x" * 400)], START)
    assert found.texts.too_long and found.texts.days == ()


@on_both_databases
def test_what_waits_goes_first_and_what_holds_is_said(house: House) -> None:
    settings = Settings.model_validate(
        {**house.services.settings.model_dump(), "sms": {**texting(per_day=100).sms.model_dump()}}
    )
    broadcast_to(house, 30, "sms")
    with_ = press_of(settings)
    with house.services.db.write() as session:
        found = estimate(session, with_, 5, [Wording(100, "Soup at six.")], house.now)
        assert (found.texts.ahead, found.texts.ahead_segments) == (30, 30)
        assert [many for _, many in found.texts.days] == [70, 30]
        assert found.says == ("No texts can be sent: no number or no provider is set under [sms].",)
        pause_sending(session, None, "The link is wrong.", "command", house.now)
        assert "The link is wrong" in estimate(session, with_, 5, [], house.now).says[0]


def test_a_day_holds_no_more_than_the_numbers_can_say_in_texting_hours() -> None:
    assert 120_000 < segments_of_a_day(texting().sms) < 11 * 3600 * 4
    assert 40_000 < segments_of_a_day(texting(per_minute=75).sms) < 11 * 60 * 75
    assert segments_of_a_day(texting(per_minute=75, per_day=300, kept_for_answers=50).sms) == 250


def test_mail_takes_the_days_of_the_warm_up_behind_what_waits_already(house: House) -> None:
    settings = house.services.settings.model_copy(
        update={"warm_up": WarmUp(began=date(2026, 3, 1), days=(50, 100, 200))}
    )
    broadcast_to(house, 30, "email")
    with house.read() as session:
        found = days_of_mail(session, settings, 200, house.now)
        warm = days_of_mail(session, house.services.settings, 200, house.now)
    assert (found.ahead, [many for _, many in found.days]) == (30, [20, 100, 80])
    assert warm.days == ((date(2026, 3, 2), 200),)


def test_what_is_over_on_one_day_leaves_on_the_next(db: Database) -> None:
    assert kept_to([5, 0, 9], [3, 3, 4]) == [3, 2, 4]
    settings = texting(per_day=10).model_copy(update={"warm_up": WarmUp(began=date(2026, 3, 1), days=(5, 6))})
    monday, wednesday = date(2026, 3, 2), date(2026, 3, 4)
    with db.read() as session:
        found = leaving(session, settings, [(monday, 12, 15), (wednesday, 1, 0)], START)
        assert leaving(session, settings, [], START) == []
    assert found == [(monday, 5, 10), (date(2026, 3, 3), 6, 5), (wednesday, 2, 0)]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hearthline.toml").write_text(
        SETTINGS.format(
            key="5e" * 32, name="Neighbors", domain="nfp.example", address="1 Main Street", zone="America/New_York"
        )
        + "[warm_up]\nbegan = 2020-01-01\ndays = [100, 200]\n[sms]\nper_day = 2000\nsegment_price = 0.01\n"
    )
    monkeypatch.setenv("HEARTHLINE_MAIL__PRICE_PER_THOUSAND", "0.4")
    db = database_in(tmp_path)
    with db.write() as session:
        learn(session, {"gmail.com": "421 4.7.28"}, datetime.now(START.tzinfo))
    db.close()
    return tmp_path


def run(folder: Path, *words: str, code: int = 0) -> str:
    ran = CliRunner().invoke(sending, [*words, "--data", str(folder)], catch_exceptions=False)
    assert ran.exit_code == code, ran.output
    return ran.output


def test_the_command_tells_days_segments_and_money_and_pauses_and_goes_on(installed: Path) -> None:
    asked = ["forecast", "--letters", "400", "--texts", "5000", "--words", "Soup at six."]
    told = json.loads(run(installed, *asked, "--json"))
    assert [day["letters"] for day in told["letters"]["days"]] == [100, 200, 100]
    assert (told["letters"]["cost"], told["letters"]["currency"]) == (0.16, "USD")
    assert [day["texts"] for day in told["texts"]["days"]] == [2000, 2000, 1000]
    assert (told["texts"]["segments"], told["texts"]["cost"], told["texts"]["currency"]) == (5000, 50.0, "USD")
    assert told["holds"] == ["No texts can be sent: no number or no provider is set under [sms]."]
    two = run(installed, "forecast", "--texts", "30", "--words", "Soup.", "--texts", "20", "--words", "¡Sopa! \u2764")
    assert "50 texts, 50 segments, cost 0.50 USD" in two
    plain = run(installed, *asked)
    assert "400 letters leave on 3 days:" in plain and "Your relay takes 0.16 USD for them." in plain
    assert "cost 50.00 USD and leave on 3 days:" in plain
    assert "Nothing leaves any more." in run(installed, "pause", "--why", "The link is wrong.")
    assert "It was paused before." in run(installed, "pause", "--why", "Again.")
    state = json.loads(run(installed, "state", "--json"))
    assert state["paused"]["why"] == "The link is wrong." and state["hosts"][0]["host"] == "gmail.com"
    assert "The link is wrong" in run(installed, "state") and "gmail.com gets 60" in run(installed, "state")
    assert "Messages leave again" in run(installed, "resume")
    assert "Nothing was paused." in run(installed, "resume")
    assert "no such brake" in run(installed, "lift", "7", "--why", "x", code=1)
