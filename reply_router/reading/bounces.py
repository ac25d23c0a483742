"""Whether a letter reports on a delivery, for which addresses, and whether for good.

A report with a machine-readable part (RFC 3464), or a provider's notice, is read by its fields. One in words only is
believed when a mail server's name, or no sender at all, stands over a text that says so; a person's letter about a
bounce is neither. Whose words on the addresses count is the order of `WHO`: the first to name anybody wins.
"""

import re
from collections.abc import Callable
from typing import Final

from reply_router.reading import bounce_phrases as phrases
from reply_router.reading.delivery_status import ADDRESS, MOST_RECIPIENTS, delivery_status, fields_in
from reply_router.reading.failures import coded, has, of_words, status_in
from reply_router.reading.headers import Headers, parse_headers, words
from reply_router.reading.known_formats import known_formats
from reply_router.reading.letter import Letter
from reply_router.reading.provider_notice import provider_notice
from reply_router.reading.report_words import Report, folded, listed, named, report_in, report_of, tells_of_one, told
from reply_router.reading.values import Failure, Kind, Opinion, Original, Recipient

_ORIGINAL_PARTS: Final = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/global",
    "message/global-headers",
    "message/rfc822-headers",
)
_ANSWERS: Final = ("re:", "aw:", "antw:", "sv:", "vs:", "res:", "odp:", "rif:", "ynt:", "回复:", "答复:")
#: A person passes on to us what they got; a server never does.
_FORWARDS: Final = ("fwd:", "fw:", "wg:", "tr:", "rv:", "enc:", "doorst:", "vb:", "pd:", "i:", "转发:", "轉寄:")
_LIST_PROGRAMS: Final = re.compile(r".-(?:admin|owner|request|bounces?|help)$")
_FIELDS: Final = "It carries a mail server's delivery report (RFC 3464)."
_NOTICE: Final = "A mail provider's notice says that a letter did not arrive."
_WORDS: Final = "A mail server says in words that a letter was not delivered."
_ARRIVED: Final = "A mail server reports that our letter arrived."


def bounce(letter: Letter) -> Opinion | None:
    """A delivery report: of failures, of delays, or only of success (then it is plain machine mail)."""
    found = delivery_status(letter)
    if found is not None:
        return _judged(found or in_words(letter, report_of(letter))[0], _FIELDS)
    notice = provider_notice(letter)
    if notice is not None:
        return _judged(list(notice.recipients), _NOTICE) if notice.about != "complaint" else None
    if not _may_report(letter):
        return None
    report = report_of(letter)
    if _says_so(letter, report):
        found, why = in_words(letter, report)
        return Opinion(Kind.BOUNCE, f"{_WORDS} {why}", tuple(found))
    if _is_server(letter) and has(f"{folded(letter.subject)}\n{report.folded}", phrases.ARRIVED):
        whom = listed(letter, report)
        return Opinion(Kind.MACHINE, _ARRIVED, tuple(Recipient(one.address, Failure.DELIVERED, "") for one in whom))
    return None


def _may_report(letter: Letter) -> bool:
    """Whether its header leaves it open: of most letters this is all that needs to be looked at."""
    return (
        letter.headers.has("x-failed-recipients")
        or letter.tree.root.type == "multipart/report"
        or letter.null_sender
        or _is_server(letter)
        or _is_list_program(letter)
        or has(folded(letter.subject[:500]), phrases.SUBJECTS)
    )


def _judged(found: list[Recipient], why: str) -> Opinion:
    if found and all(one.failure is Failure.DELIVERED for one in found):
        return Opinion(Kind.MACHINE, _ARRIVED, tuple(found))
    return Opinion(Kind.BOUNCE, why, tuple(found))


def _is_server(letter: Letter) -> bool:
    """Whether a mail server's own name stands over the letter."""
    sender = letter.sender
    called = f"{sender.name} {sender.address.partition('@')[0]}" if sender else ""
    called = folded(called if called.strip() else letter.headers.first("from")[:200])
    return has(called, phrases.SERVERS)


def _says_so(letter: Letter, report: Report) -> bool:
    headers = letter.headers
    if headers.has("x-failed-recipients"):
        return True
    server = _is_server(letter) or letter.tree.root.type == "multipart/report"
    subject = folded(letter.subject[:500])
    by_subject = has(subject, phrases.SUBJECTS)
    returned = bool(letter.parts_of(*_ORIGINAL_PARTS)) or bool(report.pasted.strip())
    if not server and not letter.null_sender:
        if returned and _is_list_program(letter):
            return has(report.folded, phrases.BODIES) or has(f"{subject}\n{report.folded}", phrases.REFUSED_BY_LIST)
        if not by_subject or subject.startswith(_FORWARDS) or (subject.startswith(_ANSWERS) and _answers(letter)):
            return False
    by_body = has(report.folded, phrases.BODIES)
    has_code = coded("\n".join(report.lines))
    if (
        not has_code
        and has(f"{subject}\n{report.folded}", phrases.ARRIVED)
        and not has(report.folded, phrases.MAY_PASS)
    ):
        return False
    if server:
        return by_subject or by_body or has_code
    if letter.null_sender:
        return (by_body and (by_subject or has_code or returned)) or (by_subject and (has_code or returned))
    if _is_program(letter):
        return by_body and (has_code or returned or bool(named(letter, report)))
    # Under a person's name only what no person writes: a status, or an address right where its failure is told.
    return by_body and (bool(status_in("\n".join(report.lines))) or tells_of_one(letter, report))


