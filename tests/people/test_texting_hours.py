"""When a text may arrive: on whoever's own clock, and where that is not known, on every clock it could be."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.people.member import Member
from engine.people.texting_hours import UNITED_STATES, opens_at, zones_of

OPENS, CLOSES = time(9), time(20)
ATLANTA, GUAM, LONDON, TORONTO = "+14045550142", "+16714725555", "+442079460018", "+14165550142"
_NOT_PLACES = ("Etc/", "posix", "right")
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_NOT_PLACES))
MOMENTS = st.integers(0, 3 * 366 * 24 * 60).map(lambda m: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=m))


def member(**fields: str | None) -> Member:
    return Member(**{"id": 1, "zone": None, "postal_code": "", "country": "US", **fields})


def test_a_known_zone_is_all_there_is_to_know() -> None:
    assert zones_of(member(zone="America/Denver", postal_code="30303"), GUAM) == ("America/Denver",)


def test_a_postal_code_tells_where_somebody_lives() -> None:
    assert zones_of(member(postal_code="30303"), ATLANTA) == ("America/New_York",)
    assert zones_of(member(postal_code="79901"), ATLANTA) == ("America/Denver",)


@pytest.mark.parametrize("zone", ["", "America", "Nowhere/Else", None])
def test_an_area_code_adds_a_zone_and_takes_none_away(zone: str | None) -> None:
    assert set(zones_of(member(zone=zone), ATLANTA)) == set(UNITED_STATES)
    assert set(zones_of(member(zone=zone), GUAM)) == {*UNITED_STATES, "Pacific/Guam"}
    assert set(zones_of(None, ATLANTA)) == set(UNITED_STATES)


def test_other_countries_have_their_own() -> None:
    assert "Europe/London" in zones_of(member(country="GB"), LONDON)
    assert not set(zones_of(member(country="GB"), LONDON)) & set(UNITED_STATES)
    assert "America/Vancouver" in zones_of(member(country="CA"), TORONTO)
    assert zones_of(None, "no phone") == ()


def test_where_nothing_is_known_or_no_hour_is_decent_everywhere_there_is_none() -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert opens_at((), OPENS, CLOSES, now) is None
    assert opens_at(("America/New_York", "Asia/Tokyo"), OPENS, time(18), now) is None


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (datetime(2026, 3, 2, 13, 59, tzinfo=UTC), datetime(2026, 3, 2, 14, tzinfo=UTC)),
        (datetime(2026, 3, 2, 14, tzinfo=UTC), datetime(2026, 3, 2, 14, tzinfo=UTC)),
        (datetime(2026, 3, 3, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 3, 0, 59, 59, tzinfo=UTC)),
        (datetime(2026, 3, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, 14, tzinfo=UTC)),
        # The clocks go forward on 8 March and back on 1 November.
        (datetime(2026, 3, 8, 2, tzinfo=UTC), datetime(2026, 3, 8, 13, tzinfo=UTC)),
        (datetime(2026, 11, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC)),
    ],
)
def test_the_hours_of_new_york(now: datetime, opens: datetime) -> None:
    assert opens_at(("America/New_York",), OPENS, CLOSES, now) == opens


@given(st.sampled_from(ZONES), MOMENTS)
def test_in_any_zone_it_opens_within_a_day_and_never_outside_its_hours(zone: str, now: datetime) -> None:
    found = opens_at((zone,), OPENS, CLOSES, now)
    assert found is not None and now <= found <= now + timedelta(hours=26)
    assert OPENS <= found.astimezone(ZoneInfo(zone)).time() < CLOSES


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=6), MOMENTS)
def test_with_many_zones_it_is_decent_in_all_and_no_sooner_moment_is(zones: list[str], now: datetime) -> None:
    def decent(moment: datetime) -> bool:
        return all(OPENS <= moment.astimezone(ZoneInfo(zone)).time() < CLOSES for zone in zones)

    found = opens_at(tuple(zones), OPENS, CLOSES, now)
    assert found is None or decent(found)
    until = found or now + timedelta(days=1)
    moment = now
    while moment < until:
        assert not decent(moment)
        moment += timedelta(minutes=30)
