"""Place: what a postal code tells about where somebody lives. Offline, for the United States."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A town, its state, and the time zone people there live in."""

    locality: str
    region: str
    zone: str | None


def place_of(postal_code: str) -> Place | None:
    """The place of a five-digit code; None when the code is not known (then the zone is not known either)."""
    import zipcodes  # 1.4 MB of data: loaded when first needed

    digits = postal_code.strip()[:5]
    if not (len(digits) == 5 and digits.isdigit()):
        return None
    found = zipcodes.matching(digits)  # type: ignore[no-untyped-call]
    if not found:
        return None
    row = found[0]
    return Place(row["city"], row["state"], row.get("timezone") or None)
