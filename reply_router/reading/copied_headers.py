"""A letter's header that a mail program copied above what it quotes ("From: ... Sent: ... To: ... Subject: ...")."""

import re
from typing import Final

from reply_router.reading.languages import LANGUAGES, Role
from reply_router.reading.lines import Line, next_written

#: A label may mean several things in several languages ("a" is to in Portuguese and in Italian).
LABELS: Final[dict[str, frozenset[Role]]] = {
    label: frozenset(
        role for language in LANGUAGES for role, labels in language.labels for one in labels if one.casefold() == label
    )
    for label in {one.casefold() for language in LANGUAGES for _, labels in language.labels for one in labels}
}
_LONGEST_LABEL: Final = max(len(label) for label in LABELS)
_LABEL_EDGES: Final = " \t\xa0*_"
_MOST_LINES: Final = 24
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[^\s<>()\[\]\"',;:]{2,120}")
_TIME: Final = re.compile(r"\d{1,2}[:.hH]\d{2}|\d{1,2} ?[aApP]\.?[mM]\b")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2}(?!\d)")


def label_of(text: str) -> tuple[frozenset[Role], str]:
    """What a line of a copied header labels, and what it says; nothing when it is no such line."""
    head = text[: _LONGEST_LABEL + 12].strip(" \t\xa0*_>|‎‏\u2022")
    for colon in (":", "："):
        label, found, _ = head.partition(colon)
        if found:
            roles = LABELS.get(label.strip(_LABEL_EDGES).casefold(), frozenset())
            if roles:
                return roles, text.partition(colon)[2].strip(_LABEL_EDGES)
    return frozenset(), ""


def block_end(lines: list[Line], at: int) -> int | None:
    """Where a copied header that begins at `at` ends, or None when none begins there."""
    if at >= len(lines) or not label_of(lines[at].text)[0]:
        return None
    if _in_one_line(lines[at].text):
        return at + 1
    seen: list[frozenset[Role]] = []
    solid = timed = False
    place, loose = at, 0
    while place < min(len(lines), at + _MOST_LINES):
        text = lines[place].text
        roles, value = label_of(text)
        if roles:
            if seen.count(roles) > 1:
                break  # a header says each thing once
            seen.append(roles)
            solid = solid or "@" in text or "subject" in roles
            timed = timed or ("sent" in roles and bool(_TIME.search(value[:200]) and _YEAR.search(value[:200])))
            loose = 0
            if not value and place + 1 < len(lines) and not label_of(lines[place + 1].text)[0]:
                solid = solid or "@" in lines[place + 1].text
                place += 1  # the value stands on the next line
        elif not text.strip():
            follows = next_written(lines, place)
            if len(seen) >= 3 or follows >= len(lines) or follows > place + 1 or not label_of(lines[follows].text)[0]:
                break
        else:
            loose += 1
            solid = solid or "@" in text
            if loose > 3:
                break
        place += 1
    return place if _is_header(seen, solid, timed, lines[at].text) else None


def _is_header(seen: list[frozenset[Role]], solid: bool, timed: bool, first: str) -> bool:
    """Whether these labels are a letter's header, and not somebody's own list ("From: the mill, To: the library")."""
    distinct = _distinct(seen)
    if distinct >= 3:
        return solid or timed
    named = any("from" in roles for roles in seen)
    return distinct == 2 and solid and ((named and bool(_ADDRESS.search(first[:300]))) or timed)


def _distinct(seen: list[frozenset[Role]]) -> int:
    """How many different things the labels can mean together; a label of many meanings counts once."""
    taken: set[Role] = set()
    for roles in sorted(seen, key=len):
        free = roles - taken
        if free:
            taken.add(min(free))
    return len(taken)


def _in_one_line(text: str) -> bool:
    """Whether a whole header stands in one line, as programs leave it that drop a table or a list around it."""
    if len(text) > 600 or text.count(":") < 3 or "from" not in label_of(text)[0]:
        return False
    seen: list[frozenset[Role]] = []
    for piece in text.split(":")[:-1]:
        words = piece.casefold().strip(_LABEL_EDGES).split()
        for size in (1, 2, 3):
            label = " ".join(words[-size:]).strip(_LABEL_EDGES)
            if label in LABELS:
                seen.append(LABELS[label])
                break
    subject = any("subject" in roles for roles in seen)
    return _distinct(seen) >= 3 and subject and bool(_TIME.search(text) or _ADDRESS.search(text))


def table_start(lines: list[Line], at: int) -> int | None:
    """Where the table of Lotus Notes begins that has its "To" on the line `at`; None when there is none.

    Notes writes the writer, the time, then "To", "cc" and "Subject" on lines of their own, without colons.
    """
    if not _is_alone(lines[at].text, "to"):
        return None
    if not any(_is_alone(line.text, "subject") for line in lines[at + 1 : at + 14]):
        return None
    first, written = at, 0
    timed = False
    while first > 0 and written < 4 and lines[first - 1].own:
        above = lines[first - 1]
        if not above.blank:
            if len(above.text) > 120:
                break
            written += 1
            if _TIME.search(above.text) and _YEAR.search(above.text):
                timed = True
            elif timed:
                return first - 1  # the writer's line, above the time
        first -= 1
    return first if timed else None


def _is_alone(text: str, role: Role) -> bool:
    """Whether a line is nothing but a label, or a label and a tabulator."""
    label = text.strip(" \t\xa0*_|").split("\t")[0].strip(_LABEL_EDGES)
    return 0 < len(label) <= _LONGEST_LABEL and role in LABELS.get(label.casefold(), frozenset())
