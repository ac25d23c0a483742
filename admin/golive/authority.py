"""Authority: the domain's own name servers, which know a record before everybody else does (RFC 1034 section 4.3)."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from admin.golive.side_by_side import side_by_side
from engine.channels.names import Cache, Kind, Names, NamesAway
from reply_router.proof.domains import organization_of

#: Seconds for all questions of one purpose to one of them; so many of them are asked, as they stand in the zone.
AT_HOME: Final = 2.0
MOST_SERVERS: Final = 2
#: How far a name that is only another one's is followed.
_FURTHEST: Final = 8


@dataclass(frozen=True, slots=True)
class Authority:
    """One of the servers that have the zone itself."""

    zone: str
    host: str
    server: tuple[str, int]


class AtHome(Names):
    """Asks an authority for what lies in its zone, and the usual name server for all else."""

    def __init__(self, authority: Authority, elsewhere: Names, seconds: float = AT_HOME) -> None:
        super().__init__(authority.server, seconds, Cache())
        self._zone = authority.zone
        self._elsewhere = elsewhere

    def ask(self, name: str, kind: Kind, _followed: int = 0) -> list[Any]:
        """The records of this name and kind, as `Names.ask`. Raises NamesAway."""
        name = name.rstrip(".").lower()
        if name != self._zone and not name.endswith("." + self._zone):
            return self._elsewhere.ask(name, kind)
        found = super().ask(name, kind)
        if found or kind == "CNAME" or _followed == _FURTHEST:
            return found
        # Whoever has one zone does not follow a name into another.
        other = super().ask(name, "CNAME")
        return self.ask(str(other[0]), kind, _followed + 1) if other else []


def authorities(names: Names, domain: str, port: int = 53) -> tuple[Authority, ...]:
    """The servers that have the zone in which `domain` lies, and that answer here; none where nobody can be asked."""
    above = organization_of(domain)
    zone = domain
    try:
        while True:
            hosts = names.ask(zone, "NS")
            if hosts or zone == above or "." not in zone:
                break
            zone = zone.partition(".")[2]
        found = [
            Authority(zone, str(host), (str(address), port))
            for host in sorted(map(str, hosts))
            for address in names.ask(host, "A")[:1]
        ]
    except NamesAway:
        return ()
    asked = found[:MOST_SERVERS]
    answer = side_by_side([partial(_answers, each) for each in asked])
    return tuple(each for each, does in zip(asked, answer, strict=True) if does)


def _answers(authority: Authority) -> bool:
    """Whether it can be asked from here: many networks let nobody ask but their own name server."""
    try:
        return bool(Names(authority.server, AT_HOME, Cache()).ask(authority.zone, "NS"))
    except NamesAway:
        return False
