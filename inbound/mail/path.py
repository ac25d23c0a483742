"""Path: what stands between the angle brackets of MAIL and RCPT (RFC 5321 4.1.2)."""

import re

#: A source route before the address is taken and dropped, as RFC 5321 appendix C asks.
_ANGLE = re.compile(r'\s*<(?:@[^<>:"]*:)?((?:[^<>"\\]|"(?:[^"\\]|\\.)*")*)>(\s.*)?', re.DOTALL)
_BARE = re.compile(r"\s*([^\s<>]+)(\s.*)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

#: What an empty path is called, so that it is told apart from a missing one.
NULL_SENDER = "<>"


def read_path(text: str) -> tuple[str, str] | None:
    """The address and the parameters after it, or None for what no mailbox looks like.

    Deliberately wide: phones send from addresses the grammar forbids (dots in a row, letters beyond ASCII), and a
    refusal here would lose a person's words.
    """
    match = _ANGLE.fullmatch(text) or _BARE.fullmatch(text)
    if match is None:
        return None
    address = match[1].strip() or NULL_SENDER
    if _CONTROL.search(address):
        return None
    return address, (match[2] or "").strip()


def mailbox_of(address: str, domain: str) -> str | None:
    """The address as one of ours at `domain`, or None when it is somebody else's.

    `postmaster` alone is ours wherever it is said (RFC 5321 4.5.1).
    """
    if address.lower() == "postmaster":
        return f"postmaster@{domain}"
    local, at, host = address.rpartition("@")
    if not at or not local or host.lower().rstrip(".") != domain.lower():
        return None
    return f"{local}@{domain}"
