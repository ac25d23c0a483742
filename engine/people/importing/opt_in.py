"""OptIn: what the columns of a row say of mail and of texts: a yes, a no, nothing, or that mail bounced."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from engine.base.errors import Invalid
from engine.people.importing.recipe import Layout

Word = Literal["yes", "no", "unsaid", "bounced"]

YES = frozenset(
    {
        "yes", "y", "true", "t", "1", "x", "✓", "on", "si", "sí", "s", "subscribed", "resubscribed", "active",
        "confirmed", "opt in", "opted in", "optin", "suscrito", "suscrita", "verdadero", "acepta", "acepto",
    }
)  # fmt: skip
NO = frozenset(
    {
        "no", "n", "false", "f", "0", "off", "unsubscribed", "opt out", "opted out", "optout", "stop", "stopped",
        "complained", "spam complaint", "previous spam complaint", "do not contact", "baja", "dado de baja", "falso",
    }
)  # fmt: skip
UNSAID = frozenset({"", "unspecified", "unknown", "never", "none", "null", "n/a", "not subscribed", "pending"})
BOUNCED = frozenset({"bouncing", "bounced", "previous bounce", "hard bounce", "cleaned", "undeliverable", "invalid"})
#: A cell that is empty in a spreadsheet's own way.
_EMPTY = ("-", "--", "#N/A")


def word_on(
    channel: Literal["email", "sms"], cells: Sequence[str], layout: Layout, *, silent: Word
) -> tuple[Word, str]:
    """What the row says of the channel, and in which words; `silent` when the file has no column that could say yes.

    A no in any column is a no. Raises Invalid for words that are neither.
    """
    found: Word = "unsaid" if f"{channel}_opt_in" in layout.columns else silent
    words = []
    for name in (f"{channel}_opt_in", f"{channel}_opt_out", "opt_out"):
        for place in layout.columns.get(name, ()):
            text = cells[place].strip()
            if not text or text in _EMPTY:
                continue
            word = _meaning(text, out=name.endswith("opt_out"))
            if word is None:
                raise Invalid(f"{text[:40]!r} under {layout.header[place]!r} is neither a yes nor a no.")
            words.append(f"{layout.header[place]}: {text}")
            if word != "unsaid" and found != "no":
                found = word
    return found, "; ".join(words)


@lru_cache(maxsize=1024)
def _meaning(text: str, *, out: bool) -> Word | None:
    plain = " ".join(re.sub(r"[_-]+", " ", text.casefold()).split())
    if plain in UNSAID:
        return "unsaid"
    if out:
        # A column of stops says yes, or since when.
        stopped = plain in YES or plain in NO - {"no", "n", "false", "f", "0", "off", "falso"}
        if stopped or re.match(r"\d{1,4}[./ -]\d{1,2}[./ -]\d{1,4}", text):
            return "no"
        return "unsaid" if plain in NO else None
    if plain in YES:
        return "yes"
    if plain in NO:
        return "no"
    return "bounced" if plain in BOUNCED else None
