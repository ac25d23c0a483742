"""Junk: whether a stranger's mail is nothing that a person has to look at, and why, in words (E15).

Pure. Our own mail server's verdict counts alone; without one, several signs must come together, because a person's
words in the wrong lane cost more than junk before a person. A token, a known address, and a text are never junk.
"""

import re
from typing import Final

from reply_router.content import fields, header_of
from reply_router.proof.domains import aligned, domain_of
from reply_router.proof.proof import Proof
from reply_router.reading import Kind, Reading

#: So many points together are junk.
ENOUGH: Final = 6
#: Characters of a mail that are looked at.
_LOOKED_AT: Final = 20_000
_LINK: Final = re.compile(r"https?://", re.IGNORECASE)
_SELLS: Final = re.compile(
    r"\b(?:guest post|backlinks?|seo (?:services?|agency|expert)|rank(?:ing)?s? on google|first page of google|"
    r"crypto(?:currency)? (?:investment|wallet|giveaway)|bitcoin (?:wallet|investment)|lottery (?:winner|winnings)|"
    r"(?:unclaimed|inheritance) funds?|next of kin|online casino|viagra|cialis|replica watches|loan offer|"
    r"increase your (?:traffic|sales)|buy (?:email|mailing) lists?|verify your (?:mailbox|account) (?:now|immediately)|"
    r"your mailbox is (?:full|almost full))\b",
    re.IGNORECASE,
)
_DANGEROUS: Final = re.compile(
    r"\.(?:exe|scr|js|vbs|bat|cmd|com|pif|jar|hta|iso|img|lnk|ps1|msi|html?)$", re.IGNORECASE
)
_YES: Final = re.compile(rb"(?:yes|true)\b", re.IGNORECASE)
_RSPAMD: Final = re.compile(rb"default:\s?true\b", re.IGNORECASE)
#: The fields in which mail servers say it (SpamAssassin, Rspamd), and what they say then.
_VERDICTS: Final = {
    b"x-spam-flag": _YES,
    b"x-spam-status": _YES,
    b"x-spam": _YES,
    b"x-spamd-result": _RSPAMD,
    b"x-rspamd-action": re.compile(rb"(?:add header|rewrite subject|reject)\b", re.IGNORECASE),
}


def verdict(raw: bytes) -> str:
    """The field in which the mail server that handed it over calls it junk, or nothing.

    Only the first of each kind counts: it stands above what the sender wrote.
    """
    seen: set[bytes] = set()
    for name, whole in fields(header_of(raw)):
        pattern = _VERDICTS.get(name)
        if pattern is None or name in seen:
            continue
        seen.add(name)
        if pattern.match(whole.partition(b":")[2].lstrip()):
            return name.decode().title()
    return ""


def junk_words(reading: Reading, proof: Proof, said_by_server: str, domain: str) -> str:
    """Why a stranger's mail is junk, in one sentence; "": it is not. `domain`: ours."""
    if reading.kind is not Kind.HUMAN:
        return ""
    if said_by_server:
        return f"Our mail server calls it junk ({said_by_server})."
    signs = _signs(reading, proof, domain)
    if sum(points for points, _ in signs) < ENOUGH:
        return ""
    return f"It looks like junk: {'; '.join(words for _, words in signs)}."


def _signs(reading: Reading, proof: Proof, domain: str) -> list[tuple[int, str]]:
    said = f"{reading.subject or ''}\n{reading.body or reading.text}"[:_LOOKED_AT]
    from_ = domain_of(reading.from_[0].address) if reading.from_ else ""
    signs: list[tuple[int, str]] = []
    if proof.failed:
        signs.append((3, "the domain it says it is from disowns it"))
    sells = {each.lower() for each in _SELLS.findall(said)}
    if sells:
        signs.append((3 if len(sells) == 1 else 4, f"it speaks of {', '.join(sorted(sells)[:3])}"))
    if from_ and any(not aligned(domain_of(each.address), from_) for each in reading.reply_to):
        signs.append((2, "its answers go to somebody else"))
    links = len(_LINK.findall(said))
    if links >= 8:
        signs.append((2, f"it has {links} links"))
    if any(_DANGEROUS.search(each.name) for each in reading.attachments):
        signs.append((3, "it brings a program"))
    if not any(domain_of(each.address) == domain.lower() for each in (*reading.to, *reading.cc)):
        signs.append((1, "it is written to nobody here by name"))
    if len(reading.to) + len(reading.cc) >= 20:
        signs.append((2, f"it goes to {len(reading.to) + len(reading.cc)} addresses"))
    if not reading.from_:
        signs.append((2, "it does not say who it is from"))
    return signs
