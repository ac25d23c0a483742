"""A report's own words, apart from the letter it returned, and the addresses they speak of."""

import re
from dataclasses import dataclass
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
    r"\s*>?\s*(?:return-path|received|message-id|mime-version|x-[a-z-]+|dkim-signature): ?\S", re.IGNORECASE
)
_EDGE: Final = " \t<>*-:;,\"'.[]()|=»«•·"
_CODE_BEFORE: Final = re.compile(r"^\W*(?:[45]\d\d|[45]\.\d+\.\d+)(?:[ -]+[45]\.\d+\.\d+)?\W*$")
_ON_A_DAY: Final = re.compile(r"[>\s]*(?:;)? on (?:[a-z]{2,4}\.?,? )?\d", re.IGNORECASE)
_SMTP_IS: Final = re.compile(r"^(?:smtp|rfc822|addr|address|to|rcpt|recipient)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server wrote itself: its subject, its lines, and all of it case-folded with straight apostrophes."""

    subject: str
    lines: tuple[str, ...]
    pasted: str
    folded: str

    @property
    def text(self) -> str:
        """Subject and words, as they were written."""
        return "\n".join((self.subject, *self.lines))


def folded(text: str) -> str:
    """The text as the tables of phrases have it."""
    return text.casefold().replace("’", "'").replace("\xa0", " ")


def report_of(letter: Letter) -> Report:
    """The letter's own words up to the letter that it returned, and that one's text."""
    lines = [one[:_LONGEST_LINE] for one in letter.body[:JUDGED].split("\n")[:_MOST_LINES]]
    cut = next((at for at, line in enumerate(lines) if _returns(line, at)), len(lines))
    own = tuple(lines[:cut])
    begins = cut if cut < len(lines) and _PASTED.match(lines[cut]) else cut + 1
    subject = letter.subject[:500]
    return Report(subject, own, "\n".join(lines[begins:]), folded("\n".join(own)))


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
    return heading and at > 0 and has(lowered, phrases.RETURNED)


def listed(letter: Letter, report: Report) -> list[Recipient]:
    """The addresses that stand where a report lists whom it did not reach: first on a line, or after a label."""
    return _told(report, _mentions(letter, report, sure=True))


def named(letter: Letter, report: Report) -> list[Recipient]:
    """The first address that a report names at all, apart from our own and the server's."""
    return _told(report, _mentions(letter, report, sure=False))[:1]


def told(report: Report, addresses: list[str]) -> list[Recipient]:
    """These addresses, with what the report says beside them, or else in all."""
    near: dict[str, list[str]] = {one: [] for one in addresses}
    for at, line in enumerate(report.lines):
        for one in addresses:
            if one in line:
                near[one].extend(report.lines[at : at + _NEAR])
    return _told(report, {one: "\n".join(lines) for one, lines in near.items()})


def _told(report: Report, near: dict[str, str]) -> list[Recipient]:
    found = []
    for address, text in list(near.items())[:MOST_RECIPIENTS]:
        failure, status = of_words(text, report.text, alone=len(near) == 1)
        found.append(Recipient(address, failure, status, " ".join(text.split())[:500]))
    return found


def _mentions(letter: Letter, report: Report, sure: bool) -> dict[str, str]:
    """Each address with the lines that speak of it: up to the next address, and wherever else it is named."""
    ours = {one.address.casefold() for one in letter.headers.mailboxes("from", "to", "sender", "return-path")}
    begins = next((at for at, line in enumerate(report.lines) if has(folded(line), phrases.LISTED)), 0)
    found: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    current: str | None = None
    left = 0
    for line in report.lines[begins:]:
        for match in list(ADDRESS.finditer(line))[:20]:
            address = _SMTP_IS.sub("", match[0]).strip(".'`=-")
            key = address.casefold()
            if "@" not in address or key in ours or key.partition("@")[0] in phrases.ROLES:
                continue
            if has(folded(line[: match.start()]), phrases.CONTACTS):
                continue
            if key in found or not sure or _stands_first(line, match) or _is_labelled(line, match):
                spelled.setdefault(key, address)
                found.setdefault(key, [])
                current, left = key, _NEAR
        if current is not None and left > 0:
            found[current].append(line)
            left -= 1
    return {spelled[key]: "\n".join(lines) for key, lines in found.items()}


def _stands_first(line: str, match: re.Match[str]) -> bool:
    before = line[: match.start()]
    return not before.strip(_EDGE) or bool(_CODE_BEFORE.match(before)) or bool(_SMTP_IS.match(match[0]))


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
