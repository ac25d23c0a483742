"""Lengths of time as journeys write them: a subset of ISO 8601 (`P2D`, `PT15M`, `P1DT12H`, `P2W`).

Months and years are left out on purpose: their length depends on the date, and a wait must be the same for
everyone.
"""

from __future__ import annotations

import re
from datetime import timedelta

#: The published schema uses the same pattern. Weeks stand alone, as in ISO 8601; nothing is as long as zero.
PATTERN = r"^P(?=.*[1-9])([0-9]{1,3}W|(?=[0-9T])([0-9]{1,4}D)?(T(?=[0-9])([0-9]{1,2}H)?([0-9]{1,3}M)?)?)$"
PART = re.compile(r"([0-9]+)([WDHM])")
LONGEST = timedelta(days=9999)
SIZES = {"W": timedelta(weeks=1), "D": timedelta(days=1), "H": timedelta(hours=1), "M": timedelta(minutes=1)}
UNITS = (("week", 7 * 24 * 60), ("day", 24 * 60), ("hour", 60), ("minute", 1))


def read_duration(text: str) -> timedelta | None:
    """The length, or None when the text is not one (or is longer than 9999 days)."""
    if len(text) > 20 or re.fullmatch(PATTERN, text) is None or text.endswith("\n"):
        return None
    length = sum((int(count) * SIZES[unit] for count, unit in PART.findall(text)), timedelta())
    return length if length <= LONGEST else None


def write_duration(length: timedelta) -> str:
    """The length as `P2D` or `P1DT12H`. It is in whole minutes."""
    days, minutes = divmod(int(length.total_seconds()) // 60, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")


def say_duration(length: timedelta) -> str:
    """The length in words: "2 days", "1 day and 12 hours"."""
    left = int(length.total_seconds()) // 60
    said: list[str] = []
    for unit, size in UNITS:
        count, rest = divmod(left, size)
        # "10 days" reads better than "1 week and 3 days".
        if count and not (unit == "week" and rest):
            said.append(f"{count} {unit}" + ("s" if count > 1 else ""))
            left = rest
    return " and ".join(said) or "no time"
