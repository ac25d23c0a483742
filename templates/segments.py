"""Segments: how many parts a text is cut into on its way, which is what it costs.

A text of GSM-7 signs only (3GPP TS 23.038, 6.2.1) holds 160 of them in one part, or 153 in each of several: the user
data header that joins the parts takes the room of seven (3GPP TS 23.040, 9.2.3.24.1). One sign outside GSM-7 makes the
whole text UCS-2, with 70 or 67. A sign of the extension table takes two places and is never cut in two, nor is one that
UCS-2 writes as a pair.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

#: 3GPP TS 23.038, 6.2.1; the escape sign itself left out.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: 3GPP TS 23.038, 6.2.1.1: reached by an escape, so each takes two places.
_EXTENDED = frozenset("\f^{}\\[~]|€")
#: Places in the only part, and in each of several.
_ROOM = {"gsm7": (160, 153), "ucs2": (70, 67)}
#: What word processors put in the place of plain signs, and the plain signs that say the same.
_PLAIN = {
    **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
    "•": "-",
    "\t": " ",
    # Spaces of every width (the category Zs of Unicode).
    **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000", " "),
    **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
    "\u2028": "\n",
    "\u2029": "\n",
    # What is not seen.
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
}
_PLAINLY = str.maketrans(_PLAIN)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is for a carrier."""

    encoding: Literal["gsm7", "ucs2"]
    #: Places taken, headers not counted.
    places: int
    segments: int
    #: The signs that GSM-7 does not have, each once, in their order: what makes the text cost more than twice as much.
    outside: tuple[str, ...]

    @property
    def left(self) -> int:
        """Places that are free before another segment begins."""
        alone, joined = _ROOM[self.encoding]
        return (alone if self.segments <= 1 else joined * self.segments) - self.places


def plain_signs(text: str) -> str:
    """The text as it is sent: smart quotes, dashes, dots and spaces in their plain forms, nothing else changed.

    Accents and emoji stay: they are somebody's words.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_PLAINLY)


def measure(text: str) -> Length:
    """The length of this text, exactly as it stands."""
    outside = tuple(dict.fromkeys(sign for sign in text if sign not in _BASIC and sign not in _EXTENDED))
    encoding: Literal["gsm7", "ucs2"] = "ucs2" if outside else "gsm7"
    sizes = [_size(sign, encoding) for sign in text]
    return Length(encoding, sum(sizes), len(_cuts(sizes, encoding)), outside)


def parts(text: str) -> list[str]:
    """The text cut as a carrier cuts it; an empty one is one empty part."""
    encoding = measure(text).encoding
    found, begins = [], 0
    for ends in _cuts([_size(sign, encoding) for sign in text], encoding):
        found.append(text[begins:ends])
        begins = ends
    return found


def cost(segments: Iterable[int], price: float) -> Decimal:
    """What texts of so many segments each cost at this price of one."""
    return sum(segments) * Decimal(str(price))


def _size(sign: str, encoding: str) -> int:
    if encoding == "gsm7":
        return 2 if sign in _EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1


def _cuts(sizes: list[int], encoding: str) -> list[int]:
    """Where each part ends."""
    alone, joined = _ROOM[encoding]
    if sum(sizes) <= alone:
        return [len(sizes)]
    cuts, used = [], 0
    for at, size in enumerate(sizes):
        if used + size > joined:
            cuts.append(at)
            used = 0
        used += size
    return [*cuts, len(sizes)]
