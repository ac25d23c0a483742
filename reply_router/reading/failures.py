"""What a server's code and words mean for an address: for good, for now, or arrived, and the most telling status.

A code is RFC 3463's (5.1.1) or SMTP's own (550); where a server gave neither, or only a bare x.0.0, its words count.
Class 4 may pass and class 5 will not (RFC 3463 section 2). A report in words that says that the server's time for the
letter is over is final, whatever code stands beside it; a report of fields is taken at its fields.
"""

import re
from dataclasses import dataclass
from typing import Final

from reply_router.reading import bounce_phrases as phrases
from reply_router.reading.values import Failure

_STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]\d|\d)")
_FAILED_STATUS: Final = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]\d|\d)")
#: An SMTP code, and nothing that merely looks like one: a telephone number, an amount, a port, part of an address.
_REPLY_CODE: Final = re.compile(
    r"(?<![\w.\-/:@])([45])[0-7]\d(?=[ \-:;,.)\]\"'>]|$)(?!\)? ?\d{3}[ .-]\d|-\d|[.,]\d| ?(?:bytes|octets|k|kb|mb"
    r"|ms|s|sec|seconds|minutes|hours|days|times|lines|people|members|recipients|messages|attempts|characters|words)\b)",
    re.MULTILINE,
)
#: The remote server's whole answer: both codes, which agree.
_WHOLE_ANSWER: Final = re.compile(r"(?<![\w.])([45])[0-7]\d[ -]\s*#?((\d)\.\d{1,3}\.\d{1,3})(?![\d.]\d|\d)")
_LONGEST: Final = 4_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report says of one address: class, most telling status, and whether the server gave this letter up.

    A letter may be lost for a reason that passes: its address is good again tomorrow, the letter does not come.
    """

    failure: Failure
    status: str
    lost: bool = False


def status_in(text: str) -> str:
    """The first status of a failure in these words, or nothing."""
    found = _FAILED_STATUS.search(text)
    return found[0] if found else ""


def coded(text: str) -> bool:
    """Whether these words hold a code of failure at all."""
    return bool(_FAILED_STATUS.search(text) or _REPLY_CODE.search(text))


def has(text: str, table: tuple[str, ...]) -> bool:
    """Whether the (case-folded) text holds one of the table's phrases."""
    for one in table:  # noqa: SIM110 (a third of the time of `any`, and every letter comes by here)
        if one in text:
            return True
    return False


def of_fields(action: str, status: str, said: str, beside: str = "") -> Verdict:
    """What one recipient's fields say (RFC 3464 section 2.3).

    `said` is the remote server's answer; words `beside` the fields, the subject first, count where it
    tells nothing.
    """
    match_ = _STATUS.search(status)
    status = match_[0] if match_ else ""
    said = said[:_LONGEST]
    whole = _WHOLE_ANSWER.search(said)
    if whole is not None and whole[1] == whole[3] and status[:1] != whole[1]:
        status = whole[2]
    elif not status or status.endswith(".0.0"):
        status = status_in(said) or status
    match action:
        case "delivered" | "relayed" | "expanded":
            return Verdict(Failure.DELIVERED, status)
        case "delayed":
            return Verdict(Failure.TEMPORARY, status)
        case _:
            code = _REPLY_CODE.search(said)
            return _failed(status, code[1] if code else "", said.casefold(), beside.casefold())


def _failed(status: str, code: str, said: str, beside: str) -> Verdict:
    """A failure the server calls one: the status' class, then the code's; what tells nothing is read from the words."""
    first = status[:1] or code
    if first == "2":
        return Verdict(Failure.DELIVERED, status)
    if not status or status.endswith(".0.0"):
        if has(said, phrases.TIME_OVER) or has(beside.partition("\n")[0], phrases.TIME_OVER):
            return Verdict(Failure.PERMANENT, f"{first or '5'}.4.7", lost=True)
        detail = _detail(said) or _detail(beside)
        status = f"{first or '5'}.{detail}" if detail else status
    return Verdict(Failure.TEMPORARY if first == "4" else Failure.PERMANENT, status, lost=True)


def of_words(near: str, report: str, alone: bool = True) -> Verdict:
    """What a report in words says of one address: `near` stands beside it, `report` is all of it, subject included.

    Unless it speaks of one address `alone`, a code elsewhere in the report may be another's.
    """
    near, report = near[:_LONGEST], report[: 4 * _LONGEST]
    status, code = status_in(near), _REPLY_CODE.search(near)
    if alone and not status and code is None:
        status, code = status_in(report), _REPLY_CODE.search(report)
    first = status[:1] or (code[1] if code else "")
    beside, whole = near.casefold(), report.casefold()
    meant = beside if not alone or _detail(beside) else whole
    over = has(whole if alone else beside, phrases.TIME_OVER)
    if first != "5" and has(whole, phrases.STILL_TRYING):
        return Verdict(Failure.TEMPORARY, _telling(status, "4", meant))
    if over:
        return Verdict(Failure.PERMANENT, _telling(status, first or "5", meant), lost=True)
    if not first:
        passing = has(whole, phrases.MAY_PASS) and not has(whole, phrases.FOR_GOOD)
        first = "4" if passing else "5"
    return Verdict(Failure.TEMPORARY if first == "4" else Failure.PERMANENT, _telling(status, first, meant), lost=True)


def _telling(status: str, first: str, words: str) -> str:
    if status and not status.endswith(".0.0"):
        return status
    detail = _detail(words)
    return f"{first}.{detail}" if detail else status


def _detail(words: str) -> str:
    """The subject and detail of RFC 3463 that these (case-folded) words mean, such as 1.1 for an unknown user."""
    return next((detail for detail, table in phrases.REASONS if has(words, table)), "")
