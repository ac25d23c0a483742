"""Results: what a mail server of ours says in Authentication-Results (RFC 8601) of a mail it handed to us.

Believed only when that server itself handed the mail over, and only the fields on top: a server of ours takes away
what strangers wrote in its name (RFC 8601 section 5), and where it forgot to, what stands further below counts nothing.
"""

import re
from dataclasses import dataclass
from typing import Final

from reply_router.content import fields, header_of
from reply_router.proof.domains import aligned, normal_domain
from reply_router.proof.proof import Proof

FIELD: Final = b"authentication-results"
#: Characters of one field, and fields, that are looked at.
_LONGEST, _MOST_FIELDS = 8_000, 10
_RESULT: Final = re.compile(r"\s*([a-z0-9_-]{1,40})(?:\s*/\s*\d{1,3})?\s*=\s*([a-z0-9_-]{1,40})", re.IGNORECASE)
_PROPERTY: Final = re.compile(r"([a-z0-9_-]{1,40})\s*\.\s*([a-z0-9_-]{1,40})\s*=\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result, with what it looked at: ("header.d", "example.org")."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    def of(self, *names: str) -> str:
        """The first of these properties, or nothing."""
        return next((value for name in names for key, value in self.properties if key == name), "")


def stamped(raw: bytes, hosts: tuple[str, ...]) -> tuple[Result, ...]:
    """The results that one of these hosts put on top of the mail; empty when none of them did.

    A field further below counts while it follows directly and speaks of methods that were not spoken of: servers that
    check in several steps write several fields.
    """
    known = {each.lower() for each in hosts}
    found: list[Result] = []
    seen: set[str] = set()
    begun = False
    looked_at = 0
    for name, whole in fields(header_of(raw)):
        if name != FIELD:
            if begun:
                break
            continue
        looked_at += 1
        if looked_at > _MOST_FIELDS:
            break
        host, results = parse(whole.partition(b":")[2])
        if host.lower() not in known:
            if begun:
                break
            continue
        methods = {each.method for each in results}
        if methods & seen:
            break
        begun = True
        seen |= methods
        found += results
    return tuple(found)


def parse(value: bytes) -> tuple[str, tuple[Result, ...]]:
    """The host that stamped a field, and its results; what cannot be read is left out. Linear in its length."""
    text = _without_comments(value[:_LONGEST].decode("utf-8", "replace"))
    head, *rest = _split(text)
    words = head.split()
    host = words[0].strip('"') if words else ""
    results = []
    for piece in rest:
        match = _RESULT.match(piece)
        if match is None:
            continue
        told = _PROPERTY.findall(_unquoted(piece[match.end() :]))
        properties = tuple((f"{a}.{b}".lower(), v.rstrip(";,")) for a, b, v in told)
        results.append(Result(match[1].lower(), match[2].lower(), properties))
    return host, tuple(results)


def _unquoted(text: str) -> str:
    """The text with each quoted string as one word, so that nothing within it is taken for a property."""
    kept: list[str] = []
    quoted = escaped = False
    for sign in text:
        if quoted and not escaped and sign == "\\":
            escaped = True
        elif sign == '"' and not escaped:
            quoted = not quoted
        elif not (quoted and sign.isspace()):
            kept.append(sign)
            escaped = False
        else:
            escaped = False
    return "".join(kept)


def judged(results: tuple[Result, ...], domain: str) -> Proof | None:
    """What a server's results say of a mail from this domain; None when they say nothing of use.

    DMARC speaks first: it is DKIM and SPF, aligned, with the domain owner's own wish.
    """
    by_method: dict[str, list[Result]] = {}
    for each in results:
        by_method.setdefault(each.method, []).append(each)
    dmarc = [each for each in by_method.get("dmarc", ()) if _same(each.of("header.from"), domain)]
    if any(each.result == "fail" for each in dmarc):
        return Proof("failed", "dmarc", f"{domain} disowns it: our mail server says that DMARC failed.")
    if any(each.result == "pass" for each in dmarc):
        return Proof("proven", "dmarc", f"Our mail server says that it is from {domain} (DMARC).")
    if any(each.result == "pass" and aligned(signer_of(each), domain) for each in by_method.get("dkim", ())):
        return Proof("proven", "dkim", f"Our mail server says that {domain} signed it (DKIM).")
    spf = [each for each in by_method.get("spf", ()) if aligned(sender_domain_of(each), domain)]
    if any(each.result == "pass" for each in spf):
        return Proof("proven", "spf", f"Our mail server says that it came from a server of {domain} (SPF).")
    if any(each.result in ("fail", "hardfail") for each in spf):
        return Proof(
            "failed", "spf", f"{domain} disowns the server that sent it: our mail server says that SPF failed."
        )
    if any(each in by_method for each in ("dmarc", "dkim", "spf")):
        return Proof("unproven", "", f"Our mail server could not prove that it is from {domain}.")
    return None


def signer_of(result: Result) -> str:
    """The domain that a DKIM result speaks of (RFC 8601 section 2.7.1)."""
    return (result.of("header.d") or result.of("header.i")).rpartition("@")[2]


def sender_domain_of(result: Result) -> str:
    """The domain that an SPF result speaks of: of MAIL FROM, else of HELO (RFC 8601 section 2.7.2)."""
    return (
        (result.of("smtp.mailfrom") or result.of("smtp.mfrom") or result.of("smtp.helo")).strip("<>").rpartition("@")[2]
    )


def _same(told: str, domain: str) -> bool:
    """Whether a DMARC result speaks of this domain; one that does not say of which is of the only From there is."""
    return not told or normal_domain(told.rpartition("@")[2]) == normal_domain(domain)


def _without_comments(text: str) -> str:
    """The text without what stands in round brackets outside quotes (RFC 5322 section 3.2.2), nested ones too."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in text:
        if escaped:
            escaped = False
            if not depth:
                out.append(sign)
            continue
        if sign == "\\":
            escaped = True
            if not depth:
                out.append(sign)
            continue
        if sign == '"' and not depth:
            quoted = not quoted
        if not quoted and sign == "(":
            depth += 1
            continue
        if not quoted and sign == ")" and depth:
            depth -= 1
            if not depth:
                out.append(" ")
            continue
        if not depth:
            out.append(sign)
    return "".join(out)


def _split(text: str) -> list[str]:
    """The text at its semicolons outside quotes."""
    out: list[str] = []
    piece: list[str] = []
    quoted = False
    for sign in text:
        if sign == '"':
            quoted = not quoted
        if sign == ";" and not quoted:
            out.append("".join(piece))
            piece = []
        else:
            piece.append(sign)
    out.append("".join(piece))
    return out
