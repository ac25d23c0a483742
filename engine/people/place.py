"""Place: what a postal code tells about where somebody lives. Offline, for the United States."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Place:
    """A town, its state, and the time zone people there live in."""

    locality: str
    region: str
    zone: str | None


def place_of(postal_code: str) -> Place | None:
    """The place of a five-digit code; None when the code is not known (then the zone is not known either)."""
    digits = postal_code.strip()[:5]
    return _places().get(digits) if len(digits) == 5 and digits.isdigit() else None


@cache
def _places() -> Mapping[str, Place]:
    """Every code's place: looked through once, for the library's own way walks through all of them each time."""
    import zipcodes  # 1.4 MB of data: loaded when first needed

    found: dict[str, Place] = {}
    for row in zipcodes.list_all():  # type: ignore[no-untyped-call]
        found.setdefault(row["zip_code"], Place(row["city"], row["state"], row.get("timezone") or None))
    return found
