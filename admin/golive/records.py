"""Records: which ones our domain needs, and whether they stand in the DNS. One row of `LOOKS` a purpose, in this order.

All are asked of the usual name server at once; what is not right there is asked of the domain's own ones, and held
against the slips that are known. Of the organization's own domain nothing is asked for, and only what its people use
is read.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_address
from itertools import chain
from typing import Final, Literal
from urllib.parse import urlsplit

from admin.golive.authority import AT_HOME, AtHome, authorities
from admin.golive.dmarc import dmarc
from admin.golive.finding import ANOTHER_RESOLVER, Finding, State, judged
from admin.golive.home import home
from admin.golive.misplaced import misplaced
from admin.golive.sender_policy import sender_policy
from admin.golive.side_by_side import side_by_side
from admin.golive.spf import texts_of
from admin.golive.waiting import settled
from admin.golive.ways_out import BY_NAME, filled, region_of
from engine.base.settings import Settings
from engine.channels.dkim_record import misfit
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Cache, Names, NamesAway
from reply_router.proof.signatures import tags_of

#: Seconds that all questions may take together, and those that are asked then of what is not right.
SECONDS: Final = 5.0
AFTERWARDS: Final = 3.0
#: A name that cannot exist (RFC 6761 section 6.4): whoever answers it makes answers up.
NOWHERE: Final = "hearthline-asks.invalid"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at: whose records, and by whom they are asked for."""

    settings: Settings
    #: What DKIM needs, as the keys' own room says.
    keys: Sequence[DnsRecord]
    names: Names

    @property
    def domain(self) -> str:
        """The domain that replies come to."""
        return self.settings.mail.domain


def look(
    settings: Settings, keys: Sequence[DnsRecord], seconds: float = SECONDS, *, port: int = 53
) -> tuple[Finding, ...]:
    """What every record is that our domain needs, and whether it is there. Never raises for the DNS's trouble.

    Ends within `seconds`, and AFTERWARDS more where something is not right, however slow the name servers are.
    `port`: where the domain's own name servers answer.
    """

    ends = time.monotonic() + seconds + AFTERWARDS

    def left(most: float = seconds) -> float:
        return max(0.0, min(most, ends - time.monotonic()))

    def names() -> Names:
        # A cache of its own: whoever has just entered a record waits for it, and not for what was known of before.
        return Names(settings.mail.resolver_address, left(), Cache())

    def all_of(by: Callable[[], Names]) -> list[Finding]:
        asked = [partial(_all, each, settings, keys, by) for each in LOOKS]
        return list(chain.from_iterable(side_by_side(asked)))

    first, found, at_home = side_by_side([
        lambda: [_resolver(names())], lambda: all_of(names), lambda: list(home(names(), settings)),
    ])  # fmt: skip
    if first[0].state != "right":
        return (*first, *needed(settings, keys))
    if any(each.state in ("missing", "wrong") for each in found):
        servers = authorities(names(), settings.mail.domain, port)
        found = settled(found, servers, names, lambda server: all_of(lambda: AtHome(server, names(), left(AT_HOME))))

        def explained(finding: Finding) -> Finding:
            by = AtHome(servers[0], names(), left()) if servers else names()
            return misplaced(finding, by, settings.mail.domain, settings.dns.organization)

        found = side_by_side([partial(explained, each) for each in found])
    return (*first, *found, *at_home)


def _all(
    looks: Callable[["Asked"], Iterator[Finding]],
    settings: Settings,
    keys: Sequence[DnsRecord],
    names: Callable[[], Names],
) -> list[Finding]:
    return list(looks(Asked(settings, keys, names())))


def needed(settings: Settings, keys: Sequence[DnsRecord]) -> tuple[Finding, ...]:
    """The records as they are needed where nothing stands yet, without a look."""
    silent = Asked(settings, keys, Names(("192.0.2.1", 53), 0.0, Cache()))
    return tuple(
        replace(finding, state="unknown", says="See the first line.", fix="")
        for each in LOOKS
        for finding in each(silent)
    )


def _resolver(names: Names) -> Finding:
    """Whether whoever is asked tells the truth at all."""
    record = DnsRecord(NOWHERE, "A", "", "A name that cannot exist: whoever answers it makes answers up.")
    try:
        made_up = names.ask(NOWHERE, "A")
    except NamesAway as away:
        says = f"No name server answers here ({away}), so nothing can be looked at."
        fix = f"Open port 53 in the firewall, or {ANOTHER_RESOLVER}; then run this again."
        return Finding("resolver", record, "unknown", says, fix)
    if made_up:
        says = f"The name server asked from here makes answers up: it says {made_up[0]} for a name that cannot exist."
        fix = f"What it says of ours proves nothing: {ANOTHER_RESOLVER}; then run this again."
        return Finding("resolver", record, "wrong", says, fix)
    return Finding("resolver", record, "right", "The name server asked from here says no where no is true.")


def _addresses(asked: Asked) -> Iterator[Finding]:
    """The machine's names lead to it: those of the pages, and of a door for mail that is ours."""
    settings = asked.settings
    urls = (settings.doors.public_url, settings.doors.admin_url)
    hosts = [urlsplit(each).hostname or "" for each in urls]
    pages = set(hosts)
    hosts += [each for each in settings.dns.mx if each.endswith("." + (settings.dns.organization or "?"))]
    for host in dict.fromkeys(each for each in hosts if "." in each and not _is_address(each)):
        # Of several servers that take mail in, others may be on other machines.
        is_here = host in pages or len(settings.dns.mx) == 1
        address = settings.dns.address if is_here else ""
        kind: Literal["A", "AAAA"] = "AAAA" if ":" in address else "A"
        this = "this" if is_here else "that"
        record = DnsRecord(host, kind, address or f"({this} machine's address)", f"Where {this} machine is found.")
        yield judged("address", record, partial(_address, asked, host, kind, address))


