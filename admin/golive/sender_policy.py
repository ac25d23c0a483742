"""Sender policy: the SPF record of our domain (RFC 7208), needed where the way out leaves our return path as it is.

SPF is looked up at the return path's domain, not at the sender's. Most relays write a return path of their own, so the
record of our domain is then asked by nobody, and DMARC is met by DKIM (RFC 7489 section 3.1 asks for one of the two).
"""

from collections.abc import Iterator
from dataclasses import replace

from admin.golive import spf
from admin.golive.finding import Finding, State, judged, not_looked_up
from admin.golive.ways_out import BY_NAME, WayOut
from engine.base.settings import Settings
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Names, NamesAway

_NEEDED = "Your way out may send for this domain (SPF). There must be one such record, never two."


def sender_policy(names: Names, settings: Settings) -> Iterator[Finding]:
    """Our domain's SPF record: what it must say, or that it need not say anything."""
    domain, mechanisms = settings.mail.domain, tuple(settings.dns.spf)
    if not mechanisms:
        return
    there: list[str] = []
    away = ""
    try:
        # Servers turn the order of records about; what is printed is the same each time.
        there = sorted(each for each in spf.texts_of(names, domain) if spf.is_spf(each))
    except NamesAway as trouble:
        away = str(trouble)
    way = _by_its_own(settings)
    wanted = there[0] if way and there else spf.merged(there[0] if there else "", mechanisms)
    for more in there[1:]:
        wanted = spf.merged(wanted, tuple(each for each in more.split()[1:] if not each.lower().endswith("all")))
    wanted = spf.closed(wanted)
    record = DnsRecord(domain, "TXT", wanted, _needless(way) if way else _NEEDED)
    if away:
        yield not_looked_up("spf", record, away, required=way is None)
        return
    finding = judged("spf", record, lambda: _judge(names, domain, there, wanted, way))
    # What is broken is to be mended, whether it is needed or not: anybody may read it.
    yield finding if way is None or finding.state == "wrong" else replace(finding, required=False)


def _by_its_own(settings: Settings) -> WayOut | None:
    """The way out, where it writes a return path of its own and the operator named no other in SPF."""
    way = BY_NAME.get(settings.dns.way_out)
    return way if way is not None and way.return_path_at and tuple(settings.dns.spf) == way.spf else None


def _needless(way: WayOut) -> str:
    return (
        f"{way.says} needs no SPF record of yours: bounces come back to its own name ({way.return_path_at}), or to the "
        f"name that you set up for it there, and SPF is looked up at that name. {way.spf_there}".rstrip()
    )


def _judge(names: Names, domain: str, there: list[str], wanted: str, way: WayOut | None) -> tuple[State, str, str]:
    if len(there) > 1:
        says = f"{domain} has {len(there)} SPF records, which count as none (RFC 7208 section 4.5)."
        return "wrong", says, "Put ours in the place of all of them; it allows what each of them did."
    count = spf.lookups(names, wanted)
    if count > spf.MOST_LOOKUPS:
        says = f"This record costs more than {spf.MOST_LOOKUPS} look-ups, and receivers stop there."
        return "wrong", says, "Take away the include of a service that no longer sends for you."
    if not there:
        return "missing", f"{domain} has no SPF record{', and needs none' if way else ' yet'}.", ""
    if spf.allows_everybody(there[0]):
        return "wrong", f"The SPF record of {domain} lets everybody send (+all).", "Let it end in ~all."
    if way:
        return "right", f"The SPF record of {domain} is well, and need not name {way.says}.", ""
    if wanted != " ".join(there[0].split()):
        says = f"The SPF record of {domain} does not name your way out."
        return "wrong", says, "Put ours in its place; what it allowed before stays allowed."
    return "right", f"{domain} lets your way out send ({count} of {spf.MOST_LOOKUPS} look-ups).", ""
