"""DMARC: the record that says what becomes of mail in our name that is not ours (RFC 7489), own or inherited."""

from typing import Final

from admin.golive.finding import Finding, not_looked_up
from admin.golive.spf import texts_of
from engine.base.settings import Settings
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Names, NamesAway
from reply_router.proof.domains import domain_of, organization_of
from reply_router.proof.signatures import tags_of

_WHY: Final = (
    "What becomes of mail in your name that is not yours (DMARC). It begins with watching (p=none); after two weeks "
    "of reports that name only senders of yours, write p=quarantine."
)


def dmarc(names: Names, settings: Settings) -> Finding:
    """Whether our domain has a policy, its own or its organization's, that our letters fit."""
    domain = settings.mail.domain
    reports = settings.dns.reports or f"dmarc@{domain}"
    record = DnsRecord(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:{reports}", _WHY)
    try:
        own = _policies(names, domain)
        above = organization_of(domain)
        inherited = _policies(names, above) if not own and above != domain else []
    except NamesAway as away:
        return not_looked_up("dmarc", record, away)
    if len(own) > 1:
        return Finding("dmarc", record, "wrong", f"{domain} has {len(own)} DMARC records.", "Leave only one.")
    if own:
        return _judged(record, settings, own[0], domain, is_own=True)
    if inherited:
        return _judged(record, settings, inherited[0], above, is_own=False)
    return Finding("dmarc", record, "missing", f"Neither {domain} nor {above} has a DMARC record yet.")


def _policies(names: Names, domain: str) -> list[str]:
    return [each for each in texts_of(names, f"_dmarc.{domain}") if each.replace(" ", "").startswith("v=DMARC1")]


def _judged(record: DnsRecord, settings: Settings, text: str, owner: str, *, is_own: bool) -> Finding:
    tags = {name.lower(): value for name, value in (tags_of(text.encode()) or {}).items()}
    policy = (tags.get("p") if is_own else tags.get("sp", tags.get("p"))) or ""
    if policy.lower() not in ("none", "quarantine", "reject"):
        says = f"The DMARC record of {owner} has no policy that counts (p={policy})."
        return Finding("dmarc", record, "wrong", says, "Write p=none, quarantine or reject.")
    there = DnsRecord(f"_dmarc.{owner}", "TXT", text, record.why)
    strict = [name for name in ("adkim", "aspf") if tags.get(name, "r").lower() == "s"]
    desk = domain_of(settings.mail.desk_address)
    if "adkim" in strict and desk != settings.mail.domain:
        says = (
            f"{owner} asks for signatures of the very same domain (adkim=s), and letters from {desk} are signed by "
            f"{settings.mail.domain}."
        )
        fix = f"Let the desk be an address at {settings.mail.domain}, or change adkim to r."
        return Finding("dmarc", there, "wrong", says, fix)
    how = f"{owner} asks for p={policy}" if is_own else f"It inherits p={policy} from {owner}"
    later = "" if policy.lower() != "none" else "; after two quiet weeks of reports, write p=quarantine"
    nobody = "" if "rua" in tags else ", and asks for no reports (rua)"
    return Finding("dmarc", there, "right", f"{how}{nobody}{later}.")
