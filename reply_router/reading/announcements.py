"""Lines that announce what somebody else wrote: "Original Message", "Forwarded message", "reply above this line"."""

from typing import Final

from reply_router.reading.copied_headers import block_end
from reply_router.reading.languages import HIDDEN_QUOTES, LANGUAGES, REPLY_ABOVE
from reply_router.reading.lines import EDGES, Line, next_written

ORIGINALS: Final = frozenset(one.casefold() for language in LANGUAGES for one in language.original)
FORWARDS: Final = frozenset(one.casefold() for language in LANGUAGES for one in language.forwarded)
_FORWARD_ENDS: Final = frozenset(one.casefold() for language in LANGUAGES for one in language.forward_ends)
_EITHER: Final = ORIGINALS | FORWARDS
#: The same as the beginnings of longer announcements ("forwarded by Maya").
_BEGINNINGS: Final = {one: tuple(f"{phrase} " for phrase in one) for one in (ORIGINALS, FORWARDS)}
_HIDDEN: Final = tuple(one.casefold() for one in HIDDEN_QUOTES)
_ABOVE: Final = tuple((one.casefold(), other.casefold()) for one, other in REPLY_ABOVE)
_ABOVE_FIRST: Final = tuple(dict.fromkeys(one for one, _ in _ABOVE))
_RULE_SIGNS: Final = "-_=*#~+—–─―‐‑━•·"


def bare(text: str) -> str:
    """A line's words without what is drawn around them."""
    return text.strip(EDGES + "=#~+─―━:：.[]【】").casefold().replace("\u0307", "")  # of a Turkish İ


def is_ruled(text: str) -> bool:
    """Whether a line begins with a drawn rule."""
    stripped = text.replace(" ", "").strip("\t\xa0")
    return len(stripped) >= 2 and stripped[0] in _RULE_SIGNS and stripped[1] in _RULE_SIGNS


def is_rule(text: str) -> bool:
    """Whether a line is nothing but a drawn rule."""
    stripped = text.strip()
    return len(stripped) >= 3 and not stripped.strip(_RULE_SIGNS + " ")


def is_announcement(text: str) -> bool:
    """Whether a line says by itself that another letter follows, whatever is drawn around it."""
    return len(text) <= 120 and bare(text) in _EITHER


def announced(lines: list[Line], phrases: frozenset[str]) -> int | None:
    """The first own line that says one of `phrases` between rules or above a copied header."""
    for place, line in enumerate(lines):
        if line.why or not 2 <= len(line.text) <= 120:
            continue
        words = bare(line.text)
        if words in phrases or (is_ruled(line.text) and words.startswith(_BEGINNINGS[phrases])):
            below = next_written(lines, place + 1)
            if is_ruled(line.text) or block_end(lines, below) is not None:
                return place
            if below < len(lines) and lines[below].arrow:
                return place
    return None


def forward_end(lines: list[Line], start: int) -> int:
    """The place after the line that ends a forwarded letter begun at `start`; the end of all when none does."""
    for place in range(start + 1, len(lines)):
        text = lines[place].text
        if 2 < len(text) <= 120 and is_ruled(text) and bare(text) in _FORWARD_ENDS:
            return place + 1
    return len(lines)


def is_reply_mark(text: str) -> bool:
    """Whether a line asks for the answer to be written above it."""
    if not 8 <= len(text) < 160:
        return False
    folded = text.casefold()
    for one in _ABOVE_FIRST:  # few phrases, and most lines have none of them
        if one in folded:
            break
    else:
        return False
    if not any(one in folded and other in folded for one, other in _ABOVE):
        return False
    return is_ruled(text) or len(text.split()) <= 9


def is_hidden_quote(text: str) -> bool:
    """Whether a program says here that it has left a quote out."""
    stripped = text.strip(" \t\xa0>.…").casefold()
    return 4 <= len(stripped) <= 120 and stripped.startswith(_HIDDEN)
