"""A list longer than the day's cap, planned over days on which the cap or the clock changes: none over, none lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from engine.base.clock import SandboxClock
from engine.base.settings import Settings
from engine.channels.sms import TwilioTexts
from engine.outbox.delivery import Delivery
from engine.outbox.text_courier import send_due_texts
from engine.outbox.text_day import TextDay
from tests.channels.provider import Asked, Provider, Says
from tests.database import on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import House
from tests.outbox.phones import OURS

NEW_YORK, LOS_ANGELES = ZoneInfo("America/New_York"), "America/Los_Angeles"


@dataclass
class Brand:
    """The house with a brand whose day has a cap, and a provider that notes when it got what."""

    house: House
    provider: Provider
    zone: str
    had: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def by_day(self) -> dict[date, int]:
        """How many left on each day, by the carriers' clock as the zone's own table has it."""
        return dict(Counter(at.astimezone(ZoneInfo(self.zone)).date() for at, _ in self.had))

    def has_cap(self, cap: int) -> None:
        """The operator sets the cap and starts anew; what waits in the outbox stays as it is."""
        sms = {
            "account_sid": "AC" + "0" * 32, "auth_token": "secret", "api_url": self.provider.url, "numbers": [OURS],
            "per_second": 20.0, "per_day": cap, "kept_for_answers": 0, "day_zone": self.zone, "look_ups": False,
        }  # fmt: skip
        settings = Settings.model_validate({**self.house.services.settings.model_dump(), "sms": sms})
        if self.house.services.texts is not None:
            self.house.services.texts.close()
        self.house.services = replace(self.house.services, settings=settings, texts=TwilioTexts(settings.sms))

    def sends(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Everything that may leave now has left, or so much as is enough."""
        while not enough() and send_due_texts(self.house.services):
            self.house.later(seconds=3)

    def sends_until(self, moment: datetime) -> None:
        """An hour after the other, whatever may leave has left."""
        while self.house.now < moment:
            self.sends()
            self.house.later(hours=1)

    def is_settled(self, people: int, *, is_counted: bool = True) -> None:
        """Everybody got it once, by day, within their own hours, and each day's row says what left on it."""
        assert len({phone for _, phone in self.had}) == len(self.had) == people
        assert all(9 <= at.astimezone(NEW_YORK).hour < 20 for at, _ in self.had)
        with self.house.read() as session:
            assert session.scalar(select(func.count()).where(Delivery.state != "sent")) == 0
            if not is_counted:
                return
            rows = session.execute(select(TextDay.day, TextDay.used).where(TextDay.used > 0))
            assert dict(rows.tuples().all()) == self.by_day


@contextmanager
def brand(house: House, zone: str, begins: datetime) -> Iterator[Brand]:
    assert isinstance(house.services.clock, SandboxClock)
    house.services.clock.hold(begins)
    before = house.services
    with Provider() as provider:
        brand = Brand(house, provider, zone)

        def takes(call: Asked) -> Says:
            form = call.form
            brand.had.append((house.now, form["To"]))
            return Says(body={"sid": f"SM{len(brand.had):032d}", "status": "queued"})

        provider.answer = takes
        try:
            yield brand
        finally:
            if house.services.texts is not None and house.services is not before:
                house.services.texts.close()
            house.services = before


@on_both_databases
def test_a_cap_that_falls_and_rises_in_the_midst_of_a_send_is_kept_to_at_once(house: House) -> None:
    people = 260
    with brand(house, LOS_ANGELES, datetime(2026, 3, 2, 15, tzinfo=UTC)) as ours:
        ours.has_cap(120)
        broadcast_to(house, people, "sms")
        ours.sends(lambda: len(ours.had) >= 60)
        first = len(ours.had)
        assert 60 <= first < 120, "the change comes in the midst of the day's share"
        ours.has_cap(50)
        ours.sends_until(datetime(2026, 3, 3, 8, tzinfo=UTC))
        assert len(ours.had) == first, "more than the new cap had left before it; not one follows"
        ours.sends_until(datetime(2026, 3, 4, 8, tzinfo=UTC))
        assert ours.by_day[date(2026, 3, 3)] == 50
        # Texting hours of the third day have begun, and a few are on their way when the cap rises.
        ours.sends_until(datetime(2026, 3, 4, 14, tzinfo=UTC))
        house.later(minutes=1)
        ours.sends(lambda: len(ours.had) >= first + 70)
        assert first + 70 <= len(ours.had) < first + 100
        ours.has_cap(90)
        ours.sends_until(datetime(2026, 3, 5, 8, tzinfo=UTC))
        assert ours.by_day[date(2026, 3, 4)] == 90
        ours.sends_until(datetime(2026, 3, 6, 8, tzinfo=UTC))
        assert list(ours.by_day.values()) == [first, 50, 90, *_shares(people - first - 140, 90)]
        ours.is_settled(people)


