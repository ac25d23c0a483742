"""Lines that somebody else wrote are folded; whatever might be the person's own words stays.

`FINDERS` is the one table of opinions on where a quote is, in the order in which they are asked: each marks lines with
a reason or leaves them, and what it marked is out of reach for those after it. The reason stays with the folded lines,
the sentence of a finder that marked something stands in `Reading.why`.

All of it is linear: a line is looked at a fixed number of times, a pattern never over more than a few joined lines.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reply_router.reading.announcements import (
    FORWARDS,
    ORIGINALS,
    announced,
    forward_end,
    is_announcement,
    is_hidden_quote,
    is_reply_mark,
    is_rule,
)
from reply_router.reading.copied_headers import block_end, label_of, table_start
from reply_router.reading.introductions import (
    LONGEST,
    begins_like_one,
    closes_one,
    could_end_one,
    introduction_ending_at,
    is_introduction,
    split_shared,
)
from reply_router.reading.languages import ANSWERS_BELOW
from reply_router.reading.lines import Line, next_written
from reply_router.reading.own_words import OUR_WORDS, fold_own_words

ARROWS: Final = "lines that begin with >"
INTRODUCED: Final = "the letter it answers, below the line that names its writer"
INTRODUCTION: Final = "the line that names the quoted writer"
HEADER_BLOCK: Final = "the letter it answers, below its copied header"
ORIGINAL: Final = "the letter it answers, below the line that announces it"
FORWARDED: Final = "a forwarded letter"
REPLY_MARK: Final = "the line under which nothing was to be written"

_INITIALS: Final = re.compile(r" ?[A-Z]{1,3}>{1,5}(?: |$)")
_BARS: Final = ("|", "│", "┃", "¦", "▎", "❘")
_ANSWERS_BELOW: Final = tuple(one.casefold() for one in ANSWERS_BELOW)


@dataclass(frozen=True, slots=True)
class Finder:
    """One opinion on where a quote is: its name, what it says when it found one, and how it marks lines.

    `find` gets a stretch of lines and whether our own words were found in the letter, and tells if it marked any.
    """

    name: str
    says: str
    find: Callable[[list[Line], bool], bool]


def fold(lines: list[Line], sent: str | None = None) -> list[str]:
    """The lines that others wrote carry a reason; returns sentences that say how they were recognized."""
    said: list[str] = []
    ours = sent is not None and fold_own_words(lines, sent)
    if ours:
        said.append("Our own words were found in it and folded.")
    folded: list[Line] = []
    for stretch in _stretches(lines):
        for finder in FINDERS:
            if finder.find(stretch, ours):
                said.append(finder.says)
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


def _cut(lines: list[Line], at: int, ours: bool, why: str, first: str | None = None, end: int | None = None) -> bool:
    """Everything from `at` on is folded, unless nothing of the person's would be left before it.

    A letter that begins with a quote without marks may carry the answer below it: there the words stay, except
    where our own words told where the quote is. So do they where the person says that the answers stand below.
    """
    if not ours:
        written = (line.text for line in lines[:at] if line.own and not line.blank)
        if all(is_rule(text) or is_announcement(text) for text in written):
            return False
        if _answers_stand_below(lines[max(0, at - 12) : at]):
            return False
    return _mark(lines, at, why, first, end)


def _answers_stand_below(above: list[Line]) -> bool:
    words = " ".join(line.text for line in above if line.own)[-600:].casefold()
    return any(phrase in words for phrase in _ANSWERS_BELOW)


def _mark(lines: list[Line], at: int, why: str, first: str | None = None, end: int | None = None) -> bool:
    fresh = False
    for place in range(at, len(lines) if end is None else end):
        if lines[place].own:
            lines[place].why = first if first and place == at else why
            fresh = True
    return fresh


def _groupwise(lines: list[Line], ours: bool) -> bool:
    """GroupWise names the quoted writer between arrows and quotes without marks."""
    for place, line in enumerate(lines):
        if ">>> " not in line.text:
            continue
        text = line.text.strip()
        if not line.own or not text.startswith(">>> ") or not any(one.isdigit() for one in text):
            continue
        after = lines[place + 1] if place + 1 < len(lines) else None
        whole = text.endswith(">>>") and is_introduction(f"{text.strip('> ')} wrote:", True)
        if whole or (is_introduction(text.strip("> "), False) and not (after and after.arrow)):
            return _cut(lines, place, ours, INTRODUCED, INTRODUCTION)
    return False


def _arrows(lines: list[Line], _: bool) -> bool:
    """Lines that begin with > are quoted, as is the tail of a long quoted line that a program wrapped."""
    found = False
    for place, line in enumerate(lines):
        if line.why or not line.arrow:
            continue
        before = lines[place - 1] if place else None
        if before and before.own and closes_one(before.text, line.text, lines[max(0, place - 3) : place]):
            continue
        after = lines[place + 1] if place + 1 < len(lines) else None
        alone = not (before and (before.arrow or before.why)) and not (after and after.arrow)
        if alone and line.text.startswith(">From "):  # RFC 4155: an mbox file's mark, not a quote
            line.text = line.text[1:]
            continue
        if alone and line.text.rstrip().endswith("<"):  # ">>> look here <<<"
            continue
        line.why, found = ARROWS, True
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        if before.why != ARROWS or line.why or line.blank or not after.arrow or len(line.text) > 60:
            continue
        wrapped = len(before.text) >= 55 and line.text[:1].islower()
        link = line.text.lstrip().startswith(("(http", "<http", "http", "[http", "(mailto", "<mailto"))
        if wrapped or link:
            line.why = ARROWS
    return found


def _initials(lines: list[Line], _: bool) -> bool:
    """Lines that begin with the quoted writer's initials and > ("MT> Will you come?"), two or more of them."""
    marked = [line for line in lines if ">" in line.text[:12] and line.own and _INITIALS.match(line.text[:12])]
    if len(marked) < 2:
        return False
    for line in marked:
        line.why = ARROWS
    return True


