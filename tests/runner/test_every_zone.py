"""Every time zone there is, at every change of its clock in two years, and a minute before and after each."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from engine.base.local_time import first_known, instant, next_local, zone_named
from engine.enrollments.spread import Spread, place_in
from engine.people.member import Member
from engine.people.texting_hours import CANADA, UNITED_STATES, opens_at, zones_of
from journeys.quiet import QuietHours

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OPENS, CLOSES = time(9), time(20)
#: Nowhere is it between nine and twenty in both.
APART = ("America/New_York", "Asia/Shanghai")


@cache
def edges(name: str) -> tuple[datetime, ...]:
    """The instants at which the zone's clock changes."""
    zone = ZoneInfo(name)
    found = []
    days = [BEGIN + number * DAY for number in range((END - BEGIN).days + 1)]
    for before, after in pairwise(days):
        offset = before.astimezone(zone).utcoffset()
        if after.astimezone(zone).utcoffset() == offset:
            continue
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) / 2
            if middle.astimezone(zone).utcoffset() == offset:
                before = middle
            else:
                after = middle
        found.append(after.replace(microsecond=0))
    return tuple(found)


@cache
def different_zones() -> tuple[str, ...]:
    """Every zone, but one of those whose clocks show the same all two years."""
    kept: dict[tuple[object, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        shown = (BEGIN.astimezone(zone).utcoffset(), *((at, at.astimezone(zone).utcoffset()) for at in edges(name)))
        kept.setdefault(shown, name)
    return tuple(kept.values())


def moments(name: str) -> Iterator[datetime]:
    """A minute before, at, and a minute after each change; the two ends of the year where it never changes."""
    for edge in edges(name) or (BEGIN, BEGIN + 180 * DAY):
        yield from (edge - 91 * MINUTE, edge - MINUTE, edge, edge + MINUTE)


def hours_around(moment: datetime, zone: ZoneInfo) -> set[time]:
    """Hours that the clock shows, skips or shows twice around this moment, and those of an ordinary day."""
    shown = {
        (moment + minutes * MINUTE).astimezone(zone).time().replace(second=0) for minutes in (-61, -31, 0, 29, 59, 90)
    }
    naive = (moment - MINUTE).astimezone(zone).replace(tzinfo=None)
    skipped = {(naive + minutes * MINUTE).time().replace(second=0) for minutes in (1, 2, 16, 31, 61, 91, 121)}
    return shown | skipped | {time(0), OPENS, CLOSES, time(23, 59)}


def test_there_are_hundreds_of_zones_and_every_one_is_looked_at() -> None:
    assert len(available_timezones()) > 400
    assert len(different_zones()) > 60
    assert sum(len(edges(name)) for name in different_zones()) > 100


def test_a_local_hour_is_the_next_valid_minute_in_a_gap_and_the_first_in_a_fold() -> None:
    gaps = folds = 0
    for name in different_zones():
        zone = ZoneInfo(name)
        for now in moments(name):
            for hour in hours_around(now, zone):
                at = next_local(now, zone, hour)
                local = at.astimezone(zone)
                assert now < at <= now + 2 * DAY + timedelta(hours=3), (name, now, hour)
                if local.time() == hour:
                    # The first time the clock shows it: an hour before, it showed something else.
                    assert local.fold == 0, (name, now, hour)
                    wanted = datetime.combine(local.date(), hour)
                    twice = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
                    folds += twice != at
                else:
                    # The clock skips it, and this is the first moment after.
                    gaps += 1
                    before = (at - timedelta(seconds=1)).astimezone(zone)
                    assert before.time() < hour < local.time() or before.date() < local.date(), (name, now, hour)
                    assert before.utcoffset() != local.utcoffset(), (name, now, hour)
    assert gaps > 100 and folds > 100


def test_no_text_leaves_outside_its_hours_and_each_as_soon_as_they_begin() -> None:
    for name in different_zones():
        zone = ZoneInfo(name)
        for now in moments(name):
            opens = opens_at([name], OPENS, CLOSES, now)
            assert opens is not None and now <= opens <= now + DAY, (name, now)
            assert OPENS <= opens.astimezone(zone).time() < CLOSES, (name, now)
            if opens > now:
                assert not OPENS <= (opens - MINUTE).astimezone(zone).time() < CLOSES, (name, now)


def test_quiet_hours_over_midnight_hold_at_every_change_of_a_clock() -> None:
    quiet = QuietHours(time(22), time(2, 30))
    for name in different_zones():
        zone = ZoneInfo(name)
        for now in moments(name):
            opens = opens_at([name], time(0), None, now, quiet)
            assert opens is not None and now <= opens <= now + timedelta(hours=7), (name, now)
            assert not quiet.hold(opens.astimezone(zone).time()), (name, now)


def test_the_place_of_a_member_in_a_spread_hour_never_leaves_its_day_and_window() -> None:
    for name in different_zones():
        zone = ZoneInfo(name)
        for now in moments(name):
            for hour in (time(0), time(2, 30), OPENS, time(19, 55), time(23, 50)):
                at = next_local(now, zone, hour)
                share = Spread(timedelta(minutes=20), "welcome", (CLOSES,)).share(at, zone, 7)
                assert at <= share < at + timedelta(minutes=20)
                assert share.astimezone(zone).date() == at.astimezone(zone).date(), (name, now, hour)
                assert (share.astimezone(zone).time() < CLOSES) == (at.astimezone(zone).time() < CLOSES)


@pytest.mark.parametrize(
    "zones", [UNITED_STATES, CANADA, ("America/New_York", "Asia/Shanghai"), ("Pacific/Kiritimati",)]
)
def test_an_unknown_zone_keeps_the_hours_of_all_it_could_be(zones: tuple[str, ...]) -> None:
    clocks = [ZoneInfo(name) for name in zones]
    found = 0
    for now in sorted({moment for name in zones for moment in moments(name)}):
        opens = opens_at(zones, OPENS, CLOSES, now)
        if opens is None:
            continue
        found += 1
        assert all(OPENS <= opens.astimezone(clock).time() < CLOSES for clock in clocks), (zones, now)
    assert bool(found) == (zones != APART)


def test_hours_that_no_two_places_share_leave_none() -> None:
    """Then a person is asked: the gate says so where `opens_at` finds nothing."""
    assert opens_at(APART, OPENS, CLOSES, BEGIN) is None
    assert opens_at((), OPENS, CLOSES, BEGIN) is None


@pytest.mark.parametrize("name", ["Atlantis/Poseidonis", "", "America", "../etc/passwd", "a" * 300, "Etc/Nowhere"])
def test_a_zone_that_does_not_exist_never_stops_anybody(name: str) -> None:
    assert zone_named(name) is None
    assert first_known((name, None, "America/Chicago")).key == "America/Chicago"
    assert first_known((name,)).key == "UTC"
    assert opens_at((name, "America/Chicago"), OPENS, CLOSES, BEGIN) is not None
    assert zones_of(Member(zone=name, postal_code="", country="US"), "+14045550100")[0] == "America/New_York"
    assert zones_of(Member(zone=name, postal_code="55801", country="US"), "+14045550100") == ("America/Chicago",)


def test_a_day_that_a_zone_leaves_out_has_no_hour() -> None:
    apia = ZoneInfo("Pacific/Apia")
    before = datetime(2011, 12, 29, 20, tzinfo=apia).astimezone(UTC)
    assert next_local(before, apia, OPENS).astimezone(apia).date() == date(2011, 12, 31)
    assert instant(datetime.combine(date(2011, 12, 30), OPENS), apia).astimezone(apia).date() == date(2011, 12, 31)


def test_a_million_members_at_nine_do_not_arrive_as_one_spike() -> None:
    span = timedelta(minutes=20)
    places = [int(place_in(span, member_id, "welcome") / MINUTE) for member_id in range(1, 20_001)]
    each = [places.count(minute) for minute in range(20)]
    assert sum(each) == 20_000 and min(each) > 850 and max(each) < 1150
    # The same member has the same place again, and another one on another journey.
    assert place_in(span, 5, "welcome") == place_in(span, 5, "welcome") != place_in(span, 5, "school")
    assert place_in(timedelta(0), 5, "welcome") == timedelta(0)