@pytest.mark.parametrize("cap", [70, 0])
@on_both_databases
def test_a_cap_that_rises_or_goes_hours_after_the_day_was_full_loses_nobody(house: House, cap: int) -> None:
    with brand(house, LOS_ANGELES, datetime(2026, 3, 2, 15, tzinfo=UTC)) as ours:
        ours.has_cap(40)
        broadcast_to(house, 120, "sms")
        ours.sends_until(datetime(2026, 3, 2, 22, tzinfo=UTC))
        assert len(ours.had) == 40
        # Seven hours later, longer than any text may be late.
        ours.has_cap(cap)
        ours.sends_until(datetime(2026, 3, 3, 8, tzinfo=UTC))
        assert len(ours.had) > 40, "what waited in its queue leaves on the same day"
        assert not cap or len(ours.had) <= cap
        ours.sends_until(datetime(2026, 3, 5, 8, tzinfo=UTC))
        assert not cap or max(ours.by_day.values()) == cap
        ours.is_settled(120, is_counted=bool(cap))


def test_a_cap_that_is_taken_away_on_the_next_morning_loses_nobody(house: House) -> None:
    with brand(house, LOS_ANGELES, datetime(2026, 3, 2, 15, tzinfo=UTC)) as ours:
        ours.has_cap(40)
        broadcast_to(house, 150, "sms")
        ours.sends_until(datetime(2026, 3, 3, 8, tzinfo=UTC))
        ours.has_cap(0)
        ours.sends_until(datetime(2026, 3, 4, 8, tzinfo=UTC))
        assert list(ours.by_day.values()) == [40, 110]
        ours.is_settled(150, is_counted=False)


@pytest.mark.parametrize(
    ("new_database", "zone", "first"),
    [
        # The carriers' own clock: spring and fall. Its midnight lies outside texting hours.
        ("sqlite", LOS_ANGELES, date(2026, 3, 7)),
        ("sqlite", LOS_ANGELES, date(2026, 10, 31)),
        # A brand whose day ends in the midst of texting hours, on days of 23 and of 25 hours.
        ("sqlite", "Europe/Berlin", date(2026, 3, 28)),
        ("sqlite", "Europe/Berlin", date(2026, 10, 24)),
        ("postgresql", "Europe/Berlin", date(2026, 10, 24)),
    ],
    indirect=["new_database"],
)
def test_three_days_around_a_change_of_clocks_have_their_cap_each(house: House, zone: str, first: date) -> None:
    begins = datetime.combine(first, time(14, 30), UTC)
    days = [first + timedelta(days=number) for number in range(3)]
    with brand(house, zone, begins) as ours:
        ours.has_cap(30)
        broadcast_to(house, 75, "sms")
        ours.sends_until(begins + timedelta(days=4))
        assert ours.by_day == dict(zip(days, (30, 30, 15), strict=True))
        ours.is_settled(75)


def test_a_cap_that_changes_on_the_very_day_on_which_the_clock_does_holds_for_that_day(house: House) -> None:
    with brand(house, LOS_ANGELES, datetime(2026, 3, 7, 15, tzinfo=UTC)) as ours:
        ours.has_cap(75)
        broadcast_to(house, 185, "sms")
        ours.sends_until(datetime(2026, 3, 8, 13, tzinfo=UTC))
        assert ours.by_day == {date(2026, 3, 7): 75}
        house.later(minutes=1)
        ours.sends(lambda: len(ours.had) >= 85)
        assert len(ours.had) < 125, "the change comes before the new cap is reached"
        ours.has_cap(50)
        ours.sends_until(datetime(2026, 3, 11, 8, tzinfo=UTC))
        assert list(ours.by_day.values()) == [75, 50, 50, 10]
        ours.is_settled(185)


def _shares(people: int, cap: int) -> list[int]:
    return [min(cap, people - done) for done in range(0, people, cap)]
