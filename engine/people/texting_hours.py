"""Texting hours: when a text may arrive at somebody's (law 10).

Whoever's zone is known has the hours of their own clock. Of anybody else we know only where they could be: at their
postal code, else anywhere in their phone's country, and then it must be a decent hour everywhere at once. An area code
is a hint that adds a zone and never takes one away, for people move and keep their number.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol

from engine.base.local_time import instant, zone_named
from engine.people.member import Member
from engine.people.place import place_of
from journeys.quiet import QuietHours

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


class Lives(Protocol):
    """What tells where somebody lives: of a member's row, or of what was read of it."""

    @property
    def zone(self) -> str | None:
        """An IANA name; None: not known."""

    @property
    def postal_code(self) -> str:
        """Empty where it is not known."""

    @property
    def country(self) -> str:
        """Two letters (ISO 3166)."""


def zones_of(member: Member | Lives | None, phone: str) -> tuple[str, ...]:
    """Every time zone this person could live in; none where nothing at all can be told."""
    if member is not None and is_known(member.zone):
        return (str(member.zone),)
    place = place_of(member.postal_code) if member is not None and member.country in ("", "US") else None
    if place is not None and is_known(place.zone):
        return (str(place.zone),)
    return _zones_of_phone(phone)


def opens_at(
    zones: Sequence[str], opens: time, closes: time | None, now: datetime, quiet: QuietHours | None = None
) -> datetime | None:
    """The first moment from `now` on at which it is between these hours in every zone; `now` itself if it is so now.

    `closes` None is midnight; in `quiet` hours it is never so. None: there is no such moment, or no zone is known.
    """
    return _opens_at(tuple(zones), opens, closes, now, quiet)


def is_known(zone: str | None) -> bool:
    """Whether this names a zone."""
    return zone_named(zone) is not None


@lru_cache(maxsize=2048)
def _opens_at(
    zones: tuple[str, ...], opens: time, closes: time | None, now: datetime, quiet: QuietHours | None
) -> datetime | None:
    # A zone that does not exist tells nothing of where somebody is.
    clocks = [clock for zone in zones if (clock := zone_named(zone)) is not None]
    if not clocks:
        return None

    def decent(moment: datetime) -> bool:
        hours = [moment.astimezone(clock).time() for clock in clocks]
        return all(
            opens <= hour and (closes is None or hour < closes) and not (quiet is not None and quiet.hold(hour))
            for hour in hours
        )

    if decent(now):
        return now
    # It becomes decent everywhere at the moment at which the last clock of them opens.
    openings = set()
    for clock in clocks:
        today = now.astimezone(clock).date()
        for ahead in range(_DAYS):
            day = today + timedelta(days=ahead)
            for hour in (opens, *((quiet.ends,) if quiet is not None else ())):
                local = datetime.combine(day, hour)
                # An hour that a clock skips is decent as soon as it goes on; one that comes twice may be so at either.
                openings.add(instant(local, clock))
                openings.add(local.replace(tzinfo=clock, fold=1).astimezone(UTC))
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
