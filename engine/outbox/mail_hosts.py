"""Mail hosts: under which provider's roof a mailbox is, so that one provider's "slower" counts for all its domains.

The names are the providers' own for mailboxes of private people. Whose mailboxes a domain of its own has is asked of
the DNS in the background (engine/outbox/mail_domains.py); until that is known such a domain is judged alone.
"""

HOSTS: dict[str, str] = {
    domain: host
    for host, domains in {
        "gmail.com": "gmail.com googlemail.com",
        "outlook.com": "outlook.com hotmail.com live.com msn.com passport.com outlook.es hotmail.es live.com.mx "
        "hotmail.co.uk hotmail.fr",
        "yahoo.com": "yahoo.com ymail.com rocketmail.com aol.com aim.com verizon.net yahoo.es yahoo.com.mx yahoo.co.uk "
        "myyahoo.com att.net sbcglobal.net bellsouth.net",
        "icloud.com": "icloud.com me.com mac.com",
        "comcast.net": "comcast.net xfinity.com",
        "gmx.net": "gmx.net gmx.com gmx.de gmx.us web.de mail.com",
        "proton.me": "proton.me protonmail.com pm.me",
        "spectrum.net": "charter.net spectrum.net twc.com roadrunner.com rr.com",
        "fastmail.com": "fastmail.com fastmail.fm messagingengine.com",
    }.items()
    for domain in domains.split()
}


def host_of(address: str) -> str:
    """The provider of a mailbox, named by its best-known domain; else the address's own domain."""
    domain = domain_of(address)
    return HOSTS.get(domain, domain)


def domain_of(address: str) -> str:
    """The domain of an address as it is compared."""
    return address.rpartition("@")[2].strip().lower().rstrip(".")
