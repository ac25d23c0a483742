"""Own address: what an organizer's words hold of their own addresses and numbers, which no member is to see."""

import re
from collections.abc import Collection

_LONGEST_SIGN_OFF = 6


def without_own_addresses(text: str, own: Collection[str]) -> tuple[str, bool]:
    """The words without a sign-off at their end that holds an address or number of the writer's own, and whether one
    stands in them still."""
    blocks = re.split(r"(\n[ \t]*\n)", text.strip())
    if len(blocks) > 1 and holds_own(blocks[-1], own) and blocks[-1].count("\n") < _LONGEST_SIGN_OFF:
        blocks = blocks[:-2]
    kept = "".join(blocks).strip()
    return kept, holds_own(kept, own)


def holds_own(text: str, own: Collection[str]) -> bool:
    """Whether one of these addresses or numbers stands in the text, however a number is written."""
    lowered = text.casefold()
    for each in own:
        if "@" in each and each.casefold() in lowered:
            return True
        digits = re.sub(r"\D", "", each)[-10:]
        if "@" not in each and len(digits) >= 7 and digits in re.sub(r"[^\d\n]", "", text):
            return True
    return False
