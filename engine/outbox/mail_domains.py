"""Mail domains: at which provider a domain of its own has its mailboxes, so that the provider's "slower" counts for it.

Its MX says so (RFC 5321 section 5.1). It is asked in the background and kept with its age; whoever sends reads one row
by its key and asks nobody. While nobody knows, or no name server answers, the domain is a host by itself, as ever.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Index, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import ManyAsked
from engine.base.bulk import insert_new
from engine.base.db import Base, table_of
from engine.base.log import logger
from engine.base.services import Services
from engine.base.setting_groups.mail import Mail
from engine.channels.jobs import may_ask
from engine.channels.names import Cache, Names, NamesAway
from engine.outbox.mail_hosts import HOSTS, domain_of, host_of

JOB = "outbox.mail_domains"
#: After so long an answer is asked for anew when the domain is written to; unanswered, it is believed for so long.
FRESH_FOR, BELIEVED_FOR = timedelta(days=7), timedelta(days=60)
#: After a time in which nobody answered: twice as long each time.
TRY_AGAIN, LONGEST = timedelta(minutes=10), timedelta(days=1)
#: Domains asked about in one job, and at the same time.
MOST, AT_ONCE = 64, 8
#: Whose servers are whose, by the end of their names; as the providers tell their customers to write them.
SERVERS: Mapping[str, str] = {
    # Google Workspace is behind the servers that gmail.com has.
    "google.com": "gmail.com",
    "googlemail.com": "gmail.com",
    # A domain's own mailboxes at Microsoft are behind other servers than outlook.com's (those are olc.).
    "olc.protection.outlook.com": "outlook.com",
    "mail.protection.outlook.com": "protection.outlook.com",
    "mx.microsoft": "protection.outlook.com",
    "yahoodns.net": "yahoo.com",
    "mail.icloud.com": "icloud.com",
    "messagingengine.com": "fastmail.com",
    "protonmail.ch": "proton.me",
    "zoho.com": "zoho.com",
    "zoho.eu": "zoho.eu",
    "secureserver.net": "secureserver.net",
    "emailsrvr.com": "emailsrvr.com",
}

log = logger(__name__)


class MailDomain(Base):
    """One domain that letters go to and that is no provider's own name."""

    __tablename__ = "mail_domain"
    __table_args__ = (Index(None, "ask_at"), {"sqlite_with_rowid": False})

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    created_at: Mapped[datetime]
    #: The provider, by the name that HOSTS gives it; empty: it is a host by itself, or nobody knows.
    host: Mapped[str] = mapped_column(String(253), default="")
    #: When somebody answered last.
    asked_at: Mapped[datetime | None]
    #: When it is to be asked; None: not before it is written to again.
    ask_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)


_DOMAIN = table_of(MailDomain)


def hosts_of(session: Session, addresses: Iterable[str], now: datetime) -> dict[str, str]:
    """Under whose roof each of these addresses' domains is, by domain. Asks nobody: what is unknown or old is noted.

    Providers' own names need no row, so letters to them cost nothing here.
    """
    found = {domain_of(address): host_of(address) for address in addresses}
    own = sorted(domain for domain in found if 0 < len(domain) <= 253 and domain not in HOSTS)
    if not own:
        return found
    known: set[str] = set()
    old: list[str] = []
    for domain, host, asked_at, ask_at in _KNOWN.read(session, own):
        known.add(domain)
        if host and asked_at is not None and asked_at > now - BELIEVED_FOR:
            found[domain] = host
        if ask_at is None and (asked_at or now) <= now - FRESH_FOR:
            old.append(domain)
    new = [{"domain": domain, "created_at": now, "ask_at": now} for domain in own if domain not in known]
    insert_new(session, _DOMAIN, [{**row, "host": "", "asked_at": None, "tries": 0} for row in new])
    if old:
        # Nobody waits here for whoever notes an answer just now, or marks the same.
        free = select(MailDomain.domain).where(MailDomain.domain.in_(old)).with_for_update(skip_locked=True)
        marked = list(session.scalars(free))
        session.execute(update(MailDomain).where(MailDomain.domain.in_(marked)).values(ask_at=now))
    return found


_KNOWN = ManyAsked(
    lambda one_of: select(MailDomain.domain, MailDomain.host, MailDomain.asked_at, MailDomain.ask_at).where(
        one_of(MailDomain.domain)
    )
)


def due(session: Session, now: datetime) -> list[int | None]:
    """Whether there is a domain to ask about."""
    return [None] if session.scalar(select(MailDomain.domain).where(MailDomain.ask_at <= now).limit(1)) else []


def ask_due(services: Services) -> int:
    """Domains that were to be asked about were; how many had an answer. No transaction is open meanwhile.

    What is so old that it is believed no more is forgotten: it is noted anew when somebody writes there.
    """
    settings, now = services.settings, services.clock.now()
    _forget(services, now)
    if not settings.mail.check_senders or not may_ask(settings):
        return 0
    with services.db.read() as session:
        query = select(MailDomain.domain).where(MailDomain.ask_at <= now).order_by(MailDomain.ask_at).limit(MOST)
        domains = sorted(session.scalars(query))
    if not domains:
        return 0
    # Kept for this once: a name server that is away is given up after a few, and asked anew at the next time.
    cache = Cache()
    with ThreadPoolExecutor(min(AT_ONCE, len(domains))) as pool:
        asked = pool.map(lambda each: provider_of(each, settings.mail, cache), domains)
        answers = dict(zip(domains, asked, strict=True))
    known = {domain: host for domain, host in answers.items() if host is not None}
    with services.db.write() as session:
        for row in session.scalars(
            select(MailDomain).where(MailDomain.domain.in_(domains)).order_by(MailDomain.domain).with_for_update()
        ):
            if row.domain in known:
                row.host, row.asked_at, row.ask_at, row.tries = known[row.domain], now, None, 0
            else:
                row.ask_at, row.tries = now + min(TRY_AGAIN * 2 ** min(row.tries, 10), LONGEST), row.tries + 1
    if len(known) < len(domains):
        log.info("nobody told where some domains have their mailboxes; each is a host by itself", count=len(domains))
    return len(known)


def _forget(services: Services, now: datetime) -> None:
    old = func.coalesce(MailDomain.asked_at, MailDomain.created_at) <= now - BELIEVED_FOR
    with services.db.read() as session:
        if session.scalar(select(MailDomain.domain).where(old).limit(1)) is None:
            return
    with services.db.write() as session:
        session.execute(delete(MailDomain).where(old))


def provider_of(domain: str, mail: Mail, cache: Cache) -> str | None:
    """The provider whose server is the domain's first, "" where it is none of those we know; None: nobody answered."""
    try:
        servers = Names(mail.resolver_address, mail.dns_seconds, cache).ask(domain, "MX")
    except NamesAway:
        return None
    first = min((preference for preference, _ in servers), default=0)
    hosts = [_whose(name) for preference, name in servers if preference == first]
    return next((host for host in hosts if host), "")


def _whose(server: str) -> str:
    labels = server.rstrip(".").lower().split(".")
    return next((host for at in range(len(labels)) if (host := SERVERS.get(".".join(labels[at:])))), "")