def _address(asked: Asked, host: str, kind: Literal["A", "AAAA"], address: str) -> tuple[State, str, str]:
    there = asked.names.ask(host, kind) or (asked.names.ask(host, "AAAA") if kind == "A" else [])
    if not there:
        return "missing", f"{host} has no address yet.", ""
    if address and all(ip_address(each) != ip_address(address) for each in there):
        return (
            "wrong",
            f"{host} leads to {', '.join(map(str, there))}, and this machine is {address}.",
            "Mend the record, or say which address is right: hearthline golive --address.",
        )
    return "right", f"{host} leads to {there[0]}.", ""


def _mx(asked: Asked) -> Iterator[Finding]:
    """Mail for our domain comes to our servers, and to no others."""
    for rank, host in enumerate(asked.settings.dns.mx, start=1):
        record = DnsRecord(asked.domain, "MX", f"{rank * 10} {host}", "Replies come in here. Only this name's mail.")
        yield judged("mx", record, partial(_mail_exchanger, asked, host))


def _mail_exchanger(asked: Asked, host: str) -> tuple[State, str, str]:
    there = {name.lower().strip(".") for _, name in asked.names.ask(asked.domain, "MX")}
    ours = {each.lower() for each in asked.settings.dns.mx}
    others = sorted(each or "nobody at all (a null MX)" for each in there - ours)
    if not there:
        return "missing", f"{asked.domain} has no MX record yet, so replies come back to whoever wrote them.", ""
    if others:
        return (
            "wrong",
            f"Mail for {asked.domain} also goes to {', '.join(others)}, where nobody answers it.",
            f"Take those MX records of {asked.domain} away. If people read mail there, replies need another name.",
        )
    if host.lower() not in there:
        return "missing", f"{host} is not among the MX records of {asked.domain} yet.", ""
    if asked.names.ask(host, "CNAME"):
        says = f"{host} is only another name (CNAME); mail servers may refuse that (RFC 2181 section 10.3)."
        return "wrong", says, f"Give {host} an A record of its own."
    return "right", f"Mail for {asked.domain} comes to {host}.", ""


def _spf(asked: Asked) -> Iterator[Finding]:
    yield from sender_policy(asked.names, asked.settings)


def _dkim(asked: Asked) -> Iterator[Finding]:
    """Every key that we sign with can be read by those who check."""
    for record in asked.keys:
        yield judged("dkim", record, partial(_key, asked, record))


def _key(asked: Asked, record: DnsRecord) -> tuple[State, str, str]:
    there = asked.names.texts(record.name)
    if not there:
        return "missing", f"{record.name} has no key yet; letters are not signed with it until then.", ""
    tags = tags_of(record.value.encode()) or {}
    algorithm = "ed25519-sha256" if tags.get("k") == "ed25519" else "rsa-sha256"
    trouble = misfit(there, record.name, algorithm, tags.get("p", ""))
    if trouble:
        return "wrong", trouble, "`hearthline dkim show` prints it as DNS pages take it."
    return "right", f"{record.name} has our key.", ""


def _return_path(asked: Asked) -> Iterator[Finding]:
    """Where the way out puts a return path of its own in the place of ours, that one is in our name too."""
    way = BY_NAME.get(asked.settings.dns.way_out)
    region = region_of(asked.settings.mail.host)
    for label, kind, value in way.return_path if way else ():
        text = filled(value, domain=asked.domain, organization=asked.settings.dns.organization, region=region)
        why = (
            f"Bounces come back to {way.says if way else ''} in your name, and SPF speaks for you too. Without it they "
            "come back in its own name, and your keys (DKIM) alone prove who you are, which is enough."
        )
        record = DnsRecord(f"{label}.{asked.domain}", kind, text, why)
        yield judged("return path", record, partial(_same, asked, record), required=False)


def _same(asked: Asked, record: DnsRecord) -> tuple[State, str, str]:
    if record.type == "MX":
        there = [f"{rank} {name}".lower() for rank, name in asked.names.ask(record.name, "MX")]
        is_there = record.value.split()[-1].lower() in {each.split()[-1] for each in there}
    else:
        there = (
            texts_of(asked.names, record.name)
            if record.type == "TXT"
            else [str(each) for each in asked.names.ask(record.name, record.type)]
        )
        is_there = record.value.lower() in {each.lower() for each in there}
    if is_there:
        return "right", f"{record.name} has it.", ""
    if there:
        return "wrong", f"{record.name} says {there[0]}.", "Put ours in its place."
    return "missing", f"{record.name} has no {record.type} record yet.", ""


def _dmarc(asked: Asked) -> Iterator[Finding]:
    yield dmarc(asked.names, asked.settings)


def _pointer(asked: Asked) -> Iterator[Finding]:
    """The machine's address has a name, which only whoever sends by himself is asked for."""
    dns = asked.settings.dns
    if dns.way_out != "own" or not dns.address or not dns.mx:
        return
    name = ip_address(dns.address).reverse_pointer
    record = DnsRecord(
        name, "PTR", dns.mx[0], "Set where the machine is rented: servers refuse mail from a nameless one."
    )
    yield judged("pointer", record, lambda: _same(asked, record))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


LOOKS: Final[tuple[Callable[[Asked], Iterator[Finding]], ...]] = (
    _addresses,
    _mx,
    _spf,
    _dkim,
    _dmarc,
    _return_path,
    _pointer,
)
