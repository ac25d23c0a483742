"""Organization: who the members hear from, and in which language and time zone it is at home."""

from typing import Literal
from urllib.parse import urlsplit
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
    #: Pages of yours that the registry of texts asks for, and that our sign-up page links to.
    privacy_policy_url: str = ""
    terms_url: str = ""

    @field_validator("privacy_policy_url", "terms_url")
    @classmethod
    def _a_page(cls, value: str) -> str:
        url = urlsplit(value)
        if value and (url.scheme not in ("https", "http") or not url.hostname or any(each.isspace() for each in value)):
            raise ValueError(f"{value!r} is not a page's address such as https://nfp.example/privacy")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)
