"""Outside: what the doctor asks the world: the records, the door for mail, the certificates, the provider of texts.

Each with a short time limit, and none inside a transaction.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from admin.check import Check
from admin.golive.finding import ANOTHER_RESOLVER, Finding
from admin.golive.records import look
from admin.registering.pages import pages
from admin.registering.wiring import wiring
from engine.base.settings import Settings
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Cache, Names, NamesAway
from engine.channels.smtp_look import Seen, door_look

#: Seconds for each question.
PATIENCE: Final = 3.0
#: A certificate with less left than this should have been renewed: certbot and Caddy do so at 30 days of 90.
ENOUGH: Final = timedelta(days=14)


def outside(settings: Settings, keys: Sequence[DnsRecord]) -> Iterator[Check]:
    """Everything that the world says of us; nothing for a sandbox."""
    if settings.sandbox.enabled:
        return
    if settings.dns.mx:
        yield _records(look(settings, keys, PATIENCE))
        if settings.dns.receives != "relay":
            yield door(settings)
    yield from certificates(settings)
    if settings.sms.enabled:
        yield from wiring(settings)
        yield from pages(settings)


def _records(found: tuple[Finding, ...]) -> Check:
    """All records in one line, the worst first: that the organization's own mail is taken away, then what is wrong."""
    open_ = [each for each in found if not each.is_well]
    if not open_:
        needed = sum(each.required and bool(each.record.value) for each in found)
        return Check("dns records", True, f"All {needed} that are needed are there and right.")
    worst = min(open_, key=lambda each: (each.purpose != "home", each.state != "wrong"))
    more = f" And {len(open_) - 1} more." if len(open_) > 1 and worst.purpose != "resolver" else ""
    if worst.state == "unknown" or worst.purpose == "resolver":
        return Check("dns records", False, f"{worst.says}{more}", worst.fix)
    fix = f"{worst.fix or 'Enter it.'} `hearthline golive` prints every record as it must be."
    return Check("dns records", False, f"{worst.says}{more}", fix)


def door(settings: Settings, *, port: int = 25) -> Check:
    """Whether the server that the MX record names takes mail for our domain, as far as can be tried from here."""
    name, domain = "door for mail", settings.mail.domain
    names = Names(settings.mail.resolver_address, PATIENCE, Cache())
    try:
        there = [(host, address) for host in settings.dns.mx for address in names.ask(host, "A")[:1]]
    except NamesAway as away:
        fix = f"Run this again in some minutes. If it stays so, {ANOTHER_RESOLVER}."
        return Check(name, False, f"Where it is could not be looked up ({away}).", fix)
    if not there:
        fix = "Enter its record: `hearthline golive` prints it."
        return Check(name, False, f"{settings.dns.mx[0]} has no address.", fix)
    seen = [door_look(host, str(address), f"postmaster@{domain}", PATIENCE, port=port) for host, address in there]
    bad = next((each for each in seen if not each.ok), None)
    if bad is not None:
        return Check(name, False, bad.says if bad.says.endswith(".") else f"{bad.says}.", door_fix(settings, bad))
    return Check(name, True, seen[0].says)


def door_fix(settings: Settings, seen: Seen) -> str:
    """What to do where the server that takes mail in does not answer, or takes none for us."""
    if seen.stage != "connect":
        return f"That server must take mail for {settings.mail.domain} and hand it to us (docs/running.md says how)."
    postfix = settings.dns.receives == "postfix"
    listens = "Postfix runs (`hearthline golive --print postfix`)" if postfix else "`hearthline run` is up and has it"
    return f"Open port 25 in the firewall, and look whether {listens}."


def certificates(settings: Settings, now: datetime | None = None) -> Iterator[Check]:
    """How long the certificates of the pages, and of the door for mail, are still good."""
    now = now or datetime.now(UTC)
    urls = (settings.doors.public_url, settings.doors.admin_url)
    hosts = dict.fromkeys(
        (urlsplit(each).hostname or "", urlsplit(each).port or 443) for each in urls if each.startswith("https:")
    )
    for host, port in hosts:
        yield _page(host, port, now)
    if settings.doors.tls_certificate is not None:
        yield _file(settings.doors.tls_certificate, now)


def _page(host: str, port: int, now: datetime, context: ssl.SSLContext | None = None) -> Check:
    name = f"certificate of {host}"
    fix = "Look at the web server in front: `hearthline golive --print caddy` (or nginx) says what it must have."
    try:
        with (
            socket.create_connection((host, port), timeout=PATIENCE) as line,
            (context or ssl.create_default_context()).wrap_socket(line, server_hostname=host) as spoken,
        ):
            raw = spoken.getpeercert(binary_form=True) or b""
    except ssl.SSLCertVerificationError as trouble:
        return Check(name, False, f"It is not good: {trouble.verify_message}.", fix)
    except socket.gaierror:
        fix = "Enter its record first (`hearthline golive` prints it); then the web server in front gets a certificate."
        return Check(name, False, f"No machine of the name {host} is known here.", fix)
    except OSError as trouble:
        return Check(name, False, f"{host}:{port} does not answer ({trouble}).", fix)
    return _judged(name, x509.load_der_x509_certificate(raw).not_valid_after_utc, now, fix)


def _file(path: Path, now: datetime) -> Check:
    name = "certificate of the door for mail"
    fix = "Renew it, or name another as tls_certificate under [doors]; then restart."
    try:
        until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as trouble:
        return Check(name, False, f"{path} cannot be read ({type(trouble).__name__}).", fix)
    return _judged(name, until, now, fix)


def _judged(name: str, until: datetime, now: datetime, fix: str) -> Check:
    left = until - now
    says = f"It is good until {until:%Y-%m-%d}, {max(0, left.days)} days." if left > timedelta() else "It has run out."
    return Check(name, left > ENOUGH, says, fix)
