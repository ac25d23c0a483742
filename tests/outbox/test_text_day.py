"""The text brand's day and minute: it stops at the cap and goes on tomorrow, none over; answers have their share."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine.base.db import Database
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.channels.sms import TwilioTexts
from engine.outbox import pace, text_day
from engine.outbox.classes import rank_of
from engine.outbox.closed import closed
from engine.outbox.pace import Wish
from engine.outbox.text_courier import send_due_texts
from engine.outbox.text_day import TextDay, Wanted
from tests.channels.provider import Provider
from tests.database import on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import House
from tests.outbox.phones import OURS

#: A Monday, 9 in the morning in New York; midnight Pacific is at 8:00 UTC.
MORNING = datetime(2026, 3, 2, 14, tzinfo=UTC)
BRAND = Texting(per_day=2000, kept_for_answers=0)


def admit(db: Database, wanted: list[Wanted], sms: Texting, now: datetime) -> dict[int, datetime]:
    with db.write() as session:
        return text_day.admit(session, wanted, sms, now)


def test_what_goes_to_many_leaves_the_last_of_a_day_for_answers_and_nothing_ever_passes_the_cap(db: Database) -> None:
    sms = Texting(per_day=10, kept_for_answers=3)
    many = [Wanted(key, 2, True, MORNING) for key in range(5)]
    waits = admit(db, many, sms, MORNING)
    assert set(waits) == {3, 4} and set(waits.values()) == {datetime(2026, 3, 3, 8, tzinfo=UTC)}
    with db.read() as session:
        [shut] = closed(session, "sms", MORNING)
        assert rank_of("broadcast", "sms") in shut.ranks and rank_of("answer", "sms") not in shut.ranks
    answers = [Wanted(key, 2, False, MORNING) for key in (10, 11, 12)]
    assert set(admit(db, answers, sms, MORNING)) == {12}
    with db.read() as session:
        assert session.scalar(select(TextDay.used)) == 10
        [shut] = closed(session, "sms", MORNING)
        assert rank_of("answer", "sms") in shut.ranks and "10 segments" in shut.reason
    with db.write() as session:
        text_day.give_back(session, 2, MORNING)
        assert text_day.row_of(session, MORNING).used == 8  # type: ignore[union-attr]


def test_a_text_counts_on_the_day_of_its_moment(db: Database) -> None:
    sms = Texting(per_day=1)
    late = datetime(2026, 3, 3, 7, 59, 59, tzinfo=UTC)
    assert admit(db, [Wanted(1, 1, True, late), Wanted(2, 1, True, late + timedelta(seconds=2))], sms, late) == {}
    with db.read() as session:
        assert dict(session.execute(select(TextDay.day, TextDay.used)).tuples().all()) == {
            date(2026, 3, 2): 1, date(2026, 3, 3): 1,
        }  # fmt: skip


def test_a_cap_that_is_changed_or_taken_away_holds_at_once(db: Database) -> None:
    def shut(sms: Texting) -> int:
        with db.write() as session:
            text_day.today(session, sms, MORNING)
            return len(closed(session, "sms", MORNING))

    admit(db, [Wanted(key, 1, True, MORNING) for key in range(3)], Texting(per_day=2), MORNING)
    assert shut(Texting(per_day=2)) == 1
    assert shut(Texting(per_day=3)) == 0
    assert shut(Texting(per_day=2)) == 1
    assert shut(Texting()) == 0


@pytest.mark.parametrize("spring", [False, True])
def test_a_day_of_the_carriers_ends_at_midnight_in_los_angeles_also_when_clocks_change(
    db: Database, spring: bool
) -> None:
    now = datetime(2026, 3, 8, 9, tzinfo=UTC) if spring else datetime(2026, 11, 1, 8, tzinfo=UTC)
    with db.write() as session:
        row = text_day.today(session, BRAND, now)
        assert row is not None
        assert row.ends_at == (datetime(2026, 3, 9, 7, tzinfo=UTC) if spring else datetime(2026, 11, 2, 8, tzinfo=UTC))


def test_all_numbers_together_keep_to_the_brands_minute(db: Database) -> None:
    with db.write() as session:
        wishes = [Wish(key, f"+1404555010{key % 4}", 1, may_wait=True) for key in range(200)]
        turns = pace.reserve(session, wishes, 50.0, MORNING, per_minute=75)
    moments = sorted(turn.at for turn in turns.values())
    assert max(sum(1 for at in moments if first <= at < first + timedelta(minutes=1)) for first in moments) <= 75
    assert all(later > earlier for earlier, later in pairwise(moments))
    assert moments[-1] - moments[0] < timedelta(minutes=4)


@pytest.mark.parametrize(("cap", "people"), [(100, 250), pytest.param(2000, 5000, marks=pytest.mark.long, id="whole")])
@on_both_databases
def test_a_list_longer_than_the_days_cap_leaves_on_three_days_none_over(house: House, cap: int, people: int) -> None:
    left: Counter[object] = Counter()
    with Provider() as provider:
        sms = {
            "account_sid": "AC" + "0" * 32, "auth_token": "secret", "api_url": provider.url, "numbers": [OURS],
            "per_second": 1000.0, "per_day": cap, "look_ups": False,
        }  # fmt: skip
        settings = Settings.model_validate({**house.services.settings.model_dump(), "sms": sms})
        texts = TwilioTexts(settings.sms)
        before, house.services = house.services, replace(house.services, settings=settings, texts=texts)
        try:
            house.later(hours=1)
            broadcast_to(house, people, "sms")
            for _ in range(4 * 8):
                had = len(provider.asked)
                while send_due_texts(house.services):
                    house.later(seconds=3)
                if many := len(provider.asked) - had:
                    left[house.now.astimezone(ZoneInfo("America/Los_Angeles")).date()] += many
                    local = house.now.astimezone(ZoneInfo("America/New_York"))
                    assert 9 <= local.hour < 20
                house.later(hours=3)
            assert len({call.form["To"] for call in provider.asked}) == len(provider.asked) == people
            assert list(left.values()) == [cap, cap, people - 2 * cap]
            with house.read() as session:
                used = session.scalars(select(TextDay.used).where(TextDay.used > 0).order_by(TextDay.day)).all()
                assert list(used) == list(left.values())
        finally:
            house.services = before
            texts.close()
