"""Misplaced: a record that was entered, but stands where it does not count, and how that came about."""

from dataclasses import replace
from typing import Final

from admin.golive.finding import Finding
from admin.golive.spf import is_spf, texts_of
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Names, NamesAway
from reply_router.proof.signatures import tags_of

#: A name that nobody gives: what is said of it is said of all names there, by a wildcard (RFC 4592).
NOBODY: Final = "hearthline-asks"


def misplaced(finding: Finding, names: Names, domain: str, organization: str) -> Finding:
    """The finding, with what went wrong where a known slip explains it. Never raises for the DNS's trouble."""
    if finding.state not in ("missing", "wrong") or not finding.record.value:
        return finding
    zones = tuple(dict.fromkeys(each for each in (organization, domain) if each))
    try:
        return (
            (finding.state == "missing" and _elsewhere(finding, names, domain, zones))
            or _leads_too_far(finding, names, zones)
            or _another_name(finding, names)
            or finding
        )
    except NamesAway:
        return finding


def _elsewhere(finding: Finding, names: Names, domain: str, zones: tuple[str, ...]) -> Finding | None:
    """It stands under the domain twice, or without the part of the name that is below the organization's."""
    record = finding.record
    for zone in zones:
        twice = f"{record.name}.{zone}"
        if _stands(names, twice, record) and not _stands(names, f"{NOBODY}.{zone}", record):
            short = record.name.removesuffix(f".{zone}") if record.name != zone else "@"
            return replace(
                finding, state="wrong", says=f"It stands at {twice}, where the domain is twice.",
                fix=f"Your DNS pages add {zone} themselves: enter the name as {short} alone.",
            )  # fmt: skip
    above = f"{record.name.removesuffix(domain)}{zones[0]}"
    if finding.purpose == "dkim" and above != record.name and _stands(names, above, record):
        return replace(
            finding, state="wrong", says=f"It stands at {above}, a part of the name too high.",
            fix=f"Enter the name as {record.name.removesuffix(f'.{zones[0]}')}.",
        )  # fmt: skip
    return None


def _leads_too_far(finding: Finding, names: Names, zones: tuple[str, ...]) -> Finding | None:
    """What it leads to has the domain behind it once more."""
    record = finding.record
    if record.type not in ("MX", "CNAME"):
        return None
    wanted = record.value.split()[-1].lower()
    for zone in zones:
        if f"{wanted}.{zone}" in _targets(names, record.name, record):
            return replace(
                finding, state="wrong", says=f"The {record.type} record of {record.name} leads to {wanted}.{zone}.",
                fix=f"Your DNS pages add {zone} to it: enter {wanted}. with a dot at its end.",
            )  # fmt: skip
    return None


def _another_name(finding: Finding, names: Names) -> Finding | None:
    """The name has a CNAME, beside which nothing else counts."""
    record = finding.record
    if record.type not in ("MX", "TXT"):
        return None
    target = names.ask(record.name, "CNAME")
    if not target:
        return None
    beside = f"{record.name} is only another name for {target[0]} (CNAME)"
    if names.ask(f"{NOBODY}.{record.name.partition('.')[2]}", "CNAME") == target:
        return replace(finding, says=f"{beside}, by a wildcard (*). What you enter here goes before it.")
    return replace(
        finding, state="wrong", says=f"{beside}, and no other record counts beside that (RFC 1034 section 3.6.2).",
        fix=f"Take the CNAME of {record.name} away, then enter ours. If a page is found by it, it needs another name.",
    )  # fmt: skip


def _targets(names: Names, name: str, record: DnsRecord) -> set[str]:
    if record.type == "MX":
        return {host.lower() for _, host in names.ask(name, "MX")}
    return {str(each).lower() for each in names.ask(name, record.type)}


def _stands(names: Names, name: str, record: DnsRecord) -> bool:
    """Whether this record, or one that was made of it, is at that name."""
    if record.type == "TXT":
        return any(_alike(each, record.value) for each in texts_of(names, name))
    there = _targets(names, name, record)
    wanted = record.value.split()[-1].lower()
    return wanted in there or (record.type in ("A", "AAAA") and record.value.startswith("(") and bool(there))


def _alike(one: str, other: str) -> bool:
    if is_spf(other):
        return is_spf(one)
    first, second = tags_of(one.encode()) or {}, tags_of(other.encode()) or {}
    same = {"DMARC1": "v", "DKIM1": "p"}.get(second.get("v", ""), "")
    return first.get(same) == second.get(same) if same else one == other
