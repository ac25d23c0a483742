"""Policy: what a domain asks of whoever gets mail in its name (DMARC, RFC 7489 section 6)."""

from dataclasses import dataclass

from engine.channels.names import Names
from reply_router.proof.domains import normal_domain, organization_of
from reply_router.proof.signatures import tags_of


@dataclass(frozen=True, slots=True)
class Policy:
    """Where a domain says something: whether its signatures and its servers must be of the very same domain."""

    strict_dkim: bool = False
    strict_spf: bool = False


def policy_of(names: Names, domain: str) -> Policy | None:
    """The domain's own policy, else its organization's (6.6.3); None where there is none. Raises NamesAway."""
    asked = dict.fromkeys((normal_domain(domain), organization_of(domain)))
    for name in asked:
        records = [each for each in names.texts(f"_dmarc.{name}") if each.replace(b" ", b"").startswith(b"v=DMARC1")]
        if len(records) == 1:
            tags = tags_of(records[0]) or {}
            if "p" not in tags and "rua" not in tags:
                continue
            return Policy(tags.get("adkim", "r").lower() == "s", tags.get("aspf", "r").lower() == "s")
        if len(records) > 1:
            return None
    return None
