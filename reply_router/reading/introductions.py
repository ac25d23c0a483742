"""The line that a mail program writes above a quote ("On Tuesday Maya wrote:"), in one piece or wrapped.

What tells such a line is data (`languages.py`) and evidence that needs no language: an address, a day, an hour, and a
colon at the end. Without marks below it more evidence is asked for, because then everything below is folded.
"""

import re
from dataclasses import dataclass
from typing import Final

from reply_router.reading.languages import DAYS, LANGUAGES, MONTHS
from reply_router.reading.lines import EDGES, Line

#: The longest line that can introduce a quote, several wrapped ones joined.
LONGEST: Final = 320
_MOST_LINES: Final = 6


def _all(words: list[str]) -> tuple[str, ...]:
    return tuple(sorted({one.casefold() for one in words}))


_BEGINS: Final = _all([one for language in LANGUAGES for one in language.begins])
_ENDS: Final = _all([one for language in LANGUAGES for one in language.ends])
_BEFORE_NAME: Final = _all([one for language in LANGUAGES for one in language.before_name])
_QUOTING: Final = _all([one for language in LANGUAGES for one in language.quoting])
_VERBS: Final = _all([f" {one} " for one in _ENDS] + list(_BEFORE_NAME))
_DAYS: Final = frozenset(one.casefold() for one in DAYS)
_MONTHS: Final = _all(list(MONTHS))
_OPENINGS: Final = _BEGINS + tuple(day for day in _DAYS if len(day) > 2)
_COLONS: Final = (":", "：", ";", "︰")

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[^\s<>()\[\]\"',;:]{2,120}")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20|25)\d\d(?!\d)|\d\d? ?[年년]")
_CLOCK: Final = re.compile(r"(?<!\d)\d{1,2}[:.hH]\d{2}(?!\d)|\d{1,2} ?[aApP]\.?[mM]\b")
_DAY: Final = re.compile(r"(?<!\d)\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}(?!\d)")
#: "(3 Mar 2026 09:12)" behind the verb, as Apple Mail writes it in Turkish and Gmail in Hungarian.
_TIME_BEHIND: Final = re.compile(r"(?<!\s)\s*+[(\[][^()@\[\]]{0,60}\d[^@\[\]]{0,60}[)\]]$")
#: Gmail between 2009 and 2014, outside English: "2026/3/3 Maya <maya@nfp.example>".
_DAY_AND_ADDRESS: Final = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2} [^<>@]{0,80}<[^<>\s]{1,80}@[^<>\s]{1,120}>")
_SHARED_LINE: Final = re.compile(r"[-–\s]{1,9}((?:On|Am|Le|El|Il|Op|Den|Em) )")
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९０１２３４５６７８９", "0123456789" * 4)
_BIDI: Final = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff"))
#: Any of these signs: few lines have one, and to look is quicker than to change all.
_FOREIGN: Final = re.compile(f"[{''.join(map(chr, (*_DIGITS, *_BIDI)))}]")
_PRONOUNS: Final = frozenset(
    "i we he she they you it ich wir er sie je nous il elle yo nosotros ella eu io noi".split()
)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is seen in a line that may introduce a quote; `core` is its words without edges and colon."""

    core: str
    colon: bool
    address: bool
    clock: bool
    dated: bool
    opens: bool
    verb: bool

    @property
    def words(self) -> int:
        return len(self.core.split())


def _plain(text: str) -> str:
    """The line without marks of direction, its digits those of ASCII."""
    return text.translate(_BIDI).translate(_DIGITS) if _FOREIGN.search(text) else text


def _evidence(text: str) -> _Evidence:
    bare = " ".join(_plain(text).split()).strip(EDGES).casefold()
    core = bare.rstrip(':：;︰ .-*_"»')
    timeless = _TIME_BEHIND.sub("", core)
    return _Evidence(
        core,
        colon=bare.endswith(_COLONS),
        address=_ADDRESS.search(core) is not None,
        clock=_CLOCK.search(core) is not None,
        dated=_DAY.search(core) is not None or _YEAR.search(core) is not None,
        opens=_opens(core) or core[:1].isdigit() or core[:1] in "<\"'[",
        verb=core.endswith(_ENDS) or timeless.endswith(_ENDS),
    )


def is_introduction(text: str, marked_below: bool) -> bool:
    """Whether a line (wrapped ones joined) says who wrote what stands below it."""
    if not 6 <= len(text) <= LONGEST:
        return False
    seen = _evidence(text)
    if seen.address or seen.clock or seen.dated:
        return _is_whole(seen) or (marked_below and _is_enough(seen))
    short = len(seen.core) <= 80 and 2 <= seen.words <= 7
    said = seen.core.split(" ", 1)[0] in _PRONOUNS  # "I said:", by the person's own hand
    return marked_below and seen.colon and short and not said and (seen.verb or seen.core.startswith(_QUOTING))


def _is_whole(seen: _Evidence) -> bool:
    """Whether the line is an introduction whatever stands below it."""
    ended = seen.colon or seen.verb
    if seen.address and seen.dated and seen.clock and ended and seen.words <= 26:
        return True  # whatever the language
    if seen.core.startswith(_QUOTING) and seen.colon and seen.words <= 14:
        return seen.address or (seen.dated and seen.clock)
    if seen.verb:
        if seen.opens and (seen.dated or (seen.clock and seen.address)):
            return True
        if seen.address and (seen.colon or seen.dated) and len(seen.core) <= 160:
            return True
        if seen.colon and seen.dated and seen.clock and seen.words <= 14:
            return True
    if seen.colon and seen.dated and seen.clock and seen.words <= 16 and _verb_before_time(seen.core):
        return True
    if seen.colon and seen.opens and (seen.dated or seen.clock) and any(verb in seen.core for verb in _BEFORE_NAME):
        return True
    if seen.colon and seen.address and seen.opens and (seen.dated or seen.clock) and len(seen.core) <= 220:
        return True
    return _DAY_AND_ADDRESS.fullmatch(seen.core + ">" * (seen.core.count("<") - seen.core.count(">"))) is not None


def _is_enough(seen: _Evidence) -> bool:
    """Whether the line is an introduction because a marked quote stands below it."""
    if seen.verb and (seen.colon or (seen.address and seen.opens)):
        return True
    if seen.colon and seen.address and (seen.dated or seen.clock) and len(seen.core) <= 220:
        return True
    return seen.opens and seen.address and (seen.colon or seen.dated)


def _verb_before_time(core: str) -> bool:
    """Whether a name, a verb and then a time are all there is: "Maya wrote on 3/3/26 9:12 AM"."""
    for verb in _VERBS:
        name, found, time = core.partition(verb)
        if found and 0 < len(name.split()) <= 6 and name.split()[0] not in _PRONOUNS and len(time.split()) <= 10:
            return (_DAY.search(time) or _YEAR.search(time)) is not None and _CLOCK.search(time) is not None
    return False


def _opens(core: str) -> bool:
    """Whether it begins with a word that introductions begin with, or with a day's or a month's name."""
    first = core.split(" ", 1)[0].rstrip(".,")
    return core.startswith(_OPENINGS) or first in _DAYS or first in _MONTHS


def introduction_ending_at(lines: list[Line], last: int, marked_below: bool) -> int | None:
    """The first line of an introduction whose last line is `last`; a wrapped one is followed upwards.

    Once it is one, a line above belongs to it only if it begins as introductions do, or if the address was torn off.
    """
    text, best, first = "", None, last
    for _ in range(_MOST_LINES):
        line = lines[first]
        torn = text.startswith("<")
        if line.blank:
            if not torn or first == 0 or lines[first - 1].blank or not begins_like_one(lines[first - 1].text):
                break  # only an address that was torn off stands below an empty line
        elif (not line.own and first != last) or len(text) > LONGEST:
            break
        else:
            if best is not None and not _goes_before(line.text, text):
                break
            text = f"{line.text.strip()} {text}".strip()
            if is_introduction(text, marked_below):
                best = first
                if begins_like_one(line.text):
                    break
        first -= 1
        if first < 0:
            break
    return best


def _goes_before(line: str, text: str) -> bool:
    """Whether a line belongs before `text`, which would introduce a quote by itself: it must add to what it says."""
    if len(line) > LONGEST:
        return False
    if begins_like_one(line) or line.strip() == "<":
        return True
    stripped = line.strip(EDGES)
    if not stripped or stripped.endswith((".", "!", "?", ":")):
        return False
    if text.startswith("<") and len(stripped.split()) <= 6 and stripped[0].isupper():
        return True  # the name before an address that was torn off
    here, there = _evidence(line), _evidence(text)
    return any((here.address > there.address, here.clock > there.clock, here.dated > there.dated))


def begins_like_one(text: str) -> bool:
    """Whether an introduction may begin with this line, rather than go on with it."""
    bare = _plain(text).strip(EDGES).casefold()
    if "@" in bare.split(" ", 1)[0]:
        return False  # an address that was torn off
    return bare[:1].isdigit() or (_opens(bare) and any(one.isdigit() for one in bare))


def could_end_one(text: str) -> bool:
    """A cheap look: whether a line may be the last of an introduction."""
    text = _plain(text)
    tail = text.rstrip(EDGES)
    if tail.endswith(_COLONS) or tail.casefold().endswith(_ENDS):
        return True
    return text.rstrip().endswith(">") and "@" in text


def split_shared(lines: list[Line], place: int, why: str) -> bool:
    """Whether an introduction that shared its line with the answer got a line of its own."""
    text = lines[place].text
    for match in _SHARED_LINE.finditer(text):
        if match.start() and is_introduction(text[match.start(1) :], True):
            lines[place].text = text[: match.start()].rstrip()
            lines.insert(place + 1, Line(text[match.start() :].strip(), why))
            return True
    return False


def closes_one(before: str, text: str, above: list[Line]) -> bool:
    """Whether a line such as `>:` or `> wrote:` closes an address that was broken across lines, and quotes nothing."""
    rest = text.lstrip("> \t\xa0").rstrip()
    if len(rest) > 40 or not rest.endswith((":", "：")) or not before.rstrip():
        return False
    words = rest.rstrip(":： ").casefold()
    if words in _ENDS and any("@" in line.text and not line.arrow for line in above[-3:]):
        return True
    open_address = "@" in before and before.count("<") > before.count(">")
    return open_address and (len(rest) == 1 or words.endswith(_ENDS))
