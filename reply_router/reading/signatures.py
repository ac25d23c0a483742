"""What programs put over and under a person's words is folded: banner, signature, app line, foot, notice.

`RULES` is the one table of opinions on it. Only the ends of the words are looked at, no letter becomes empty by it,
and a postscript under a signature keeps it whole.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reply_router.reading.announcements import is_rule
from reply_router.reading.app_lines import is_app_line, is_foot
from reply_router.reading.languages import BANNERS, LANGUAGES, LIST_FEET, NOTICE_STEMS, POSTSCRIPTS
from reply_router.reading.lines import Line

SIGNATURE: Final = "signature"
APP_LINE: Final = "the line a phone or an app adds"
NOTICE: Final = "a notice added to every letter"
LIST_FOOTER: Final = "the foot of a mailing list"

_CLOSINGS: Final = frozenset(one.casefold() for language in LANGUAGES for one in language.closings)
_NOTICES: Final = tuple(sorted({one.casefold() for language in LANGUAGES for one in language.notices}))
_BANNERS: Final = tuple(one.casefold() for one in BANNERS)
_NOTICE_STEMS: Final = tuple(one.casefold() for one in NOTICE_STEMS)
_LIST_WORDS: Final = tuple(one.casefold() for one in LIST_FEET)
_DELIMITERS: Final = frozenset({"--", "-- ", "—", "– –", "- --", "--=20", "__", "– ", "- -"})
_MOST_SIGNATURE_LINES: Final = 25
_MOST_SIGNATURE_CHARACTERS: Final = 1_500
_CLOSING_LINES: Final = 24
_PHONE: Final = re.compile(r"(?:\+|\()?\d[\d ().-]{6,18}\d")
_MAIL: Final = re.compile(r"\S{1,60}@\S{3,100}")
_WEB: Final = re.compile(r"www\.\S{3,80}|https?://\S{3,100}")
_CONTACTS: Final = (_PHONE, _MAIL, _WEB)
_NAME_AFTER_DASH: Final = re.compile(r"(?:[-–—~]|--)[ \xa0]?([^\W\d_][\w'’.]*(?: [^\W\d_][\w'’.-]*){0,2})")


@dataclass(frozen=True, slots=True)
class Rule:
    """One opinion on what was put under a person's words: how it finds the first line of it, the reason, a sentence."""

    find: Callable[[list[Line], int, int], int | None]
    why: str
    says: str


def fold(lines: list[Line]) -> list[str]:
    """Lines over and under the person's words carry a reason; returns sentences that say what was folded."""
    said: list[str] = []
    if _banner(lines):
        said.append("A warning that a server set above it was folded.")
    written = sum(not line.why and not line.blank for line in lines)
    for start, end in _stretches(lines):
        here = sum(not line.why and not line.blank for line in lines[start:end])
        said.extend(_fold_stretch(lines, start, end, elsewhere=written > here))
    return list(dict.fromkeys(said))


def _banner(lines: list[Line]) -> bool:
    """A warning above the first words ("CAUTION: external"), one paragraph with words of the person's below it."""
    start = 0
    while start < len(lines) and lines[start].blank:
        start += 1
    if start >= len(lines) or not lines[start].own:
        return False
    text = lines[start].text.strip(" \t\xa0*_-[]|#!⚠️<>").casefold()
    if not text[:80].startswith(_BANNERS):
        return False
    end = start
    while end < len(lines) and not lines[end].blank and end - start < 8:
        end += 1
    if end < len(lines) and not lines[end].blank:
        return False
    if not any(line.own and not line.blank for line in lines[end:]):
        return False
    for line in lines[start:end]:
        line.why = line.why or NOTICE
    return True


