"""Wishes: what somebody asks of us about words in a topic, as the whole first line of what they wrote.

UNSEND and ONLY JO are an author's, ENOUGH, MUTE and REPORT a reader's, APPROVE and REJECT a steward's. Pure; only their
own first line counts, so a command that stands in a quote below it does nothing.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reply_router.answers.words import adds_nothing
from reply_router.reading.texts import one_form


class Ask(StrEnum):
    """What is asked for."""

    UNSEND = "unsend"
    ONLY = "only"
    ENOUGH = "enough"
    MUTE = "mute"
    REPORT = "report"
    APPROVE = "approve"
    REJECT = "reject"
    LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked, the words after it (a name, a reason), and the line as it was written."""

    ask: Ask
    argument: str
    line: str
    #: Of a steward's text: the number of the post that they mean.
    number: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it can hardly be talk: nothing follows, or it is written in capitals."""
        return not self.argument or self.line.split()[0].isupper()


_WHOLE: Final = {
    "unsend": Ask.UNSEND, "retirar": Ask.UNSEND, "retiralo": Ask.UNSEND,
    "enough": Ask.ENOUGH, "suficiente": Ask.ENOUGH, "basta": Ask.ENOUGH,
    "mute": Ask.MUTE, "silencio": Ask.MUTE,
    "report": Ask.REPORT, "reportar": Ask.REPORT,
    "approve": Ask.APPROVE, "approved": Ask.APPROVE, "aprobar": Ask.APPROVE, "aprobado": Ask.APPROVE,
    "reject": Ask.REJECT, "rejected": Ask.REJECT, "rechazar": Ask.REJECT, "rechazado": Ask.REJECT,
    "lock": Ask.LOCK, "cerrar tema": Ask.LOCK,
}  # fmt: skip
#: These take what follows them: a name of at most so many words, or a reason as long as it is.
_ONLY: Final = re.compile(r"(?:only|solo|nada mas)(?: (?:to|for|a|para))? (.{1,60})")
_WITH_REASON: Final = re.compile(
    r"(report|reportar|reject|rejected|rechazar|rechazado)\s*[:.,—–-]?\s+(.{1,2000})", re.DOTALL
)
#: A steward's word with the number of a post, and a reason, however it is written.
_NUMBERED: Final = re.compile(
    r"(approved?|aproba(?:r|do)|reject(?:ed)?|rechaza(?:r|do))\W{0,3}(?:no\.? ?|n[uú]mero )?#?(\d{1,2})(?![\w%])(.*)",
    re.DOTALL | re.IGNORECASE,
)
_TO: Final = re.compile(r"^(?:to|for|a|para)\s+", re.IGNORECASE)
_MOST_NAMES: Final = 3
_AROUND: Final = " \t.!*_#\"'“”‘’"


def numbered_wish_in(text: str) -> Wish | None:
    """What a steward's text says of the post of a number (APPROVE 2, REJECT 2 and why); None when it names no number.

    What follows an APPROVE makes it plain no more: then `number` is None.
    """
    found = _NUMBERED.fullmatch(text[:4_000].strip(_AROUND + "\n"))
    if found is None:
        return None
    ask, rest = _WHOLE[found[1].lower()], " ".join(found[3].split()).strip(" .:,;)—–-")
    line = text.strip().splitlines()[0]
    if ask is Ask.APPROVE and not adds_nothing(rest, ()):
        return Wish(ask, rest, line)
    return Wish(ask, rest[:2_000] if ask is Ask.REJECT else "", line, int(found[2]))


def wish_in(text: str) -> Wish | None:
    """What the first written line asks for; None when it is talk."""
    lines = [each.strip() for each in text[:4_000].splitlines() if each.strip()]
    if not lines:
        return None
    line = lines[0]
    bare = one_form(line).strip(_AROUND)
    ask = _WHOLE.get(bare)
    if ask in (Ask.REJECT, Ask.REPORT):
        # The reason may stand below it.
        return Wish(ask, " ".join(lines[1:])[:2_000], line)
    if ask is not None:
        return Wish(ask, "", line)
    named = _ONLY.fullmatch(bare)
    if named is not None and len(named[1].split()) <= _MOST_NAMES and line.split()[0].isupper():
        return Wish(Ask.ONLY, _TO.sub("", line.split(maxsplit=1)[1]).strip(_AROUND), line)
    reasoned = _WITH_REASON.fullmatch(one_form(line))
    first = line.split()[0].strip(_AROUND + ":,—–-")
    if reasoned is not None and first.isupper():
        rest = " ".join([line.split(maxsplit=1)[1], *lines[1:]])
        return Wish(_WHOLE[reasoned[1]], rest.lstrip(" :,—–-")[:2_000], line)
    return None
