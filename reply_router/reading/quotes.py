"""Lines that somebody else wrote are folded; whatever might be the person's own words stays.

Each rule is one function over the lines, in the order of `fold`; it marks lines with a reason or leaves them.
All of it is linear: a line is looked at a fixed number of times, a pattern never over more than a few joined lines.
"""

import re
from collections.abc import Callable
from typing import Final

from reply_router.reading.languages import DAYS, LANGUAGES, Role
from reply_router.reading.lines import Line
from reply_router.reading.own_words import OUR_WORDS, fold_own_words

ARROWS: Final = "lines that begin with >"
INTRODUCED: Final = "the letter it answers, below the line that names its writer"
INTRODUCTION: Final = "the line that names the quoted writer"
HEADER_BLOCK: Final = "the letter it answers, below its copied header"
ORIGINAL: Final = "the letter it answers, below the line that announces it"
FORWARDED: Final = "a forwarded letter"
REPLY_MARK: Final = "the line under which nothing was to be written"

#: The longest line that can introduce a quote, several wrapped ones joined.
_LONGEST_INTRODUCTION: Final = 320
_MOST_INTRODUCTION_LINES: Final = 5
_EDGES: Final = " \t\xa0*_-–—>|‪‬‎‏⁦⁩\u200b"

_BEGINS: Final = tuple(sorted({one for language in LANGUAGES for one in language.begins}))
_DAYS: Final = frozenset(DAYS)
_OPENINGS: Final = _BEGINS + tuple(day for day in DAYS if len(day) > 2)
_ENDS: Final = tuple(sorted({one for language in LANGUAGES for one in language.ends}))
_BEFORE_NAME: Final = tuple(sorted({one for language in LANGUAGES for one in language.before_name}))
_ORIGINAL: Final = frozenset(one for language in LANGUAGES for one in language.original)
_FORWARDED: Final = frozenset(one for language in LANGUAGES for one in language.forwarded)
#: The same as the beginnings of longer announcements ("forwarded by Maya").
_ANNOUNCEMENTS: Final = {one: tuple(f"{phrase} " for phrase in one) for one in (_ORIGINAL, _FORWARDED)}
#: A label may mean several things in several languages ("a" is to in Portuguese and in Italian).
LABELS: Final[dict[str, frozenset[Role]]] = {
    label: frozenset(
        role for language in LANGUAGES for role, labels in language.labels for one in labels if one == label
    )
    for label in {one for language in LANGUAGES for _, labels in language.labels for one in labels}
}
_LONGEST_LABEL: Final = max(len(label) for label in LABELS)

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[^\s<>()\[\]\"',;:]{2,120}")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d\d? ?年")
_CLOCK: Final = re.compile(r"(?<!\d)\d{1,2}[:.hH]\d{2}(?!\d)|\d{1,2} ?[aApP]\.?[mM]\b")
_DAY: Final = re.compile(r"(?<!\d)\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?!\d)")
_SHARED_LINE: Final = re.compile(r"[-–\s]{1,9}((?:On|Am|Le|El|Il|Op|Den|Em) )")
_REPLY_MARKS: Final = (
    "reply above this line",
    "type your reply above this line",
    "write above this line",
    "answer above this line",
    "please reply above",
    "bitte antworten sie oberhalb dieser zeile",
    "répondez au-dessus de cette ligne",
    "responde por encima de esta línea",
)


def fold(lines: list[Line], sent: str | None = None) -> list[str]:
    """The lines that others wrote carry a reason; returns sentences that say how they were recognized."""
    said: list[str] = []
    ours = sent is not None and fold_own_words(lines, sent)
    if ours:
        said.append("Our own words were found in it and folded.")
    rules: tuple[tuple[Callable[[list[Line], bool], bool], str], ...] = (
        (_arrows, "Lines that begin with > were folded."),
        (_reply_mark, "Everything below the reply line was folded."),
        (_forwarded, "A forwarded letter was folded."),
        (_original, "The original message below its separator was folded."),
        (_header_block, "The letter below a copied header was folded."),
        (_introduced, "The letter below the line that names its writer was folded."),
    )
    folded: list[Line] = []
    for stretch in _stretches(lines):
        for rule, sentence in rules:
            if rule(stretch, ours):
                said.append(sentence)
        folded.extend(stretch)
    lines[:] = folded
    _introductions_of_marked(lines)
    return list(dict.fromkeys(said))