def _hidden(lines: list[Line], _: bool) -> bool:
    found = False
    for line in lines:
        if not line.why and is_hidden_quote(line.text):
            line.why, found = ORIGINAL, True
    return found


def _reply_mark(lines: list[Line], ours: bool) -> bool:
    for place, line in enumerate(lines):
        if not line.why and is_reply_mark(line.text):
            return _cut(lines, place, ours, ORIGINAL, REPLY_MARK)
    return False


def _forwarded(lines: list[Line], ours: bool) -> bool:
    place = announced(lines, FORWARDS)
    return place is not None and _cut(lines, place, ours, FORWARDED, end=forward_end(lines, place))


def _original(lines: list[Line], ours: bool) -> bool:
    place = announced(lines, ORIGINALS)
    return place is not None and _cut(lines, place, ours, ORIGINAL)


def _header_block(lines: list[Line], ours: bool) -> bool:
    place = 0
    while place < len(lines):
        end = block_end(lines, place) if lines[place].own else None
        if end is None:
            place += 1
            continue
        start = place
        before = start - 1
        while before >= 0 and lines[before].blank:
            before -= 1
        if before >= 0 and lines[before].own and is_rule(lines[before].text):
            start = before
        if _cut(lines, start, ours, HEADER_BLOCK):
            return True
        place = end
    return False


def _header_table(lines: list[Line], ours: bool) -> bool:
    for place, line in enumerate(lines):
        start = table_start(lines, place) if line.own and not line.blank else None
        if start is not None:
            return _cut(lines, start, ours, HEADER_BLOCK)
    return False


def _introduced(lines: list[Line], ours: bool) -> bool:
    """Below an introduction all is quoted, or, where > marks the quote, what stands between is an answer."""
    found = False
    place = 0
    while place < len(lines):
        line = lines[place]
        if line.why or line.blank or len(line.text) > LONGEST or not could_end_one(line.text):
            place += 1
            continue
        if label_of(line.text)[0]:  # a line of a copied header that was not folded, at the top of a letter
            place += 1
            continue
        below = next_written(lines, place + 1)
        marked = below < len(lines) and (not lines[below].own or lines[below].text.lstrip().startswith(_BARS))
        if marked and not begins_like_one(line.text) and split_shared(lines, place, INTRODUCTION):
            found = True
            place += 2
            continue
        first = introduction_ending_at(lines, place, marked)
        if first is None:
            place += 1
            continue
        if marked:
            _mark(lines, first, INTRODUCTION, end=place + 1)
            _mark_bars(lines, below)
            found = True
        elif below < len(lines) and _cut(lines, first, ours, INTRODUCED, INTRODUCTION):
            return True
        elif below >= len(lines) and (ours or any(one.own and not one.blank for one in lines[:first])):
            _mark(lines, first, INTRODUCTION)
            return True
        place += 1
    return found


def _mark_bars(lines: list[Line], at: int) -> None:
    """Lines that a bar marks, right below an introduction, are quoted."""
    while at < len(lines) and lines[at].own and lines[at].text.lstrip().startswith(_BARS):
        lines[at].why = ARROWS
        at += 1


def _introductions_of_marked(lines: list[Line]) -> None:
    """A rule, an announcement or an introduction right above a folded stretch belongs to it."""
    for place in range(1, len(lines)):
        if not lines[place].why or lines[place - 1].why:
            continue
        above = place - 1
        while above >= 0 and lines[above].own and lines[above].blank:
            above -= 1
        if above < 0 or not lines[above].own or len(lines[above].text) > LONGEST:
            continue
        text = lines[above].text
        if (is_rule(text) and len(text.strip()) >= 5) or is_announcement(text):
            lines[above].why = INTRODUCTION
        elif could_end_one(text):
            first = introduction_ending_at(lines, above, True)
            if first is not None:
                _mark(lines, first, INTRODUCTION, end=above + 1)


#: Who is asked where the quote is, in this order. What we know we sent (`own_words.py`) and what the mail program
#: marked in its HTML (`html.py`) come before all of them, because they do not guess.
FINDERS: Final[tuple[Finder, ...]] = (
    Finder("groupwise", "The letter below the line that names its writer was folded.", _groupwise),
    Finder("arrows", "Lines that begin with > were folded.", _arrows),
    Finder("initials", "Lines that begin with initials and > were folded.", _initials),
    Finder("hidden", "A line in place of a hidden quote was folded.", _hidden),
    Finder("reply mark", "Everything below the reply line was folded.", _reply_mark),
    Finder("forwarded", "A forwarded letter was folded.", _forwarded),
    Finder("original", "The original message below its separator was folded.", _original),
    Finder("header", "The letter below a copied header was folded.", _header_block),
    Finder("header table", "The letter below a copied header was folded.", _header_table),
    Finder("introduction", "The letter below the line that names its writer was folded.", _introduced),
)
