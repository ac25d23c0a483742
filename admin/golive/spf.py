"""SPF: one record for a domain, whatever stood there before, and how many look-ups it costs (RFC 7208)."""

import re
from typing import Final

from engine.channels.names import Names

#: Look-ups that a receiver makes for one mail (4.6.4); with more, the record counts as broken and proves nothing.
MOST_LOOKUPS: Final = 10
_VERSION: Final = re.compile(r"v=spf1(?:\s|$)", re.IGNORECASE)
_ALL: Final = re.compile(r"[+?~-]?all", re.IGNORECASE)
_ASKS: Final = re.compile(r"[+?~-]?(include|a|mx|ptr|exists)(?:[:/](.*))?|(redirect)=(.*)", re.IGNORECASE)
#: How deep includes may lie in one another.
_DEEPEST: Final = 12


def is_spf(text: str) -> bool:
    """Whether a TXT record is one of SPF (4.5)."""
    return _VERSION.match(text) is not None


def merged(there: str, needed: tuple[str, ...]) -> str:
    """The record that allows what the one `there` allows ("" for none) and what is `needed`, which comes before `all`.

    Nothing that counted there is lost, and nothing is named twice. A new one ends in ~all: DMARC, not SPF, says no.
    """
    terms = there.split()[1:] if is_spf(there) else []
    # What stands behind `all` is never looked at (5.1); a modifier may stand anywhere.
    last = next((at for at, each in enumerate(terms) if _ALL.fullmatch(each)), len(terms))
    terms = [each for at, each in enumerate(terms) if at <= last or "=" in each]
    known = {each.lower().removeprefix("+") for each in terms}
    new = [each for each in needed if each.lower().removeprefix("+") not in known]
    ends = [at for at, each in enumerate(terms) if _ALL.fullmatch(each) or each.lower().startswith("redirect=")]
    if not ends:
        return " ".join(("v=spf1", *terms, *new, "~all"))
    return " ".join(("v=spf1", *terms[: ends[0]], *new, *terms[ends[0] :]))


def allows_everybody(record: str) -> bool:
    """Whether the record lets any machine at all send (+all)."""
    return any(_ALL.fullmatch(each) and each[0] not in "~-?" for each in record.split()[1:])


def closed(record: str) -> str:
    """The record, without a word that lets every machine send: its `all` says "probably not"."""
    return " ".join("~all" if _ALL.fullmatch(each) and each[0] not in "~-?" else each for each in record.split())


def lookups(names: Names, record: str, *, depth: int = 0) -> int:
    """How many look-ups the record costs, with all that it includes (4.6.4); past the limit by a little at most.

    Raises NamesAway.
    """
    count = 0
    for term in record.split()[1:]:
        match = _ASKS.fullmatch(term)
        if match is None:
            continue
        count += 1
        inner = match[2] if (match[1] or "").lower() == "include" else match[4]
        if inner and "%" not in inner and depth < _DEEPEST and count <= MOST_LOOKUPS:
            for each in texts_of(names, inner):
                if is_spf(each):
                    count += lookups(names, each, depth=depth + 1)
        if count > MOST_LOOKUPS:
            break
    return count


def texts_of(names: Names, name: str) -> list[str]:
    """Every TXT record of a name, as text. Raises NamesAway."""
    return [each.decode("utf-8", "replace") for each in names.texts(name)]
