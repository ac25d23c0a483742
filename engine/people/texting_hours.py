"""Texting hours: when a text may arrive at somebody's (law 10, FEATURES D5).

Whoever's zone is known has the hours of their own clock. Of anybody else we know only where they could be: at their
postal code, else anywhere in their phone's country, and then it must be a decent hour everywhere at once. An area code
is a hint that adds a zone and never takes one away, for people move and keep their number.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.people.member import Member
from engine.people.place import place_of

#: The zones of the fifty states: no clock of theirs shows anything else.
UNITED_STATES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Adak", "Pacific/Honolulu",
)  # fmt: skip
CANADA = (
    "America/St_Johns", "America/Halifax", "America/Toronto", "America/Winnipeg", "America/Regina", "America/Edmonton",
    "America/Vancouver", "America/Whitehorse",
)  # fmt: skip
#: People of the territories live in the states too, and keep their numbers.
_COUNTRIES = {"CA": CANADA} | dict.fromkeys(("US", "PR", "GU", "VI", "AS", "MP"), UNITED_STATES)
#: Days looked ahead for an hour that is decent everywhere.
_DAYS = 3


def zones_of(member: Member | None, phone: str) -> tuple[str, ...]:
    """Every time zone this person could live in; none where nothing at all can be told."""
    if member is not None and is_known(member.zone):
        return (str(member.zone),)
    place = place_of(member.postal_code) if member is not None and member.country in ("", "US") else None
    if place is not None and is_known(place.zone):
        return (str(place.zone),)
    return _zones_of_phone(phone)


def opens_at(zones: Sequence[str], opens: time, closes: time, now: datetime) -> datetime | None:
    """The first moment from `now` on at which it is between these hours in every zone; `now` itself if it is so now.

    None: there is no such moment, or no zone is known.
    """
    return _opens_at(tuple(zones), opens, closes, now)


def is_known(zone: str | None) -> bool:
    """Whether this names a zone."""
    if not zone:
        return False
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=2048)
def _opens_at(zones: tuple[str, ...], opens: time, closes: time, now: datetime) -> datetime | None:
    clocks = [ZoneInfo(zone) for zone in zones]
    if not clocks:
        return None

    def decent(moment: datetime) -> bool:
        return all(opens <= moment.astimezone(clock).time() < closes for clock in clocks)

    if decent(now):
        return now
    # It becomes decent everywhere at the moment at which the last clock of them opens.
    openings = set()
    for clock in clocks:
        today = now.astimezone(clock).date()
        for ahead in range(_DAYS):
            moment = datetime.combine(today + timedelta(days=ahead), opens, clock).astimezone(UTC)
            openings.add(moment)
            # An hour that a clock skips is decent as soon as it goes on.
            openings.add(moment + timedelta(hours=1))
    return next((moment for moment in sorted(openings) if moment > now and decent(moment)), None)


@lru_cache(maxsize=4096)
def _zones_of_phone(phone: str) -> tuple[str, ...]:
    import phonenumbers  # a third of a second to import: when first needed
    from phonenumbers import timezone

    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return ()
    hinted = [zone for zone in timezone.time_zones_for_number(number) if is_known(zone) and zone != "Etc/Unknown"]
    region = phonenumbers.region_code_for_number(number) or ("US" if number.country_code == 1 else "")
    return tuple(dict.fromkeys((*_COUNTRIES.get(region, ()), *hinted)))
