"""Plan: what the operator says of the domain and the way out, made into settings. Asks nobody outside but names."""

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Literal

from admin.golive.home import whose
from admin.golive.ways_out import BY_NAME, Security, WayOut, filled, region_of
from admin.golive.written import Value
from engine.base.errors import Invalid
from engine.base.settings import Settings
from engine.channels.names import Names, NamesAway
from reply_router.proof.domains import normal_domain, organization_of

Receives = Literal["direct", "postfix", "relay"]


@dataclass(frozen=True, slots=True)
class Said:
    """What was given, by flags or as answers; empty: nothing was said, so what stands in the settings stays."""

    domain: str = ""
    replies_at: str = ""
    way_out: str = ""
    host: str = ""
    port: int = 0
    security: Security | Literal[""] = ""
    user: str = ""
    password: str = ""
    region: str = ""
    address: str = ""
    receives: Receives | Literal[""] = ""
    reports: str = ""
    spf: tuple[str, ...] = ()


def known(settings: Settings) -> Said:
    """What was said before, as the settings keep it."""
    mail, dns = settings.mail, settings.dns
    is_set = mail.domain != "localhost"
    return Said(
        domain=dns.organization or (organization_of(mail.domain) if is_set else ""),
        replies_at=mail.domain if is_set else "",
        way_out=dns.way_out or ("other" if mail.host else ""),
        host=mail.host, port=mail.port if mail.host else 0, security=mail.security if mail.host else "",
        user=mail.user, password=mail.password, address=dns.address, receives=dns.receives, reports=dns.reports,
        spf=tuple(dns.spf),
    )  # fmt: skip


def together(said: Said, before: Said) -> Said:
    """What is said now goes before what was said once; another way out takes nothing over from the one of before."""
    if said.way_out and before.way_out and said.way_out != before.way_out:
        before = replace(before, host="", port=0, security="", user="", password="", spf=())
    way = BY_NAME.get(said.way_out or before.way_out)
    if said.region and way is not None and "{region" in way.host:
        before = replace(before, host="")  # it is another region's
    if said.domain and before.domain and normal_domain(said.domain) != before.domain:
        before = replace(before, replies_at="", reports="")
    return Said(*(getattr(said, name) or getattr(before, name) for name in Said.__slots__))


def values(said: Said, settings: Settings) -> dict[tuple[str, str], Value]:
    """The settings that make it so, by (heading, key). Raises Invalid with what would be accepted."""
    organization = normal_domain(said.domain)
    if not organization or "." not in organization or "@" in organization or "/" in organization:
        raise Invalid(f"{said.domain!r} is not a domain such as nfp.example.")
    replies = normal_domain(said.replies_at or f"reply.{organization}")
    if replies != organization and not replies.endswith("." + organization):
        raise Invalid(f"Replies come to a name below {organization}, such as reply.{organization}, not {replies!r}.")
    way = BY_NAME.get(said.way_out)
    if way is None:
        raise Invalid(f"{said.way_out!r} is no way out that is known. There are: {', '.join(BY_NAME)}.")

    def name(text: str) -> str:
        return filled(text, domain=replies, organization=organization, region=said.region)

    host = said.host or name(way.host)
    if "{" in way.host and "{region}" in way.host and not said.region and not said.host:
        raise Invalid(f"{way.says} has a host for each region: give it with --region, such as us-east-1.")
    if not host:
        raise Invalid("Which host does the relay have? Give it with --host, as the relay's own pages name it.")
    if not host.replace(".", "").replace("-", "").replace(":", "").isalnum():
        raise Invalid(f"{host!r} is not a relay's host name.")
    if said.address:
        try:
            ip_address(said.address)
        except ValueError as error:
            raise Invalid(f"{said.address!r} is not a machine's public address such as 192.0.2.7.") from error
    new: dict[tuple[str, str], Value] = {
        ("mail", "domain"): replies,
        ("mail", "host"): host,
        ("mail", "port"): said.port or way.port,
        ("mail", "security"): said.security or way.security,
        ("mail", "user"): said.user or way.user,
        ("mail", "password"): said.password,
        ("dns", "organization"): organization,
        ("dns", "way_out"): way.name,
        ("dns", "spf"): list(said.spf or tuple(map(name, way.spf)) or _own(way, said)),
        ("dns", "address"): said.address,
        ("dns", "reports"): said.reports or f"dmarc@{replies}",
    }
    return new | _doors(said, settings, way, organization, host)


def _own(way: WayOut, said: Said) -> tuple[str, ...]:
    """What this machine is called in SPF, where it sends by itself."""
    if way.name != "own" or not said.address:
        return ()
    return (f"ip{ip_address(said.address).version}:{said.address}",)


def _doors(said: Said, settings: Settings, way: WayOut, organization: str, host: str) -> dict[tuple[str, str], Value]:
    """Where mail comes in and pages are found; what the operator wrote himself stays."""
    new: dict[tuple[str, str], Value] = {}
    region = said.region or region_of(host)
    receives = said.receives or "direct"
    new["dns", "receives"] = receives
    if receives == "relay":
        if not way.takes_in:
            raise Invalid(f"{way.says} takes no mail in for us. Choose --receive direct or --receive postfix.")
        ours = [filled(each, domain="", organization="", region=region) for each in way.takes_in]
    else:
        ours = [f"people.{organization}"]
    new["dns", "mx"] = _servers(settings, ours, organization, receives)
    if receives == "direct":
        new |= {("doors", "mail_host"): "0.0.0.0", ("doors", "smtp_port"): 25}  # noqa: S104 (a door for the world)
    elif receives == "postfix":
        lmtp = settings.doors.lmtp_port
        new |= {("doors", "lmtp_port"): 2424 if lmtp is None else lmtp, ("doors", "mail_host"): ""}
        new["doors", "smtp_port"] = 2525 if settings.doors.smtp_port == 25 else settings.doors.smtp_port
    if settings.doors.public_url.startswith("http://127.0.0.1"):
        new["doors", "public_url"] = f"https://people.{organization}"
    if settings.doors.admin_url.startswith("http://127.0.0.1"):
        new["doors", "admin_url"] = f"https://desk.{organization}"
    if not settings.doors.proxies:
        new["doors", "proxies"] = 1
    return new


def _servers(settings: Settings, ours: list[str], organization: str, receives: Receives) -> list[str]:
    """The servers that take mail in: those that the operator wrote himself, while mail still comes in that way."""
    dns = settings.dns
    same = dns.organization in ("", organization) and (dns.receives == "relay") == (receives == "relay")
    # Whoever takes our mail in at a relay has names of its own, and others in each region.
    return dns.mx if dns.mx and same and (receives != "relay" or set(ours) <= set(dns.mx)) else ours


def somebody_elses(names: Names, domain: str, ours: list[str]) -> str:
    """Whose mail the domain's MX records lead to, where that is not us; "" where it is, or nobody can be asked."""
    try:
        hosts = [name.lower() for _, name in names.ask(domain, "MX") if name]
    except NamesAway:
        return ""
    return whose([each for each in hosts if each not in ours])[0]