def _stretches(lines: list[Line]) -> list[list[Line]]:
    """The lines, parted after each run of our own words: an answer may stand between, and a rule ends there."""
    found: list[list[Line]] = [[]]
    above = ""
    for line in lines:
        if not line.blank:
            if above == OUR_WORDS and line.why != OUR_WORDS:
                found.append([])
            above = line.why
        found[-1].append(line)
    return found


def _cut(lines: list[Line], at: int, ours: bool, why: str, first: str | None = None) -> bool:
    """Everything from `at` on is folded, unless nothing of the person's would be left before it.

    A letter that begins with a quote without marks may carry the answer below it: there the words stay, except
    where our own words told where the quote is.
    """
    if not ours and not any(line.own and not line.blank for line in lines[:at]):
        return False
    return _mark(lines, at, why, first)


def _mark(lines: list[Line], at: int, why: str, first: str | None = None) -> bool:
    fresh = False
    for place in range(at, len(lines)):
        if lines[place].own:
            lines[place].why = first if first and place == at else why
            fresh = True
    return fresh


def _arrows(lines: list[Line], _: bool) -> bool:
    """Lines that begin with > are quoted, as is the tail of a long quoted line that a program wrapped."""
    found = False
    for place, line in enumerate(lines):
        if not line.own or not line.arrow:
            continue
        before = lines[place - 1] if place else None
        if before and before.own and _ends_wrapped_introduction(before.text, line.text):
            continue
        after = lines[place + 1] if place + 1 < len(lines) else None
        alone = not (before and (before.arrow or before.why)) and not (after and after.arrow)
        if alone and line.text.startswith(">From "):  # RFC 4155: an mbox file's mark, not a quote
            line.text = line.text[1:]
            continue
        if alone and line.text.rstrip().endswith("<"):  # ">>> look here <<<"
            continue
        line.why, found = ARROWS, True
    for place in range(1, len(lines) - 1):
        line, before, after = lines[place], lines[place - 1], lines[place + 1]
        if not line.own or line.blank or before.why != ARROWS or not after.arrow or len(line.text) > 60:
            continue
        wrapped = len(before.text) >= 55 and line.text[:1].islower()
        link = line.text.lstrip().startswith(("(http", "<http", "http", "[http", "(mailto", "<mailto"))
        if wrapped or link:
            line.why = ARROWS
    return found


def _ends_wrapped_introduction(before: str, text: str) -> bool:
    """Whether a line such as `>:` or `> wrote:` closes an address that was broken across two lines."""
    rest = text.lstrip("> \t\xa0").rstrip()
    if len(rest) > 40 or not rest.endswith((":", "：")) or not before.rstrip():
        return False
    open_address = "@" in before and before.count("<") > before.count(">")
    return open_address and (len(rest) == 1 or _ends_with_verb(rest.rstrip(":： ").casefold()))


def _bare(text: str) -> str:
    return text.strip(_EDGES + "=#:：.").casefold()


def _is_ruled(text: str) -> bool:
    stripped = text.strip()
    return stripped[:2] in ("--", "__", "==", "**", "—-", "——", "──", "##") or stripped.startswith("- -")


def _reply_mark(lines: list[Line], ours: bool) -> bool:
    for place, line in enumerate(lines):
        if line.own and len(line.text) < 160:
            text = line.text.casefold()
            if any(mark in text for mark in _REPLY_MARKS) and _is_ruled(line.text):
                return _cut(lines, place, ours, ORIGINAL, REPLY_MARK)
    return False


def _next_written(lines: list[Line], at: int) -> int:
    while at < len(lines) and lines[at].blank:
        at += 1
    return at


def _announced(lines: list[Line], phrases: frozenset[str]) -> int | None:
    """The first own line that says one of `phrases` between rules or above a copied header."""
    for place, line in enumerate(lines):
        if not line.own or not 3 <= len(line.text) <= 120:
            continue
        bare = _bare(line.text)
        if bare in phrases or (_is_ruled(line.text) and bare.startswith(_ANNOUNCEMENTS[phrases])):
            below = _next_written(lines, place + 1)
            if _is_ruled(line.text) or _block_end(lines, below) is not None:
                return place
            if below < len(lines) and lines[below].arrow:
                return place
    return None


