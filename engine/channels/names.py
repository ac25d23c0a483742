"""Names: what the domain name system says, asked little and shortly (RFC 1035). The only part that asks the network.

One mail may ask so many questions within so many seconds, all together; what was answered is kept for a while.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Literal

import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR", "CNAME", "NS"]
#: Text of one record that is looked at: a key of 4096 bits has 750 letters; what is longer is nothing we ask for.
LONGEST_TEXT: Final = 4_096
#: Questions that one mail may bring about: RFC 7208 4.6.4 allows ten for SPF, and each of its MX ten more.
MOST_QUESTIONS: Final = 40
#: Records of one answer that are looked at.
MOST_RECORDS: Final = 50
#: Seconds that an answer is kept: no longer than its own time, and no shorter than a storm of one mail takes; and that
#: a name whose servers did not answer is left alone, so that a slow one holds up the mail of its own domain once.
SHORTEST_KEPT, LONGEST_KEPT, LEFT_ALONE = 5.0, 600.0, 30.0
MOST_KEPT: Final = 2_000
#: So many names in a row that nobody answered for, with no answer in between, and the name server itself is away.
MOST_SILENT: Final = 3


#: What is said of an answer that did not come, or was none.
_WHY: Final[dict[type[Exception], str]] = {
    dns.resolver.LifetimeTimeout: "no answer in time",
    dns.resolver.NoNameservers: "the name server gave up (SERVFAIL)",
}


class NamesAway(Exception):
    """Nobody answered, or not in time: that says nothing about anybody."""


class Cache:
    """What was answered a while ago, by question; the oldest goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: By name server: how many names in a row it did not answer for, and until when it is taken to be away.
        self._silent: dict[str, int] = {}
        self._away: dict[str, float] = {}
        self._answers: OrderedDict[tuple[str, str, str], tuple[float, list[Any] | None]] = OrderedDict()

    def must_be_there(self, server: str) -> None:
        """Raises NamesAway while the name server itself is taken to be away: nobody waits for it mail by mail."""
        if self._away.get(server, 0.0) > time.monotonic():
            raise NamesAway("the name server does not answer")

    def heard(self, server: str, answered: bool) -> None:
        """The name server answered, whatever it said, or did not."""
        with self._lock:
            self._silent[server] = silent = 0 if answered else self._silent.get(server, 0) + 1
            if silent >= MOST_SILENT:
                self._silent[server], self._away[server] = 0, time.monotonic() + LEFT_ALONE

    def get(self, key: tuple[str, str, str]) -> list[Any] | None:
        """The answer, if it is still good. Raises NamesAway where nobody answered a moment ago."""
        with self._lock:
            until, answer = self._answers.get(key, (0.0, []))
        if until <= time.monotonic():
            return None
        if answer is None:
            raise NamesAway("nobody answered a moment ago")
        return answer

    def put(self, key: tuple[str, str, str], answer: list[Any] | None, seconds: float) -> None:
        """The answer (None: nobody answered) is kept for so long."""
        with self._lock:
            self._answers[key] = (time.monotonic() + min(max(seconds, SHORTEST_KEPT), LONGEST_KEPT), answer)
            self._answers.move_to_end(key)
            while len(self._answers) > MOST_KEPT:
                self._answers.popitem(last=False)


_CACHE = Cache()


class Names:
    """The questions of one mail. `server`: the resolver's address and port; None: the one this machine names."""

    def __init__(self, server: tuple[str, int] | None, seconds: float, cache: Cache = _CACHE) -> None:
        self._server = server
        self._until = time.monotonic() + seconds
        self._cache = cache
        self._asked = 0

    def texts(self, name: str) -> list[bytes]:
        """Every TXT record of this name, each as one string. Raises NamesAway."""
        return [each for each in self.ask(name, "TXT") if len(each) <= LONGEST_TEXT]

    def ask(self, name: str, kind: Kind) -> list[Any]:
        """The records of this name and kind; none when it has none or is none. Raises NamesAway.

        TXT as bytes, A, AAAA, PTR, CNAME and NS as text, MX as (preference, name).
        """
        name = name.rstrip(".").lower()
        key = (str(self._server), name, kind)
        known = self._cache.get(key)
        if known is not None:
            return known
        left = self._until - time.monotonic()
        if left <= 0 or self._asked >= MOST_QUESTIONS:
            raise NamesAway("no time was left to ask")
        self._cache.must_be_there(key[0])
        self._asked += 1
        try:
            found = _resolver(self._server).resolve(name, kind, lifetime=left, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            self._cache.heard(key[0], True)
            self._cache.put(key, [], SHORTEST_KEPT)
            return []
        except (dns.exception.DNSException, OSError, ValueError, UnicodeError) as error:
            if isinstance(error, (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel)):
                return []  # no such name can be
            self._cache.heard(key[0], not isinstance(error, (dns.exception.Timeout, OSError)))
            self._cache.put(key, None, LEFT_ALONE)
            raise NamesAway(_WHY.get(type(error), type(error).__name__)) from error
        self._cache.heard(key[0], True)
        read = _READ[kind]
        answer = [read(each) for each in list(found)[:MOST_RECORDS]]
        self._cache.put(key, answer, found.rrset.ttl if found.rrset is not None else 0)
        return answer

    def kept(self, name: str, kind: Kind) -> float | None:
        """Seconds for which the name server still says what it says now, be it that there is nothing (RFC 2308
        section 5); None where it does not tell. Asked anew each time."""
        left = max(0.1, self._until - time.monotonic())
        try:
            answer = _resolver(self._server).resolve(name, kind, lifetime=left, search=False)
        except dns.resolver.NXDOMAIN as error:
            return _nothing_for(list(error.kwargs["responses"].values())[-1])
        except dns.resolver.NoAnswer as error:
            return _nothing_for(error.kwargs["response"])
        except (dns.exception.DNSException, OSError, ValueError, NamesAway):
            return None
        return float(answer.rrset.ttl) if answer.rrset is not None else None


def _nothing_for(response: dns.message.Message) -> float | None:
    """How long it stays known that there is nothing: as long as the zone's own record (SOA) says."""
    for each in response.authority:
        if each.rdtype == dns.rdatatype.SOA:
            return float(min(each.ttl, each[0].minimum))
    return None


_READ: dict[str, Callable[[Any], Any]] = {
    "TXT": lambda record: b"".join(record.strings),
    "A": lambda record: record.address,
    "AAAA": lambda record: record.address,
    "PTR": lambda record: record.target.to_text(omit_final_dot=True),
    "CNAME": lambda record: record.target.to_text(omit_final_dot=True),
    "NS": lambda record: record.target.to_text(omit_final_dot=True),
    "MX": lambda record: (record.preference, record.exchange.to_text(omit_final_dot=True)),
}


def _resolver(server: tuple[str, int] | None) -> dns.resolver.Resolver:
    """Asks that server. Raises NamesAway where the system names none."""
    try:
        resolver = dns.resolver.Resolver(configure=server is None)
    except dns.resolver.NoResolverConfiguration as error:
        raise NamesAway("this machine names no resolver") from error
    if server is not None:
        resolver.nameservers, resolver.port = [server[0]], server[1]
    resolver.timeout = 2.0
    return resolver
