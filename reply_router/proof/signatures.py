"""Signatures: which of a mail's DKIM signatures are good (RFC 6376), by keys that were asked for before.

Two halves: `key_names` says which keys are needed, `good_signatures` is the arithmetic. The second runs in the process
that reads strangers' mail (reply_router/budget), within its time and memory: the body is theirs to choose.
"""

import re
from dataclasses import dataclass
from typing import Final

from reply_router.proof.domains import aligned, normal_domain
from reply_router.reading.headers import parse_headers

#: Signatures that are looked at, bytes of a header and of one signature.
MOST: Final = 5
MOST_HEADER, LONGEST_FIELD = 256_000, 8_000
#: A shorter key can be computed by whoever wants to (RFC 8301 section 3.2).
SHORTEST_KEY: Final = 1024
_TAG: Final = re.compile(rb"\s*([a-zA-Z][a-zA-Z0-9_]*)\s*=([^;]*)")
_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Good:
    """The domains whose signature is good."""

    domains: tuple[str, ...] = ()


def key_names(raw: bytes, domain: str) -> dict[str, str]:
    """The names under which the keys stand that could prove this From domain, and whose each is (3.6.2.1).

    A signature over a part of the body alone (`l=`) proves nothing: whatever follows may be a stranger's (8.2).
    """
    found: dict[str, str] = {}
    for value in parse_headers(raw[:MOST_HEADER])[0].raw("dkim-signature")[:MOST]:
        tags = tags_of(value)
        if tags is None or "l" in tags:
            continue
        signer, selector = normal_domain(tags.get("d", "")), tags.get("s", "").strip().lower()
        if aligned(signer, domain) and _NAME.fullmatch(selector) and _NAME.fullmatch(signer):
            found[f"{selector}._domainkey.{signer}"] = signer
    return found


def tags_of(value: bytes) -> dict[str, str] | None:
    """A list of tags (3.2); None when it is too long or says something twice."""
    if len(value) > LONGEST_FIELD:
        return None
    tags: dict[str, str] = {}
    for piece in value.split(b";"):
        match = _TAG.fullmatch(piece)
        if match is None:
            if piece.strip():
                return None
            continue
        name = match[1].decode("ascii")
        if name in tags:
            return None
        tags[name] = match[2].decode("utf-8", "replace").strip()
    return tags


def good_signatures(raw: bytes, keys: dict[str, str]) -> Good:
    """The signers among these keys (name to TXT record) whose signature over the mail is good. Never raises for the
    mail's trouble, but takes as long as the mail makes it take."""
    import dkim

    def key_of(name: bytes | str, timeout: float = 0) -> bytes | None:
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        record = keys.get(text.rstrip(".").lower())
        return record.encode("utf-8", "replace") if record is not None else None

    found: list[str] = []
    for index, value in enumerate(parse_headers(raw[:MOST_HEADER])[0].raw("dkim-signature")[:MOST]):
        tags = tags_of(value)
        if tags is None or "l" in tags:
            continue
        signer = normal_domain(tags.get("d", ""))
        if f"{tags.get('s', '').strip().lower()}._domainkey.{signer}" not in keys:
            continue
        try:
            checked = dkim.DKIM(raw, minkey=SHORTEST_KEY)
            is_good = checked.verify(idx=index, dnsfunc=key_of)
            same = normal_domain(checked.domain.decode("ascii", "replace")) == signer
        except MemoryError:
            raise
        except Exception:  # noqa: S112 (the library tells a hostile header by whatever breaks in it)
            continue
        if is_good and same and checked.keysize >= SHORTEST_KEY:
            found.append(signer)
    return Good(tuple(dict.fromkeys(found)))