def _forwarded(lines: list[Line], ours: bool) -> bool:
    place = _announced(lines, _FORWARDED)
    return place is not None and _cut(lines, place, ours, FORWARDED)


def _original(lines: list[Line], ours: bool) -> bool:
    place = _announced(lines, _ORIGINAL)
    return place is not None and _cut(lines, place, ours, ORIGINAL)


def label_of(text: str) -> tuple[frozenset[Role], str]:
    """What a line of a copied header labels, and what it says; nothing when it is no such line."""
    head = text[: _LONGEST_LABEL + 12].strip(" \t\xa0*_>|‎‏")
    for colon in (":", "："):
        label, found, _ = head.partition(colon)
        if found:
            roles = LABELS.get(label.strip(" \t\xa0*_").casefold(), frozenset())
            if roles:
                return roles, text.partition(colon)[2].strip(" \t\xa0*_")
    return frozenset(), ""


def _block_end(lines: list[Line], at: int) -> int | None:
    """Where a copied header that begins at `at` ends, or None when none begins there."""
    if at >= len(lines) or not label_of(lines[at].text)[0]:
        return None
    seen: list[frozenset[Role]] = []
    solid = False
    place, loose = at, 0
    while place < min(len(lines), at + 24):
        text = lines[place].text
        roles, value = label_of(text)
        if roles:
            if seen.count(roles) > 1:
                break  # a header says each thing once
            seen.append(roles)
            solid = solid or "@" in text or "subject" in roles
            loose = 0
            if not value and place + 1 < len(lines) and not label_of(lines[place + 1].text)[0]:
                solid = solid or "@" in lines[place + 1].text
                place += 1  # the value stands on the next line
        elif not text.strip():
            follows = _next_written(lines, place)
            if len(seen) >= 3 or follows >= len(lines) or follows > place + 1 or not label_of(lines[follows].text)[0]:
                break
        else:
            loose += 1
            solid = solid or "@" in text
            if loose > 3:
                break
        place += 1
    distinct = _distinct(seen)
    named = any("from" in roles for roles in seen)
    if (distinct >= 3 and solid) or (distinct == 2 and named and solid and _ADDRESS.search(lines[at].text[:300])):
        return place
    return None


def _distinct(seen: list[frozenset[Role]]) -> int:
    """How many different things the labels can mean together; a label of many meanings counts once."""
    taken: set[Role] = set()
    for roles in sorted(seen, key=len):
        free = roles - taken
        if free:
            taken.add(min(free))
    return len(taken)


def _header_block(lines: list[Line], ours: bool) -> bool:
    place = 0
    while place < len(lines):
        end = _block_end(lines, place) if lines[place].own else None
        if end is None:
            place += 1
            continue
        start = place
        before = start - 1
        while before >= 0 and lines[before].blank:
            before -= 1
        if before >= 0 and lines[before].own and _is_rule(lines[before].text):
            start = before
        if _cut(lines, start, ours, HEADER_BLOCK):
            return True
        place = end
    return False


def _is_rule(text: str) -> bool:
    """A line that is nothing but a drawn rule."""
    stripped = text.strip()
    return len(stripped) >= 3 and not stripped.strip("-_=*—–─ ")


def is_introduction(text: str, marked_below: bool) -> bool:
    """Whether a line (wrapped ones joined) says who wrote what stands below it."""
    if not 6 <= len(text) <= _LONGEST_INTRODUCTION:
        return False
    bare = " ".join(text.split()).strip(_EDGES).casefold()
    colon = bare.endswith((":", "：", ";", "︰"))
    core = bare.rstrip(":：;︰ .-*_")
    address = _ADDRESS.search(core) is not None
    clock, day, year = _CLOCK.search(core), _DAY.search(core), _YEAR.search(core)
    dated = bool(day or year)
    if not (address or clock or dated):
        return marked_below and colon and len(core) <= 80 and _ends_with_verb(core) and len(core.split()) <= 7
    begins = _opens(core) or core[:1].isdigit() or core[:1] in "<\"'["
    if _ends_with_verb(core):
        if marked_below and (colon or (address and begins)):
            return True
        return (begins and (dated or bool(clock and address))) or (address and (colon or dated) and len(core) <= 160)
    if colon and begins and any(verb in core for verb in _BEFORE_NAME) and (dated or clock):
        return True
    if colon and address and len(core) <= 220 and (dated or clock):
        return begins or marked_below
    return marked_below and begins and address and (colon or dated)


