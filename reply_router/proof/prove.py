"""Prove: what is known of a mail's sender, before anything is done on its word. Holds no transaction."""

from ipaddress import ip_address, ip_network

from engine.base.log import logger
from engine.base.setting_groups.mail import Mail
from engine.channels.names import Names
from reply_router.proof.check import Envelope, check
from reply_router.proof.domains import domain_of
from reply_router.proof.proof import UNPROVEN, Proof
from reply_router.proof.results import judged, stamped
from reply_router.reading import Reading

log = logger(__name__)


def prove(
    mail: Mail, raw: bytes, reading: Reading, *, door: str, peer: str, helo: str = "", mail_from: str = ""
) -> Proof:
    """Whether the mail is from whom its From line names, and how we know. Raises Unavailable for trouble of our own.

    A mail server of ours is asked first, by what it stamped on top; where it says nothing, we look ourselves.
    """
    if len({each.address.lower() for each in reading.from_}) > 1:
        return Proof("unproven", "", "Its From line names several people, so nothing proves which of them wrote.")
    domain = domain_of(reading.from_[0].address) if reading.from_ else ""
    if not domain:
        return Proof("unproven", "", "It does not say who it is from.")
    if mail.trusted_mta and is_ours(mail, door, peer):
        said = judged(stamped(raw, tuple(mail.trusted_mta)), domain)
        if said is not None:
            return said
    if not mail.check_senders:
        return UNPROVEN
    # SPF speaks of the server that sent it to us, and where a mail server of ours or a provider's webhook stands
    # between, nobody told us which.
    envelope = Envelope() if door == "web" or is_ours(mail, door, peer) else Envelope(peer, helo, mail_from)
    return check(Names(mail.resolver_address, mail.dns_seconds), raw, domain, envelope)


def is_ours(mail: Mail, door: str, peer: str) -> bool:
    """Whether a mail server of ours handed it over: by LMTP from this machine, or from one of its own addresses."""
    try:
        address = ip_address(peer.partition("%")[0].removeprefix("::ffff:"))
    except ValueError:
        return False
    if door == "lmtp" and address.is_loopback:
        return True
    return any(address in ip_network(each, strict=False) for each in mail.trusted_peers)
