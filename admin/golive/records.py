"""Records: which ones our domain needs, and whether they stand in the DNS. One row of `LOOKS` a purpose, in this order.

Nothing here is ever asked of the organization's own domain but to read what its people use: no record of it is ours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

from admin.golive import spf
from admin.golive.dmarc import dmarc
from admin.golive.finding import Finding, State
from admin.golive.ways_out import BY_NAME, filled
from engine.base.settings import Settings
from engine.channels.dkim_record import misfit
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Cache, Names, NamesAway
from reply_router.proof.signatures import tags_of

#: Seconds that all questions of one purpose may take.
SECONDS: Final = 5.0
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


def look(settings: Settings, keys: Sequence[DnsRecord], seconds: float = SECONDS) -> tuple[Finding, ...]:
    """What every record is that our domain needs, and whether it is there. Never raises for the DNS's trouble."""
    found: list[Finding] = []
    server = settings.mail.resolver_address
    for each in LOOKS:
        # A cache of its own: whoever has just entered a record waits for it, and not for what was known of before.
        asked = Asked(settings, keys, Names(server, seconds, Cache()))
        found += each(asked)
        if found and found[0].purpose == "resolver" and found[0].state != "right":
            found += [
                Finding(
                    each.purpose, each.record, "unknown", "Not looked at: see the first line.", required=each.required
                )
                for each in needed(settings, keys)
            ]
            break
    return tuple(found)


def needed(settings: Settings, keys: Sequence[DnsRecord]) -> tuple[Finding, ...]:
    """The records as they are needed where nothing stands yet, without a look."""
    silent = Asked(settings, keys, Names(("192.0.2.1", 53), 0.0, Cache()))
    return tuple(finding for each in LOOKS[1:] for finding in each(silent))


def _resolver(asked: Asked) -> Iterator[Finding]:
    """Whether whoever is asked tells the truth at all."""
    record = DnsRecord(NOWHERE, "A", "", "A name that cannot exist: whoever answers it makes answers up.")
    try:
        made_up = asked.names.ask(NOWHERE, "A")
    except NamesAway as away:
        says = f"No name server answers here ({away}), so nothing can be looked at."
        fix = "Name one that does as resolver under [mail], such as 9.9.9.9, or look at the firewall (port 53)."
        yield Finding("resolver", record, "unknown", says, fix)
        return
    if made_up:
        says = f"The name server asked from here makes answers up: it says {made_up[0]} for a name that cannot exist."
        fix = "Name an honest one as resolver under [mail], such as 9.9.9.9. What it says of ours proves nothing."
        yield Finding("resolver", record, "wrong", says, fix)
        return
    yield Finding("resolver", record, "right", "The name server asked from here says no where no is true.")


def _addresses(asked: Asked) -> Iterator[Finding]:
    """The machine's names lead to it: those of the pages, and of a door for mail that is ours."""
    settings = asked.settings
    urls = (settings.doors.public_url, settings.doors.admin_url)
    hosts = [urlsplit(each).hostname or "" for each in urls]
    hosts += [each for each in settings.dns.mx if each.endswith("." + (settings.dns.organization or "?"))]
    for host in dict.fromkeys(each for each in hosts if "." in each and not _is_address(each)):
        address = settings.dns.address
        kind: Literal["A", "AAAA"] = "AAAA" if ":" in address else "A"
        record = DnsRecord(host, kind, address or "(this machine's address)", "Where this machine is found.")
        yield _judged("address", record, partial(_address, asked, host, kind, address))


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
        yield _judged("mx", record, partial(_mail_exchanger, asked, host))


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
    """Our way out may send for the domain of our return path, in the one record of its kind."""
    dns = asked.settings.dns
    if not dns.spf:
        return
    there: list[str] = []
    away = ""
    try:
        there = [each for each in spf.texts_of(asked.names, asked.domain) if spf.is_spf(each)]
    except NamesAway as trouble:
        away = str(trouble)
    wanted = spf.merged(there[0] if there else "", tuple(dns.spf))
    for more in there[1:]:
        wanted = spf.merged(wanted, tuple(each for each in more.split()[1:] if not each.lower().endswith("all")))
    why = "Your way out may send for this domain (SPF). There must be one such record, never two."
    record = DnsRecord(asked.domain, "TXT", wanted, why)
    if away:
        yield Finding("spf", record, "unknown", f"Could not be looked up ({away}).")
        return
    yield _judged("spf", record, lambda: _sender_policy(asked, there, wanted))