def _stretches(lines: list[Line]) -> list[tuple[int, int]]:
    """Each run of own lines between folded ones: with answers between quotes, each may be signed."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for place, line in enumerate(lines):
        if not line.why and start is None:
            start = place
        elif line.why and start is not None:
            found.append((start, place))
            start = None
    if start is not None:
        found.append((start, len(lines)))
    return found


def _fold_stretch(lines: list[Line], start: int, end: int, elsewhere: bool) -> list[str]:
    said: list[str] = []
    written_end = _written_end(lines, start, end)
    for rule in RULES:
        at = rule.find(lines, start, written_end)
        if at is None:
            continue
        if not elsewhere and not any(line.own and not line.blank for line in lines[start:at]):
            continue
        for line in lines[at:end]:
            if line.own:
                line.why = rule.why
        said.append(rule.says)
        end = at
        written_end = _written_end(lines, start, end)
    return said


def _written_end(lines: list[Line], start: int, end: int) -> int:
    while end > start and (lines[end - 1].blank or not lines[end - 1].own):
        end -= 1
    return end


def _texts(lines: list[Line], start: int, end: int) -> list[str]:
    return [line.text.strip() for line in lines[start:end] if not line.blank]


def _delimiter(lines: list[Line], start: int, end: int) -> int | None:
    """Below `-- ` (RFC 3676 section 4.3), or `--`, or a rule that only short lines follow."""
    size = 0
    for place in range(end - 1, max(start, end - _MOST_SIGNATURE_LINES) - 1, -1):
        text = lines[place].text
        if text.strip() in _DELIMITERS:
            while place > start and lines[place - 1].text.strip() in _DELIMITERS:
                place -= 1
            return None if _has_postscript(lines, place, end) else place
        size += len(text)
        if size > _MOST_SIGNATURE_CHARACTERS:
            return None
        if is_rule(text) and place < end - 1:
            below = _texts(lines, place + 1, end)
            if _is_card(below) or (not _underlines(lines, place) and _is_name(below)):
                return place
    return None


def _underlines(lines: list[Line], place: int) -> bool:
    """Whether a rule is drawn under a heading of its own length."""
    above = lines[place - 1].text.strip() if place else ""
    return bool(above) and abs(len(above) - len(lines[place].text.strip())) <= 2


def _is_card(texts: list[str]) -> bool:
    """Whether these few short lines look like a visiting card."""
    return (
        0 < len(texts) <= 15 and all(len(one) <= 80 for one in texts) and any(_contacts(one) for one in texts)
    ) and not any(_is_postscript(one) for one in texts)


def _contacts(text: str) -> set[int]:
    return {at for at, pattern in enumerate(_CONTACTS) if pattern.search(text)}


def _is_name(texts: list[str]) -> bool:
    """Whether these are one or two lines that could be a name and what its bearer does, and nothing said."""
    return (
        0 < len(texts) <= 2
        and all(len(one.split()) <= 4 and not one.endswith((".", "!", "?", ":")) for one in texts)
        and texts[0][:1].isupper()
    )


def _dashed_name(lines: list[Line], start: int, end: int) -> int | None:
    """The last line when it is a name behind a dash ("-Maya", "— Maya Torres"), and no item of a list."""
    place = end - 1
    if place <= start or not _NAME_AFTER_DASH.fullmatch(lines[place].text.strip().rstrip(".")):
        return None
    above = place - 1
    while above > start and lines[above].blank:
        above -= 1
    text = lines[above].text.strip()
    if not text or text.endswith(":") or text[0] in "-–—~*•·" or lines[place].text.strip()[-1] in "?!,":
        return None
    dash = lines[place].text.strip()
    if above < place - 1 or dash[1:2] != " ":
        return place  # a gap above it, or no gap behind the dash: no list is written so
    return place if text[-1] in ".!" else None


def _app_line(lines: list[Line], start: int, end: int) -> int | None:
    """From a line such as "Sent from my iPhone" on, when it is the last but two or later."""
    found = None
    for place in range(end - 1, max(start - 1, end - 10), -1):
        if is_app_line(lines[place].text):
            found = place
        elif lines[place].blank:
            continue
        elif found is not None or len(_texts(lines, place, end)) > 2:
            break
    return found


def _foot(lines: list[Line], start: int, end: int) -> int | None:
    """From the line on in which a virus scanner or a free mail service speaks; a rule or a link above goes with it."""
    for place in range(max(start, end - 12), end):
        if is_foot(lines[place].text) and len(_texts(lines, place, end)) <= 6:
            above = place
            while above > start and (
                lines[above - 1].blank
                or is_rule(lines[above - 1].text)
                or lines[above - 1].text.strip().startswith(("<http", "[http", "[image", "[Image", "[cid:"))
            ):
                above -= 1
            return above
    return None


def _closing(lines: list[Line], start: int, end: int) -> int | None:
    """From a formal closing on, when only a few short lines follow it."""
    for place in range(end - 1, max(start, end - _CLOSING_LINES) - 1, -1):
        text = lines[place].text.strip(" \t\xa0*_-–")
        bare = text.strip(",.!;").casefold()
        if bare in _CLOSINGS:
            below = _texts(lines, place + 1, end)
            return place if _could_be_signed(below, apart=lines[place - 1].blank if place > start else True) else None
    return None


def _could_be_signed(below: list[str], apart: bool) -> bool:
    """Whether lines below a closing are a name and a card, and nothing that is said."""
    if any(len(one) > 100 or one.endswith("?") or _is_postscript(one) for one in below):
        return False
    if below and not apart and not below[0][:1].isupper():
        return False  # "Best / thing ever": a line that goes on
    if below and below[0][:1].islower() and len(below[0].split()) > 2:
        return False
    if any(_is_sentence(one) for one in below):
        return False
    return len(below) <= 5 or any(_contacts(one) for one in below)


def _is_sentence(text: str) -> bool:
    words = sum(any(sign.isalnum() for sign in one) for one in text.split())
    if text[:1] in "\"“„«'‘" or _contacts(text):
        return False
    return (words >= 4 and text.endswith((".", "!"))) or words > 14


def _is_postscript(text: str) -> bool:
    return text.strip(" \t*_").casefold().startswith(POSTSCRIPTS)


def _has_postscript(lines: list[Line], start: int, end: int) -> bool:
    return any(_is_postscript(line.text) for line in lines[start:end])


def _bare_card(lines: list[Line], start: int, end: int) -> int | None:
    """The last paragraph when it is a name with two or more ways to reach it, under words that do not lead to it."""
    place = end
    while place > start and not lines[place - 1].blank:
        place -= 1
    texts = _texts(lines, place, end)
    above = _texts(lines, start, place)
    if not 3 <= len(texts) <= 8 or not above or above[-1].endswith((":", "：", ",")):
        return None
    kinds: set[int] = set()
    for one in texts:
        if len(one) > 60 or _is_sentence(one) or one.endswith((".", "!", "?", ":")):
            return None
        kinds |= _contacts(one)
    named = 2 <= len(texts[0].split()) <= 4 and texts[0].replace(".", "").istitle() and not _contacts(texts[0])
    return place if named and len(kinds) == len(_CONTACTS) else None


def _notice(lines: list[Line], start: int, end: int) -> int | None:
    """From the first line of a confidentiality notice on, when what follows it speaks of secrecy, errors or paper."""
    for place in range(start, end):
        text = lines[place].text.strip(" \t\xa0*_-[]|#").casefold()[:60]
        if text.startswith(_NOTICES) and (place == start or lines[place - 1].blank or is_rule(lines[place - 1].text)):
            words = " ".join(line.text for line in lines[place : min(end, place + 12)])[:2_000].casefold()
            if not any(stem in words for stem in _NOTICE_STEMS):
                continue
            above = place - 1
            while above >= start and (lines[above].blank or is_rule(lines[above].text)):
                above -= 1
            return above + 1
    return None


def _list_footer(lines: list[Line], start: int, end: int) -> int | None:
    """From a rule on that a mailing list's own lines follow."""
    for place in range(max(start, end - 14), end):
        if is_rule(lines[place].text) and place < end - 1:
            below = " ".join(line.text for line in lines[place + 1 : end])[:2_000].casefold()
            if any(word in below for word in _LIST_WORDS):
                return place
    return None


#: What is looked for under a person's words, from the outside in: each goes on above what the one before it folded.
RULES: Final[tuple[Rule, ...]] = (
    Rule(_notice, NOTICE, "A notice at its end was folded."),
    Rule(_foot, NOTICE, "What a virus scanner or a mail service adds was folded."),
    Rule(_list_footer, LIST_FOOTER, "The foot of a mailing list was folded."),
    Rule(_delimiter, SIGNATURE, "The signature below its line was folded."),
    Rule(_app_line, APP_LINE, "The line a phone or an app adds was folded."),
    Rule(_closing, SIGNATURE, "The closing with the signature was folded."),
    Rule(_bare_card, SIGNATURE, "The name with its addresses at the end was folded."),
    Rule(_dashed_name, SIGNATURE, "The name behind a dash was folded."),
)
