"""What a person's program puts under every letter is folded: signature, app line, list footer, notice; nothing more.

Only the end of the person's own words is looked at, and a letter never becomes empty by it.
"""

import re
from typing import Final

from reply_router.reading.languages import LANGUAGES
from reply_router.reading.lines import Line

SIGNATURE: Final = "signature"
APP_LINE: Final = "the line a phone or an app adds"
NOTICE: Final = "a notice added to every letter"
LIST_FOOTER: Final = "the foot of a mailing list"

_SENT_FROM: Final = tuple(sorted({one for language in LANGUAGES for one in language.sent_from}))
_CLOSINGS: Final = frozenset(one for language in LANGUAGES for one in language.closings)
_NOTICES: Final = tuple(sorted({one for language in LANGUAGES for one in language.notices}))
_ANYWHERE: Final = ("tarafından gönderildi", "gönderildi", "から送信", "에서 보냄", "gesendet")
_DELIMITERS: Final = frozenset({"--", "-- ", "—", "– –", "- --", "--=20"})
_MOST_SIGNATURE_LINES: Final = 25
_MOST_SIGNATURE_CHARACTERS: Final = 1_500
_LIST_WORDS: Final = ("mailing list", "unsubscribe", "mailman/listinfo", "subscribed to")
_CONTACT: Final = re.compile(r"(?:\+|\()?\d[\d ().-]{6,18}\d|\S{1,60}@\S{3,100}|www\.\S{3,80}|https?://\S{3,100}")


def fold(lines: list[Line]) -> list[str]:
    """Lines under the person's words carry a reason; returns sentences that say what was folded."""
    said: list[str] = []
    written = sum(line.own and not line.blank for line in lines)
    for start, end in _stretches(lines):
        here = sum(line.own and not line.blank for line in lines[start:end])
        said.extend(_fold_stretch(lines, start, end, elsewhere=written > here))
    return list(dict.fromkeys(said))


def _stretches(lines: list[Line]) -> list[tuple[int, int]]:
    """Each run of own lines between folded ones: with answers between quotes, each may be signed."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for place, line in enumerate(lines):
        if line.own and start is None:
            start = place
        elif not line.own and start is not None:
            found.append((start, place))
            start = None
    if start is not None:
        found.append((start, len(lines)))
    return found


def _fold_stretch(lines: list[Line], start: int, end: int, elsewhere: bool) -> list[str]:
    said: list[str] = []
    for rule, why, sentence in (
        (_notice, NOTICE, "A notice at its end was folded."),
        (_list_footer, LIST_FOOTER, "The foot of a mailing list was folded."),
        (_delimiter, SIGNATURE, "The signature below its line was folded."),
        (_app_line, APP_LINE, "The line a phone or an app adds was folded."),
        (_closing, SIGNATURE, "The closing with the signature was folded."),
    ):
        at = rule(lines, start, _written_end(lines, start, end))
        if at is None:
            continue
        if not elsewhere and not any(line.own and not line.blank for line in lines[start:at]):
            continue
        for line in lines[at:end]:
            if line.own:
                line.why = why
        said.append(sentence)
        end = at
    return said


def _written_end(lines: list[Line], start: int, end: int) -> int:
    while end > start and (lines[end - 1].blank or not lines[end - 1].own):
        end -= 1
    return end


def _delimiter(lines: list[Line], start: int, end: int) -> int | None:
    """Below `-- ` (RFC 3676 section 4.3), or `--`, or a rule that only short lines follow."""
    size = 0
    for place in range(end - 1, max(start, end - _MOST_SIGNATURE_LINES) - 1, -1):
        text = lines[place].text
        if text.strip() in ("--", "—") or text in _DELIMITERS:
            return place
        size += len(text)
        if size > _MOST_SIGNATURE_CHARACTERS:
            return None
        rule = text.strip()
        if len(rule) >= 3 and not rule.strip("-_—–") and place < end - 1 and _is_card(lines, place + 1, end):
            return place
    return None


def _is_card(lines: list[Line], start: int, end: int) -> bool:
    """Whether these few short lines look like a visiting card."""
    written = [line.text.strip() for line in lines[start:end] if not line.blank]
    return (
        0 < len(written) <= 15
        and all(len(one) <= 80 for one in written)
        and any(_CONTACT.search(one) for one in written)
    )


def _app_line(lines: list[Line], start: int, end: int) -> int | None:
    """From a line such as "Sent from my iPhone" on, when it is the last but two or later."""
    found = None
    for place in range(end - 1, max(start - 1, end - 8), -1):
        if _is_app_line(lines[place].text):
            found = place
        elif lines[place].blank:
            continue
        elif found is not None or sum(not line.blank for line in lines[place:end]) > 2:
            break
    return found


def _is_app_line(text: str) -> bool:
    bare = text.strip(" \t\xa0*_-–—[]<>()#|").casefold()
    if not 0 < len(bare) <= 120:
        return False
    if bare.startswith("sent from ") and len(bare.split()) <= 5 and not bare.endswith(("?", "!")):
        return True  # "Sent from TypeApp": there are more apps than a table can name
    return bare.startswith(_SENT_FROM) or (len(bare) <= 60 and bare.rstrip(".").endswith(_ANYWHERE) and "phone" in bare)


def _closing(lines: list[Line], start: int, end: int) -> int | None:
    """From a formal closing on, when only a few short lines follow it."""
    for place in range(end - 1, max(start, end - 12) - 1, -1):
        bare = lines[place].text.strip(" \t\xa0,.!;-–*").casefold()
        if bare in _CLOSINGS:
            below = [line.text.strip() for line in lines[place + 1 : end] if not line.blank]
            if all(len(one) <= 70 for one in below) and not any(one.endswith("?") for one in below):
                return place
            return None
    return None


def _notice(lines: list[Line], start: int, end: int) -> int | None:
    """From the first line of a confidentiality notice on, when it stands in the last part of the letter."""
    for place in range(start, end):
        text = lines[place].text.strip(" \t\xa0*_-[]|").casefold()[:60]
        if text.startswith(_NOTICES) and (place == start or lines[place - 1].blank or _is_rule(lines[place - 1].text)):
            above = place - 1
            while above >= start and (lines[above].blank or _is_rule(lines[above].text)):
                above -= 1
            return above + 1
    return None


def _list_footer(lines: list[Line], start: int, end: int) -> int | None:
    """From a rule on that a mailing list's own lines follow."""
    for place in range(max(start, end - 12), end):
        if _is_rule(lines[place].text) and place < end - 1:
            below = " ".join(line.text for line in lines[place + 1 : end])[:2_000].casefold()
            if any(word in below for word in _LIST_WORDS):
                return place
    return None


def _is_rule(text: str) -> bool:
    stripped = text.strip()
    return len(stripped) >= 2 and not stripped.strip("-_=*—–─ ")
