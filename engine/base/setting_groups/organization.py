"""Organization: who the members hear from, and in which language and time zone it is at home."""

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from engine.base.setting_groups.group import Group


def is_zone(name: str) -> bool:
    """Whether this is a time zone's name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name, say America, is an OSError
        return False
    return True


def known_zone(value: str) -> str:
    """The name, which is a time zone's. Raises ValueError for any other."""
    if not is_zone(value):
        raise ValueError(f"{value!r} is not a time zone name such as America/New_York")
    return value


class Organization(Group):
    """Who the members hear from."""

    name: str = "Our organization"
    postal_address: str = ""
    language: Literal["en", "es"] = "en"
    zone: str = "America/New_York"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)
