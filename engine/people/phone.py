"""Phone: a number in the one form we store, E.164."""

import re
from collections.abc import Sequence
from functools import lru_cache

from engine.base.errors import Invalid

#: Ten digits as North America writes them. What it lets pass, phonenumbers would too, at fifteen times the time.
_NORTH_AMERICAN = re.compile(r"(?:\+?1[-. ]?)?\(?([2-9]\d\d)\)?[-. ]?([2-9]\d\d)[-. ]?(\d{4})", re.ASCII)
_PLUS_ONE = frozenset({"US", "CA", "PR"})


def normal_phone(text: str, country: str = "US") -> str:
    """The number in E.164; one written without a country is of `country`. Raises Invalid with a sentence.

    Numbers of fiction (555-01xx) count as possible, which is all that is asked here: the provider knows which exist.
    """
    plain = _NORTH_AMERICAN.fullmatch(text) if country in _PLUS_ONE else None
    if plain is not None:
        return f"+1{plain[1]}{plain[2]}{plain[3]}"
    found = _normal(text.strip(), country)
    if found is None:
        raise Invalid(f"{text.strip()!r} is not a phone number. Write it as +1 404 555 0142, or 404 555 0142.")
    return found


@lru_cache(maxsize=4096)
def _normal(text: str, country: str) -> str | None:
    import phonenumbers  # a third of a second to import: when first needed

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spoken_phone(phone: str) -> str:
    """The number as people write it where it is from: (404) 555-0142, +44 20 7946 0018."""
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, style.NATIONAL if number.country_code == 1 else style.INTERNATIONAL)


#: What is dialed as the United States is, and belongs to them, under names of its own (ISO 3166).
_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})


def may_sign_up(phone: str, country: str, countries: Sequence[str] = ()) -> bool:
    """Whether a phone (E.164) is one of a person in these countries (ISO 3166); where none is named, in `country`.

    The territories count as the United States. What costs its callers, or nobody, is no person's.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return False
    kinds = phonenumbers.PhoneNumberType
    if phonenumbers.number_type(number) in (kinds.PREMIUM_RATE, kinds.TOLL_FREE, kinds.SHARED_COST, kinds.UAN):
        return False
    region = phonenumbers.region_code_for_number(number)
    allowed = set(countries or (country,))
    return region in allowed or ("US" in allowed and region in _TERRITORIES)