def _sender_policy(asked: Asked, there: list[str], wanted: str) -> tuple[State, str, str]:
    domain = asked.domain
    if len(there) > 1:
        says = f"{domain} has {len(there)} SPF records, which count as none (RFC 7208 section 4.5)."
        return "wrong", says, "Put this one in the place of all of them; it allows what each of them did."
    count = spf.lookups(asked.names, wanted)
    if count > spf.MOST_LOOKUPS:
        says = f"This record costs more than {spf.MOST_LOOKUPS} look-ups, and receivers stop there."
        return "wrong", says, "Take away the include of a service that no longer sends for you."
    if not there:
        return "missing", f"{domain} has no SPF record yet.", ""
    if spf.allows_everybody(there[0]):
        return "wrong", f"The SPF record of {domain} lets everybody send (+all).", "Let it end in ~all."
    if wanted != " ".join(there[0].split()):
        says = f"The SPF record of {domain} does not name your way out."
        return "wrong", says, "Put this one in its place; what it allowed before stays allowed."
    return "right", f"{domain} lets your way out send ({count} of {spf.MOST_LOOKUPS} look-ups).", ""


def _dkim(asked: Asked) -> Iterator[Finding]:
    """Every key that we sign with can be read by those who check."""
    for record in asked.keys:
        yield _judged("dkim", record, partial(_key, asked, record))


def _key(asked: Asked, record: DnsRecord) -> tuple[State, str, str]:
    there = asked.names.texts(record.name)
    if not there:
        twice = f"{record.name}.{asked.domain}"
        if asked.names.texts(twice):
            fix = "Your DNS pages add the domain themselves: enter the name without it."
            return "wrong", f"The key stands at {twice}.", fix
        return "missing", f"{record.name} has no key yet; letters are not signed with it until then.", ""
    tags = tags_of(record.value.encode()) or {}
    algorithm = "ed25519-sha256" if tags.get("k") == "ed25519" else "rsa-sha256"
    trouble = misfit(there, record.name, algorithm, tags.get("p", ""))
    return ("wrong", trouble, "Put this one in its place.") if trouble else ("right", f"{record.name} has our key.", "")


def _return_path(asked: Asked) -> Iterator[Finding]:
    """Where the way out puts a return path of its own in the place of ours, that one is in our name too."""
    way = BY_NAME.get(asked.settings.dns.way_out)
    parts = asked.settings.mail.host.split(".")
    region = parts[1] if len(parts) > 2 else ""
    for label, kind, value in way.return_path if way else ():
        text = filled(value, domain=asked.domain, organization=asked.settings.dns.organization, region=region)
        why = f"Bounces come back to {way.says if way else ''} in your name, which tells us of them."
        record = DnsRecord(f"{label}.{asked.domain}", kind, text, why)
        yield _judged("return path", record, partial(_same, asked, record), required=False)


def _same(asked: Asked, record: DnsRecord) -> tuple[State, str, str]:
    if record.type == "MX":
        there = [f"{rank} {name}".lower() for rank, name in asked.names.ask(record.name, "MX")]
        is_there = record.value.split()[-1].lower() in {each.split()[-1] for each in there}
    else:
        there = (
            spf.texts_of(asked.names, record.name)
            if record.type == "TXT"
            else [str(each) for each in asked.names.ask(record.name, record.type)]
        )
        is_there = record.value.lower() in {each.lower() for each in there}
    if is_there:
        return "right", f"{record.name} has it.", ""
    if there:
        return "wrong", f"{record.name} says {there[0]}.", "Put this in its place."
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
    yield _judged("pointer", record, lambda: _same(asked, record))


def _judged(
    purpose: str, record: DnsRecord, judge: Callable[[], tuple[State, str, str]], *, required: bool = True
) -> Finding:
    try:
        state, says, fix = judge()
    except NamesAway as away:
        return Finding(purpose, record, "unknown", f"Could not be looked up ({away}).", required=required)
    return Finding(purpose, record, state, says, fix, required=required)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


LOOKS: Final[tuple[Callable[[Asked], Iterator[Finding]], ...]] = (
    _resolver,
    _addresses,
    _mx,
    _spf,
    _dkim,
    _dmarc,
    _return_path,
    _pointer,
)
