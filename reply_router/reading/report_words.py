"""A report's own words, apart from the letter it returned, and the addresses they speak of."""

import re
from dataclasses import dataclass, replace
from typing import Final

from reply_router.reading import bounce_phrases as phrases
from reply_router.reading.delivery_status import ADDRESS, MOST_RECIPIENTS
from reply_router.reading.failures import coded, has, of_words
from reply_router.reading.letter import JUDGED, Letter
from reply_router.reading.values import Recipient

_MOST_LINES: Final = 600
_LONGEST_LINE: Final = 1_000
#: How many lines after an address still speak of it.
_NEAR: Final = 8
#: The first line of a letter's header pasted into a report.
_PASTED: Final = re.compile(
    r"\s*+>?\s*+(?:return-path|received|message-id|mime-version|x-[a-z-]+|dkim-signature): ?\S", re.IGNORECASE
)
_FROM: Final = re.compile(r"^[ \t>]*from: [^\n]{3,300}", re.IGNORECASE | re.MULTILINE)
_EDGE: Final = " \t<>*-:;,\"'.[]()|=»«•·"
_CODE_BEFORE: Final = re.compile(r"^\W*(?:[45]\d\d|[45]\.\d+\.\d+)(?:[ -]+[45]\.\d+\.\d+)?\W*$")
_ON_A_DAY: Final = re.compile(r"[>\s]*(?:;)? on (?:[a-z]{2,4}\.?,? )?\d", re.IGNORECASE)
_GOES_ON: Final = re.compile(r"[>'\"]?,? [a-z]{2,}")
_SMTP_IS: Final = re.compile(r"^(?:smtp|rfc822|addr|address|to|rcpt|recipient)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server wrote itself: its subject and lines, and all of it as the tables have it.

    `pasted` is the letter it returned below its own words, `ours` are the addresses it comes from and goes to, and that
    one came from: not whom it speaks of.
    """

    subject: str
    lines: tuple[str, ...]
    pasted: str
    folded: str
    ours: frozenset[str]

    @property
    def text(self) -> str:
        """Subject and words, as they were written."""
        return "\n".join((self.subject, *self.lines))


def folded(text: str) -> str:
    """The text as the tables of phrases have it."""
    return text.casefold().replace("’", "'").replace("\xa0", " ")


def report_of(letter: Letter) -> Report:
    """The letter's own words up to the letter that it returned, and that one's text."""
    report = report_in(letter.subject, letter.body)
    return replace(report, ours=_ours(letter, report.pasted))


def report_in(subject: str, body: str) -> Report:
    """The same of a subject and a readable text alone."""
    lines = [one[:_LONGEST_LINE] for one in body[:JUDGED].split("\n")[:_MOST_LINES]]
    cut = next((at for at, line in enumerate(lines) if _returns(line, at)), len(lines))
    own = tuple(lines[:cut])
    begins = cut if cut < len(lines) and _PASTED.match(lines[cut]) else cut + 1
    return Report(subject[:500], own, "\n".join(lines[begins:]), folded("\n".join(own)), frozenset())


def _returns(line: str, at: int) -> bool:
    """Whether the returned letter begins here: a line that is a heading of it, or its first header field."""
    bare = line.strip(_EDGE + "_#+~")
    if len(bare) > 110 or not bare:
        return False
    if at > 1 and _PASTED.match(line):
        return True
    lowered = folded(bare)
    if lowered.startswith(phrases.RETURNED):
        return at > 0
    heading = line.strip()[-1] in ":-=*_" or line.strip()[0] in "-=*_"
    return heading and at > 0 and " not " not in lowered and has(lowered, phrases.RETURNED)


def listed(_letter: Letter, report: Report) -> list[Recipient]:
    """The addresses that stand where a report lists whom it did not reach: first on a line, or after a label."""
    return _told(report, _mentions(report, sure=True))


def tells_of_one(letter: Letter, report: Report) -> bool:
    """Whether a failure is told in the very line of a listed address, or in a line above it that leads to it."""
    addresses = [one.address for one in listed(letter, report)]
    above = ""
    for line in report.lines:
        lowered = folded(line).strip()
        leads = above.endswith(":") or _ends_with(above, phrases.LOOSE_LABELS)
        if any(one in line for one in addresses) and has(f"{above} {lowered}" if leads else lowered, phrases.BODIES):
            return True
        above = lowered or above
    return False


def named(_letter: Letter, report: Report) -> list[Recipient]:
    """The first address that a report names at all, apart from our own and the server's."""
    return _told(report, _mentions(report, sure=False))[:1]


def told(report: Report, addresses: list[str]) -> list[Recipient]:
    """These addresses, with what the report says beside them, or else in all."""
    near: dict[str, list[str]] = {one: [] for one in addresses}
    for at, line in enumerate(report.lines):
        for one in addresses:
            if one in line:
                near[one].extend(report.lines[at : at + _NEAR])
    return _told(report, {one: "\n".join(lines) for one, lines in near.items()})


def _ours(letter: Letter, pasted: str) -> frozenset[str]:
    boxes = [*letter.headers.mailboxes("from", "to", "sender", "return-path")]
    for part in letter.parts_of("message/rfc822"):
        for inner in part.children[:1]:
            boxes += inner.headers.mailboxes("from", "sender", "return-path")
    found = {one.address.casefold() for one in boxes}
    from_line = _FROM.search(pasted[:JUDGED])
    return frozenset(found | {one.casefold() for one in ADDRESS.findall(from_line[0] if from_line else "")[:10]})


def _told(report: Report, near: dict[str, str]) -> list[Recipient]:
    found = []
    for address, text in list(near.items())[:MOST_RECIPIENTS]:
        verdict = of_words(text, report.text, alone=len(near) == 1)
        said = " ".join(text.split())[:500]
        found.append(Recipient(address, verdict.failure, verdict.status, said, verdict.lost))
    return found


def _mentions(report: Report, sure: bool) -> dict[str, str]:
    """Each address with the lines that speak of it: up to the next address, and wherever else it is named."""
    heading = next((at for at, line in enumerate(report.lines) if has(folded(line), phrases.LISTED)), 0)
    return _found_in(report, report.lines[heading:], sure) or (_found_in(report, report.lines, sure) if heading else {})


def _found_in(report: Report, lines: tuple[str, ...], sure: bool) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    current: str | None = None
    left = 0
    before = ""
    for line in lines:
        for match in list(ADDRESS.finditer(line))[:20]:
            address = _SMTP_IS.sub("", match[0]).strip(".'`=-")
            key = address.casefold()
            if "@" not in address or key in report.ours or key.partition("@")[0] in phrases.ROLES:
                continue
            if has(folded(line[: match.start()]), phrases.CONTACTS):
                continue
            if key in found or not sure or _stands_first(line, match, before) or _is_labelled(line, match):
                spelled.setdefault(key, address)
                found.setdefault(key, [])
                current, left = key, _NEAR
        if current is not None and left > 0:
            found[current].append(line)
            left -= 1
        before = line.strip()
    return {spelled[key]: "\n".join(lines) for key, lines in found.items()}


def _stands_first(line: str, match: re.Match[str], previous: str) -> bool:
    """Whether the address begins the line, and not only because a sentence was broken before it."""
    before = line[: match.start()]
    if before.strip(_EDGE) and not _CODE_BEFORE.match(before) and not _SMTP_IS.match(match[0]):
        return False
    return not (previous[-1:].isalnum() or previous.endswith(",")) or not _GOES_ON.match(line, match.end())


def _is_labelled(line: str, match: re.Match[str]) -> bool:
    if _ON_A_DAY.match(line, match.end()):
        return True
    before = folded(line[: match.start()]).rstrip(_EDGE + "`{").removesuffix("smtp").rstrip(_EDGE)
    if _ends_with(before, phrases.LABELS):
        return True
    return _ends_with(before, phrases.LOOSE_LABELS) and (has(folded(line), phrases.BODIES) or coded(line))


def _ends_with(before: str, labels: tuple[str, ...]) -> bool:
    """Whether the words before an address end with one of these labels, as a word of its own."""
    for label in labels:
        if before.endswith(label):
            head = before[: len(before) - len(label)]
            if not head or not head[-1].isalnum():
                return True
    return False
