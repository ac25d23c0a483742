"""Home: where the organization's own mail is, which stays there. Of its domain we read two records and ask for none."""

from collections.abc import Iterator
from typing import Final

from admin.golive import spf
from admin.golive.finding import Finding
from engine.base.settings import Settings
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Names, NamesAway

#: Whose servers an MX record's host belongs to, by its end; and what its senders are called in SPF.
HOSTS: Final = (
    (("google.com", "googlemail.com"), "Google", "include:_spf.google.com"),
    (("mail.protection.outlook.com", "mx.microsoft"), "Microsoft", "include:spf.protection.outlook.com"),
)


def whose(hosts: list[str]) -> tuple[str, str]:
    """Whose servers these are, and their senders' name in SPF; the first host itself, and "", where nobody knows."""
    for ends, says, senders in HOSTS:
        if any(each == end or each.endswith("." + end) for each in hosts for end in ends):
            return says, senders
    return (hosts[0] if hosts else ""), ""


def home(names: Names, settings: Settings) -> Iterator[Finding]:
    """What becomes of the organization's own mail; nothing where replies come to that very domain, or none is known."""
    organization = settings.dns.organization
    if not organization or organization == settings.mail.domain or not settings.dns.mx:
        return
    ours = {each.lower() for each in settings.dns.mx}
    try:
        hosts = [host.lower() for _, host in sorted(names.ask(organization, "MX")) if host]
        policies = sorted(each for each in spf.texts_of(names, organization) if spf.is_spf(each))
    except NamesAway:
        return
    # Nothing to enter: what its people use is known to them alone.
    nothing = DnsRecord(organization, "MX", "")
    taken = [each for each in hosts if each in ours]
    if taken:
        yield Finding(
            "home", nothing, "wrong",
            f"DANGER: all mail of {organization} comes to {taken[0]}, that of your people's own mailboxes with it, and "
            "they get none of it.",
            f"Put the MX records of {organization} back as they were. Only {settings.mail.domain} leads to us.",
        )  # fmt: skip
        return
    if hosts:
        yield _at_home(organization, settings, whose(hosts), policies)


def _at_home(organization: str, settings: Settings, by: tuple[str, str], policies: list[str]) -> Finding:
    at, senders = by
    says = f"The mail of {organization} itself is at {at} and stays there: none of these records touches it."
    record = DnsRecord(organization, "MX", "")
    if len(policies) > 1:
        one = policies[0]
        for more in policies[1:]:
            one = spf.merged(one, tuple(each for each in more.split()[1:] if not each.lower().endswith("all")))
        says += f" But it has {len(policies)} SPF records, which count as none (RFC 7208 section 4.5)."
        fix = f'Make one of them at {organization}: "{spf.closed(one)}"'
        return Finding("home", record, "wrong", says, fix, required=False)
    if policies:
        says += f' Its SPF record stays as it is too: "{policies[0]}".'
        together = spf.closed(spf.merged(policies[0], tuple(each for each in (senders, *settings.dns.spf) if each)))
        if together != policies[0]:
            says += (
                f' Should your relay ever send in that name, put it into that one, and never a second: "{together}".'
            )
    elif senders:
        says += f' It has no SPF record; the one for {at} is "v=spf1 {senders} ~all".'
    return Finding("home", record, "right", says, required=False)
