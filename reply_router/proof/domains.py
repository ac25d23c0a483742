"""Domains: which belong to one organization, by the public suffix list (RFC 7489 section 3.2)."""

from functools import cache

from publicsuffixlist import PublicSuffixList


def normal_domain(text: str) -> str:
    """A domain as it is compared: in lower case, in ASCII letters (RFC 5890), without a dot at its end; "": none."""
    name = text.strip().strip(".").lower()
    if not name or len(name) > 253 or any(each.isspace() for each in name):
        return ""
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def domain_of(address: str) -> str:
    """The domain of an address; "": it has none."""
    local, _, domain = address.rpartition("@")
    return normal_domain(domain) if local else ""


def organization_of(domain: str) -> str:
    """The organizational domain: one label more than the public suffix; the domain itself where it is a suffix."""
    name = normal_domain(domain)
    if not name:
        return ""
    return _list().privatesuffix(name) or name


def aligned(one: str, other: str, *, strict: bool = False) -> bool:
    """Whether two domains are the same, or (relaxed) of one organization (RFC 7489 section 3.1)."""
    first, second = normal_domain(one), normal_domain(other)
    if not first or not second:
        return False
    return first == second or (not strict and organization_of(first) == organization_of(second))


@cache
def _list() -> PublicSuffixList:
    """The list that came with its package. Private suffixes count: two tenants of one host are not one organization."""
    return PublicSuffixList()