def _answers(letter: Letter) -> bool:
    return letter.headers.has("in-reply-to") or letter.headers.has("references")


def _is_program(letter: Letter) -> bool:
    """Whether the sender's address says that nobody types under it."""
    sender = letter.sender
    return sender is not None and has(sender.address.partition("@")[0].casefold(), phrases.PROGRAMS)


def _is_list_program(letter: Letter) -> bool:
    sender = letter.sender
    local = sender.address.partition("@")[0].casefold() if sender else ""
    return bool(_LIST_PROGRAMS.search(local)) or letter.headers.has("x-mlserver")


def in_words(letter: Letter, report: Report) -> tuple[list[Recipient], str]:
    """The addresses that a report in words speaks of, by the first of `WHO` that names any, and why they are those."""
    for why, who in WHO:
        found = who(letter, report)
        if found:
            return found, why
    return [], "It names no address."


def failed_header(letter: Letter, report: Report) -> list[Recipient]:
    """The addresses in Exim's header X-Failed-Recipients."""
    values = letter.headers.every("x-failed-recipients")
    addresses = dict.fromkeys(one for value in values for one in ADDRESS.findall(value)[:MOST_RECIPIENTS])
    return told(report, list(addresses)[:MOST_RECIPIENTS])


def in_returned(letter: Letter, report: Report) -> list[Recipient]:
    """A report that names nobody speaks of the one person to whom the returned letter went, unless that was a list."""
    original = original_of(letter)
    if original is None:
        return []
    headers = dict(reversed(original.headers))
    if "list-id" in headers or "list-post" in headers or "x-beenthere" in headers:
        return []
    addresses = list(dict.fromkeys(ADDRESS.findall(headers.get("to", ""))))
    if len(addresses) != 1:
        return []
    verdict = of_words(report.text, report.text)
    return [Recipient(addresses[0], verdict.failure, verdict.status, lost=verdict.lost)]


def in_fields(letter: Letter, report: Report) -> list[Recipient]:
    """The addresses in a delivery report's fields that the server wrote among its words."""
    return fields_in("\n".join(report.lines), report.subject)


def in_report_returned(letter: Letter, report: Report) -> list[Recipient]:
    """A relay passes on, pasted below words of its own, the report that it got: what that one lists."""
    if not has(folded(report.pasted[:2_000]), phrases.SERVERS):
        return []
    head, _, body = report.pasted.replace("\r", "").partition("\n\n")
    return listed(letter, Report(head[:500], tuple(body.split("\n")[:200]), "", folded(body[:20_000]), report.ours))


#: Who is asked for the addresses of a report in words, in this order, and what is said when they are believed.
WHO: Final[tuple[tuple[str, Callable[[Letter, Report], list[Recipient]]], ...]] = (
    ("Its header X-Failed-Recipients names whom.", failed_header),
    ("Fields among its words name whom.", in_fields),
    ("It lists whom.", listed),
    ("flufl.bounce knows the format and says whom.", known_formats),
    ("It names one address.", named),
    ("The report that it passes on lists whom.", in_report_returned),
    ("It names nobody, so it is the one to whom the returned letter went.", in_returned),
)


def unnamed(subject: str, body: str) -> Recipient:
    """What a report in words that names nobody says of the one letter that it came back for."""
    report = report_in(subject, body)
    verdict = of_words(report.text, report.text)
    return Recipient("", verdict.failure, verdict.status, " ".join(report.text.split())[:500], verdict.lost)


def original_of(letter: Letter) -> Original | None:
    """The header of the letter that a report returned, with the Message-ID that leads to what we sent."""
    for part in letter.parts_of(*_ORIGINAL_PARTS):
        if part.children:
            headers = part.children[0].headers
        else:
            headers = parse_headers(letter.tree.content(part)[:200_000].lstrip())[0]
        if headers.fields:
            return _as_original(headers)
    notice = provider_notice(letter)
    if notice is not None:
        return notice.original
    pasted = _unindented(report_of(letter).pasted[:20_000])
    headers = parse_headers(pasted.encode("utf-8", "replace"))[0]
    known = sum(headers.has(one) for one in ("message-id", "from", "to", "subject", "date", "received", "return-path"))
    return _as_original(headers) if headers.has("message-id") or known > 1 else None


def _unindented(text: str) -> str:
    """The pasted letter without the margin that some programs give it."""
    lines = text.strip("\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip(" >|\t"))]
    return "\n".join(line.removeprefix(margin) for line in lines).lstrip()


def _as_original(headers: Headers) -> Original:
    ids = headers.ids("message-id")
    return Original(
        ids[0] if ids else None, tuple((name, words(value)[:2_000]) for name, value in headers.fields[:200])
    )
