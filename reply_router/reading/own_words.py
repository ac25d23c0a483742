"""The words we sent are found in an answer and folded, whether or not a program marked them as a quote."""

import re
from typing import Final

from reply_router.reading.lines import Line

OUR_WORDS: Final = "our own words, quoted"

_WORD: Final = re.compile(r"\w+")
_EDGES: Final = " \t\xa0*_-–—>|"
_SHINGLE: Final = 4
#: A line of so few words may be an answer that repeats ours ("Hello Nora from number 12!").
_SHORT: Final = 8
#: A quote is at least so many of our words.
_QUOTE: Final = 12


def fold_own_words(lines: list[Line], sent: str) -> bool:
    """Runs of words that stand in what we sent are folded, however they were wrapped or marked.

    A line is ours when most of its words lie in runs of four or more that we wrote; a short line is ours when it
    is one of our lines and stands beside others of ours.
    """
    ours = [word.casefold() for word in _WORD.findall(sent[:200_000])]
    if len(ours) < _SHINGLE:
        return False
    runs = {tuple(ours[at : at + _SHINGLE]) for at in range(len(ours) - _SHINGLE + 1)}
    whole = {tuple(word.casefold() for word in _WORD.findall(line)) for line in sent[:200_000].splitlines()}
    words: list[tuple[str, int]] = []
    counts = [0] * len(lines)
    for place, line in enumerate(lines):
        for word in _WORD.findall(line.text):
            words.append((word.casefold(), place))
            counts[place] += 1
    covered = bytearray(len(words))
    for at in range(len(words) - _SHINGLE + 1):
        if tuple(word for word, _ in words[at : at + _SHINGLE]) in runs:
            covered[at : at + _SHINGLE] = b"\x01" * _SHINGLE
    hits = [0] * len(lines)
    for at, (_, place) in enumerate(words):
        hits[place] += covered[at]
    sure = [counts[at] >= 3 and hits[at] >= _share(counts[at], line.arrow) for at, line in enumerate(lines)]
    enough = min(_QUOTE, len(ours) // 2)
    _leave_chosen(lines, sure, hits, enough)
    if sum(hits[at] for at in range(len(lines)) if sure[at]) < enough:
        return False
    for place, line in enumerate(lines):
        if not sure[place] and 0 < counts[place] < _SHINGLE:
            mine = tuple(word.casefold() for word in _WORD.findall(line.text))
            sure[place] = mine in whole and _beside(sure, counts, place)
    last = max(at for at in range(len(lines)) if sure[at])
    ending = next((one for one in reversed(sent[:200_000].splitlines()) if _WORD.search(one)), "")
    for place in range(last + 1, len(lines)):
        if lines[place].text.strip(_EDGES).casefold() == ending.strip(_EDGES).casefold():
            sure[place] = True  # our signing line, below an answer given in the midst of our words
            break
    for place, line in enumerate(lines):
        if sure[place] and line.own:
            line.why = OUR_WORDS
    return True


def _share(count: int, marked: bool) -> float:
    """How many of a line's words must be ours: all of a short unmarked one, since people take up words they answer."""
    return count * 0.8 if marked or count > _SHORT else count


def _leave_chosen(lines: list[Line], sure: list[bool], hits: list[int], enough: int) -> None:
    """The first words of a letter stay when they are ours but too few for a quote and not marked as one.

    Somebody who chooses one of the answers we offered says it in our words, and those are theirs.
    """
    top: list[int] = []
    for place, line in enumerate(lines):
        if line.blank:
            continue
        if not sure[place] or line.arrow:
            break
        top.append(place)
    if sum(hits[at] for at in top) < enough:
        for at in top:
            sure[at] = False


def _beside(sure: list[bool], counts: list[int], place: int) -> bool:
    """Whether the nearest line with words above or below is ours."""
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(counts) and not counts[at] and abs(at - place) < 6:
            at += step
        if 0 <= at < len(counts) and sure[at]:
            return True
    return False
