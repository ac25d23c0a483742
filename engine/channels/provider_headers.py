"""Provider headers: what a relay's own provider wants written on top of a letter, and writes anew, by the relay's name.

What is on top is taken off by the provider; neither stands in what we sign.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

_T = TypeVar("_T")

#: By the end of the relay's name: the lines for a letter with this return path.
_BY_HOST: dict[str, Callable[[str], bytes]] = {
    # Postmark writes a Message-ID and a return path of its own, and tells back only such metadata: 20 letters of a name
    # and 80 of a value (postmarkapp.com/support/article/1125-custom-metadata-faq).
    "postmarkapp.com": lambda path: b"X-PM-Metadata-letter: " + path.partition("@")[0][:80].encode() + b"\r\n",
}


#: By the end of the relay's name: lines of ours that it puts its own in the place of.
_REWRITES: dict[str, frozenset[str]] = {
    # https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-manual.html: not to be signed.
    "amazonaws.com": frozenset({"message-id", "date"}),
    "postmarkapp.com": frozenset({"message-id"}),
}


def rewritten_by(host: str) -> frozenset[str]:
    """The lines, in small letters, that this relay writes anew; none for most."""
    return frozenset[str]().union(*_of(host, _REWRITES))


def provider_headers(host: str, return_path: str) -> bytes:
    """Whole header lines for the top of a letter; none for a relay that wants none."""
    return b"".join(lines(return_path) for lines in _of(host, _BY_HOST))


def _of(host: str, table: Mapping[str, _T]) -> list[_T]:
    """What stands in the table for this host."""
    name = host.lower().rstrip(".")
    return [value for ending, value in table.items() if name == ending or name.endswith(f".{ending}")]