def _ends_with_verb(core: str) -> bool:
    return core.endswith(_ENDS)


def _introduction_ending_at(lines: list[Line], last: int, marked_below: bool) -> int | None:
    """The first line of an introduction whose last line is `last`; a wrapped one is followed upwards."""
    text, best = "", None
    for first in range(last, max(-1, last - _MOST_INTRODUCTION_LINES), -1):
        line = lines[first]
        if line.blank or (not line.own and first != last) or len(text) > _LONGEST_INTRODUCTION:
            break
        text = f"{line.text.strip()} {text}".strip()
        if is_introduction(text, marked_below):
            best = first
            if _begins_like_one(line.text):
                break
    return best


def _begins_like_one(text: str) -> bool:
    bare = text.strip(_EDGES).casefold()
    return bare[:1].isdigit() or (_opens(bare) and any(one.isdigit() for one in bare))


def _opens(core: str) -> bool:
    """Whether it begins with a word that introductions begin with, or with a day's name."""
    return core.startswith(_OPENINGS) or core.split(" ", 1)[0].rstrip(".,") in _DAYS


def _could_end_one(text: str) -> bool:
    tail = text.rstrip(_EDGES)
    if tail.endswith((":", "：", ";", "︰")) or tail.casefold().endswith(_ENDS):
        return True
    return text.rstrip().endswith(">") and "@" in text


def _introduced(lines: list[Line], ours: bool) -> bool:
    """Below an introduction all is quoted, or, where > marks the quote, what stands between is an answer."""
    found = False
    place = 0
    while place < len(lines):
        line = lines[place]
        if not line.own or line.blank or len(line.text) > _LONGEST_INTRODUCTION or not _could_end_one(line.text):
            place += 1
            continue
        below = _next_written(lines, place + 1)
        marked = below < len(lines) and not lines[below].own
        if marked and not _begins_like_one(line.text) and _split_shared(lines, place):
            found = True
            place += 2
            continue
        first = _introduction_ending_at(lines, place, marked)
        if first is None:
            place += 1
            continue
        if marked:
            for one in range(first, place + 1):
                lines[one].why = INTRODUCTION
            found = True
        elif below < len(lines) and _cut(lines, first, ours, INTRODUCED, INTRODUCTION):
            return True
        elif below >= len(lines) and (ours or any(one.own and not one.blank for one in lines[:first])):
            _mark(lines, first, INTRODUCTION)
            return True
        place += 1
    return found


def _split_shared(lines: list[Line], place: int) -> bool:
    """Whether an introduction that shared its line with the answer got a line of its own."""
    text = lines[place].text
    for match in _SHARED_LINE.finditer(text):
        if match.start() and is_introduction(text[match.start(1) :], True):
            lines[place].text = text[: match.start()].rstrip()
            lines.insert(place + 1, Line(text[match.start() :].strip(), INTRODUCTION))
            return True
    return False


def _introductions_of_marked(lines: list[Line]) -> None:
    """A rule, an announcement or an introduction right above a folded stretch belongs to it."""
    for place in range(1, len(lines)):
        if lines[place].own or not lines[place - 1].own:
            continue
        above = place - 1
        while above >= 0 and lines[above].own and lines[above].blank:
            above -= 1
        if above < 0 or not lines[above].own or len(lines[above].text) > _LONGEST_INTRODUCTION:
            continue
        text = lines[above].text
        if (_is_rule(text) and len(text.strip()) >= 5) or _bare(text) in _ORIGINAL | _FORWARDED:
            lines[above].why = INTRODUCTION
        elif _could_end_one(text):
            first = _introduction_ending_at(lines, above, True)
            if first is not None:
                for one in range(first, above + 1):
                    lines[one].why = INTRODUCTION
