"""Sender policy: whether a domain lets this server send in its name (SPF, RFC 7208), by pyspf asking through us."""

from ipaddress import ip_address, ip_network
from typing import Any, Final

import spf

from engine.channels.names import LONGEST_TEXT, Names, NamesAway

#: Where machines of the operator's own are: mail from there was sent to one of them, and from where, nobody told us.
_OWN: Final = tuple(
    ip_network(each)
    for each in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
_KINDS: Final = frozenset({"TXT", "A", "AAAA", "MX", "PTR"})


class _Query(spf.query):  # type: ignore[misc]
    """A check whose questions are ours to count and to end."""

    def __init__(self, names: Names, peer: str, mail_from: str, helo: str) -> None:
        super().__init__(i=peer, s=mail_from, h=helo, querytime=0)
        self._names = names

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:
        """The records, in the library's shapes."""
        if qtype not in _KINDS:
            return []
        try:
            answer = self._names.ask(str(name), qtype)  # type: ignore[arg-type]
        except NamesAway as away:
            raise spf.TempError(f"DNS {away}") from away
        if not answer and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("Too many questions without an answer")
        return [(each,) for each in answer if len(each) <= LONGEST_TEXT] if qtype == "TXT" else answer


def sender_policy(names: Names, peer: str, helo: str, mail_from: str) -> tuple[str, str]:
    """The result, and the domain it speaks of: that of MAIL FROM, else of HELO (2.4). `temperror`: nobody answered."""
    domain = (mail_from.rpartition("@")[2] or helo).strip().lower()
    try:
        address = ip_address(peer)
    except ValueError:
        return "none", domain
    if not domain:
        return "none", domain
    is_own = any(address in each for each in _OWN if each.version == address.version)
    try:
        result, _code, _says = _Query(names, peer, mail_from, helo).check()
    except NamesAway:
        return "temperror", domain
    except Exception:
        # A record that the library breaks at proves nothing, as one that is broken (2.6.7).
        return "permerror", domain
    # A domain that names such a machine as its own means it; one that does not says nothing of who stood before it.
    return "none" if is_own and result in ("fail", "softfail") else str(result), domain
