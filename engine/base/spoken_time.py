"""Spoken time: "2d", "until monday", "until 2 June", "hasta el 2 de junio", as somebody types it behind a command."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.base.local_time import instant

_UNITS = {"h": "hours", "d": "days", "w": "weeks", "s": "weeks"}
_LONG = {
    "hour": "h", "hours": "h", "hora": "h", "horas": "h", "day": "d", "days": "d", "dia": "d", "dias": "d",
    "week": "w", "weeks": "w", "semana": "w", "semanas": "w",
}  # fmt: skip
_WEEKDAYS = (
    ("monday", "mon", "lunes"), ("tuesday", "tue", "martes"), ("wednesday", "wed", "miercoles"),
    ("thursday", "thu", "jueves"), ("friday", "fri", "viernes"), ("saturday", "sat", "sabado"),
    ("sunday", "sun", "domingo"),
)  # fmt: skip
_MONTHS = (
    ("january", "jan", "enero"), ("february", "feb", "febrero"), ("march", "mar", "marzo"), ("april", "apr", "abril"),
    ("may", "mayo"), ("june", "jun", "junio"), ("july", "jul", "julio"), ("august", "aug", "agosto"),
    ("september", "sep", "sept", "septiembre"), ("october", "oct", "octubre"), ("november", "nov", "noviembre"),
    ("december", "dec", "diciembre"),
)  # fmt: skip
_TOMORROW = ("tomorrow", "manana")
_SMALL = frozenset({"until", "till", "for", "hasta", "el", "la", "por", "de", "of", "the", "on", "next", "proximo"})
_LENGTH = re.compile(r"(\d{1,3})([a-z]+)")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
#: Nobody means longer than this.
_LONGEST = timedelta(days=366)


def moment_said(words: str, now: datetime, zone: ZoneInfo, at: time = time()) -> datetime | None:
    """The moment that these words name, after `now`; a day is that day at `at` on the zone's clock. None: no moment."""
    said = [each for each in _plain(words).split() if each not in _SMALL]
    if len(said) == 2 and said[0].isdecimal() and said[1] in _LONG:
        said = [f"{said[0]}{_LONG[said[1]]}"]
    length = _LENGTH.fullmatch(said[0]) if len(said) == 1 else None
    if length is not None:
        unit = _LONG.get(length[2], length[2])
        if unit not in _UNITS or not int(length[1]):
            return None
        ahead = timedelta(**{_UNITS[unit]: int(length[1])})
        return now + ahead if ahead <= _LONGEST else None
    day = _day(said, now.astimezone(zone).date())
    moment = instant(datetime.combine(day, at), zone) if day is not None else None
    return moment if moment is not None and now < moment <= now + _LONGEST else None


def _day(said: list[str], today: date) -> date | None:
    if len(said) == 1:
        iso = _ISO.fullmatch(said[0])
        if iso is not None:
            return _date(int(iso[1]), int(iso[2]), int(iso[3]))
        if said[0] in _TOMORROW:
            return today + timedelta(days=1)
        number = next((number for number, names in enumerate(_WEEKDAYS) if said[0] in names), None)
        return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1) if number is not None else None
    year = None
    if len(said) == 3 and said[2].isdecimal() and len(said[2]) == 4:
        year, said = int(said[2]), said[:2]
    if len(said) != 2:
        return None
    for day, month in (said, said[::-1]):
        digits = re.sub(r"(st|nd|rd|th)$", "", day)
        number = next((number for number, names in enumerate(_MONTHS, start=1) if month in names), None)
        if not digits.isdecimal() or len(digits) > 2 or number is None:
            continue
        found = _date(year or today.year, number, int(digits))
        return _date(today.year + 1, number, int(digits)) if found and not year and found <= today else found
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _plain(words: str) -> str:
    plain = words.casefold().translate(str.maketrans("áéíóúñ", "aeioun"))
    return re.sub(r"(?<![.,!])[.,!]++(?:\s|$)|,", " ", plain)
