"""Place: what a postal code tells about where somebody lives. Offline, for the United States."""

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Place:
    """A town, its state, and the time zone people there live in."""

    locality: str
    region: str
    zone: str | None


def place_of(postal_code: str) -> Place | None:
    """The place of a five-digit code; None when the code is not known (then the zone is not known either)."""
    digits = postal_code.strip()[:5]
    if not (len(digits) == 5 and digits.isdigit()):
        return None
    with _lock:  # two threads that both are first must not both empty the library
        return _places().get(digits)


@cache
def _places() -> Mapping[str, Place]:
    """Every code's place: looked through once, for the library's own way walks through all of them each time."""
    import zipcodes  # loaded when first needed

    rows = zipcodes.list_all()  # type: ignore[no-untyped-call]
    packed = "\n".join(
        "\t".join((row["zip_code"], row["city"], row["state"], row.get("timezone") or "")) for row in rows
    )
    # The library would keep 120 MB for good, and so would the interpreter if anything small of it were still in use.
    rows.clear()
    found: dict[str, Place] = {}
    for line in packed.split("\n"):
        code, locality, region, zone = line.split("\t")
        found.setdefault(code, Place(sys.intern(locality), sys.intern(region), sys.intern(zone) or None))
    return found
