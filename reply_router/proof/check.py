"""Check: what we find out ourselves about a mail's sender, where no mail server of ours says it: DKIM, SPF, DMARC.

Everything is asked before any transaction, within a few seconds altogether; trouble of the domain name system makes a
mail unproven, says so, and loses nothing.
"""

from dataclasses import dataclass

from engine.base.errors import Unread
from engine.channels.names import Names, NamesAway
from reply_router.budget.readers import readers
from reply_router.proof.domains import aligned
from reply_router.proof.policy import Policy, policy_of
from reply_router.proof.proof import Proof
from reply_router.proof.sender_policy import sender_policy
from reply_router.proof.signatures import key_names


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a mail came: from which address, by which name, for which return path. Empty where nobody told us."""

    peer: str = ""
    helo: str = ""
    mail_from: str = ""


def check(names: Names, raw: bytes, domain: str, envelope: Envelope) -> Proof:
    """What DKIM, SPF and DMARC say of a mail from this domain. Raises Unavailable for trouble of our own."""
    away = False
    try:
        policy = policy_of(names, domain)
    except NamesAway:
        policy, away = None, True
    signers, keys_away, unread = _signers(names, raw, domain)
    result, sent_by = sender_policy(names, envelope.peer, envelope.helo, envelope.mail_from)
    rules = policy or Policy()
    if any(aligned(each, domain, strict=rules.strict_dkim) for each in signers):
        return Proof("proven", "dmarc" if policy else "dkim", f"{domain} signed it (DKIM).")
    theirs = aligned(sent_by, domain, strict=rules.strict_spf)
    if result == "pass" and theirs:
        return Proof("proven", "dmarc" if policy else "spf", f"It came from a server of {domain} (SPF).")
    if away or keys_away or result == "temperror":
        return Proof("unproven", "", f"Whether it is from {domain} could not be looked up just then.")
    if unread:
        return Proof("unproven", "", "Its signature took longer to check than a mail may take.")
    if policy is not None:
        return Proof(
            "failed", "dmarc", f"{domain} disowns it: neither its signature nor its servers vouch for it (DMARC)."
        )
    if result == "fail" and theirs:
        return Proof("failed", "spf", f"{domain} disowns the server that sent it (SPF).")
    return Proof("unproven", "", f"Nothing proves that it is from {domain}.")


def _signers(names: Names, raw: bytes, domain: str) -> tuple[tuple[str, ...], bool, bool]:
    """Whose signatures are good; whether a key could not be asked for; whether they took too long."""
    keys: dict[str, str] = {}
    away = False
    for name in key_names(raw, domain):
        try:
            records = names.texts(name)
        except NamesAway:
            away = True
            continue
        if len(records) == 1:
            keys[name] = records[0].decode("utf-8", "replace")
    if not keys:
        return (), away, False
    try:
        return readers.signatures(raw, keys).domains, away, False
    except Unread:
        return (), away, True
