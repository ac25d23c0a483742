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
from admin.golive.finding import Finding
from admin.golive.records import look
from admin.registering.wiring import wiring
from engine.base.settings import Settings
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Cache, Names, NamesAway
from engine.channels.smtp_look import door_look

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


def _records(found: tuple[Finding, ...]) -> Check:
    """All records in one line, the worst first."""
    open_ = [each for each in found if not each.is_well]
    if not open_:
        return Check("dns records", True, f"All {len(found) - 1} that are needed are there and right.")
    worst = next((each for each in open_ if each.state == "wrong"), open_[0])
    more = f" And {len(open_) - 1} more." if len(open_) > 1 else ""
    fix = f"{worst.fix} `hearthline golive` prints every record as it must be.".strip()
    return Check("dns records", False, f"{worst.says}{more}", fix)


def door(settings: Settings, *, port: int = 25) -> Check:
    """Whether the server that the MX record names takes mail for our domain, as far as can be tried from here."""
    name, domain = "door for mail", settings.mail.domain
    fix = "Open port 25 in the firewall, and let what listens there take mail for the domain and hand it to us."
    names = Names(settings.mail.resolver_address, PATIENCE, Cache())
    try:
        there = [(host, address) for host in settings.dns.mx for address in names.ask(host, "A")[:1]]
    except NamesAway as away:
        return Check(name, False, f"Where it is could not be looked up ({away}).", "Look at the name server.")
    if not there:
        return Check(name, False, f"{settings.dns.mx[0]} has no address.", "`hearthline golive` prints the record.")
    seen = [door_look(host, str(address), f"postmaster@{domain}", PATIENCE, port=port) for host, address in there]
    bad = next((each for each in seen if not each.ok), None)
    if bad is not None:
        return Check(name, False, bad.says if bad.says.endswith(".") else f"{bad.says}.", fix)
    return Check(name, True, seen[0].says)


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
