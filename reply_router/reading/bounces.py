"""Whether a letter reports on a delivery, for which addresses, and whether for good.

A report with a machine-readable part (RFC 3464) is read by its fields. One in words only is believed when a mail
server's name, or no sender at all, stands over a text that says so; a person's letter about a bounce is neither.
"""

import re
from typing import Final

from reply_router.reading import bounce_phrases as phrases
from reply_router.reading.headers import Headers, parse_headers, words
from reply_router.reading.letter import JUDGED, Letter
from reply_router.reading.values import Failure, Kind, Opinion, Original, Recipient

_STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_FAILED_STATUS: Final = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.\-/:])([45])\d\d(?= |-|:|\)|\]|$)")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{1,180}[A-Za-z0-9]")
_ORIGINAL_PARTS: Final = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/global",
    "message/global-headers",
    "message/rfc822-headers",
)
_MOST_RECIPIENTS: Final = 100


def bounce(letter: Letter) -> Opinion | None:
    """A delivery report: of failures, of delays, or only of success (then it is plain machine mail)."""
    found = _machine_readable(letter)
    if found is not None:
        return _judged(found, "It carries a mail server's delivery report (RFC 3464).")
    if not _says_so(letter):
        return None
    found = _in_words(letter)
    return Opinion(Kind.BOUNCE, "A mail server says in words that a letter was not delivered.", tuple(found))


def _judged(found: list[Recipient], why: str) -> Opinion:
    if found and all(one.failure is Failure.DELIVERED for one in found):
        return Opinion(Kind.MACHINE, "A mail server reports that our letter arrived.", tuple(found))
    return Opinion(Kind.BOUNCE, why, tuple(found))


def _machine_readable(letter: Letter) -> list[Recipient] | None:
    parts = letter.parts_of("message/delivery-status", "message/global-delivery-status")
    if not parts:
        return None
    found: dict[tuple[str, Failure], Recipient] = {}
    for part in parts:
        raw = letter.tree.content(part)[:500_000].replace(b"\r\n", b"\n")
        groups = [parse_headers(group)[0] for group in raw.split(b"\n\n")[: _MOST_RECIPIENTS + 1] if group.strip()]
        for group in groups:
            one = _recipient(group)
            if one is not None:
                found.setdefault((one.address.lower(), one.failure), one)
    if not found:
        return _in_words(letter) or _failed_header(letter)
    return list(found.values())


def _recipient(group: Headers) -> Recipient | None:
    named = group.first("final-recipient") or group.first("original-recipient")
    if not named:
        return None
    address = _ADDRESS.search(named.partition(";")[2] or named)
    original = _ADDRESS.search(group.first("original-recipient"))
    action = group.first("action").split(" ")[0].strip("();").lower()
    status = _STATUS.search(group.first("status"))
    said = group.first("diagnostic-code")
    failure, code = classify(action, status[0] if status else "", said)
    # The original recipient is the address we wrote to; the final one is where a forwarding led.
    shown = (original[0] if original else "") or (address[0] if address else "")
    return Recipient(shown, failure, code, said[:500])


def classify(action: str, status: str, said: str) -> tuple[Failure, str]:
    """Whether a report is final, and the most telling status (RFC 3464 section 2.3.3, RFC 3463).

    A bare `x.0.0` tells nothing: what the remote server answered then counts, if it tells more.
    """
    inner = _FAILED_STATUS.search(said)
    code = _REPLY_CODE.search(said)
    if (not status or status.endswith(".0.0")) and inner is not None:
        status = inner[0]
    match action:
        case "delivered" | "relayed" | "expanded":
            return Failure.DELIVERED, status
        case "delayed":
            return Failure.TEMPORARY, status
        case _:
            first = status[:1] if status and not status.endswith(".0.0") else (code[1] if code else status[:1])
            if first == "2":
                return Failure.DELIVERED, status
            return (Failure.TEMPORARY if first == "4" else Failure.PERMANENT), status


def _says_so(letter: Letter) -> bool:
    if letter.headers.has("x-failed-recipients"):
        return True
    sender = letter.sender
    subject = letter.subject.casefold()[:500]
    named = f"{sender.name} {sender.address.partition('@')[0]}".casefold() if sender else ""
    if not named.strip():
        named = letter.headers.first("from").casefold()[:200]
    server = any(one in named for one in phrases.SERVERS)
    if subject.startswith(("re:", "aw:", "fwd:", "fw:", "sv:")) and not server and not letter.null_sender:
        return False
    by_subject = any(one in subject for one in phrases.SUBJECTS)
    body = _report_words(letter).casefold()
    by_body = any(one in body for one in phrases.BODIES)
    coded = bool(_FAILED_STATUS.search(body) or _REPLY_CODE.search(body))
    if server or letter.tree.root.type == "multipart/report":
        return by_subject or by_body or coded
    returned = bool(letter.parts_of(*_ORIGINAL_PARTS))
    if letter.null_sender:
        return by_body and (by_subject or coded or returned)
    return by_subject and by_body and (coded or returned)


def _report_words(letter: Letter) -> str:
    """The report's own words: the returned letter, when it was pasted below, is cut off."""
    body = letter.body[:JUDGED]
    folded = body.casefold()
    cut = min((at for at in (folded.find(one) for one in phrases.RETURNED) if at > 40), default=len(body))
    return body[:cut]


def _failed_header(letter: Letter) -> list[Recipient]:
    body = _report_words(letter)
    status = _FAILED_STATUS.search(body)
    failure = _class_of(body)
    return [
        Recipient(one, failure, status[0] if status else "")
        for value in letter.headers.every("x-failed-recipients")
        for one in _ADDRESS.findall(value)[:_MOST_RECIPIENTS]
    ]


def _class_of(text: str) -> Failure:
    lowered = text.casefold()
    if any(one in lowered for one in phrases.GIVEN_UP):
        return Failure.PERMANENT
    code = _FAILED_STATUS.search(text) or _REPLY_CODE.search(text)
    if code is not None:
        return Failure.TEMPORARY if code[1] == "4" else Failure.PERMANENT
    return Failure.TEMPORARY if any(one in lowered for one in phrases.TEMPORARY) else Failure.PERMANENT


def _in_words(letter: Letter) -> list[Recipient]:
    """The addresses a report in words speaks of: those that begin a line, else the first it names."""
    listed = _failed_header(letter)
    if listed:
        return listed
    body = _report_words(letter)
    lowered = body.casefold()
    listed_at = min((at for at in (lowered.find(one) for one in phrases.LISTED) if at >= 0), default=0)
    ours = {one.address.casefold() for one in letter.headers.mailboxes("from", "to", "sender", "return-path")}
    begin: dict[str, str] = {}
    named: dict[str, str] = {}
    lines = body[listed_at:].splitlines()
    for place, line in enumerate(lines):
        bare = line.strip(" \t<>*-:;,\"'.[]()")
        for match in list(_ADDRESS.finditer(line))[:10]:
            address = match[0].strip(".'`")
            local = address.partition("@")[0].casefold()
            if address.casefold() in ours or local in ("postmaster", "mailer-daemon", "abuse", "support", "helpdesk"):
                continue
            near = "\n".join(lines[place : place + 6])
            named.setdefault(address, near)
            if bare.startswith(address) or line.lstrip().startswith(("<", "RCPT", "to ", "To:")) or bare == address:
                begin.setdefault(address, near)
    chosen = begin or dict(list(named.items())[:1])
    whole = _class_of(f"{letter.subject}\n{body}")
    found = []
    for address, near in list(chosen.items())[:_MOST_RECIPIENTS]:
        status = _FAILED_STATUS.search(near) or _FAILED_STATUS.search(body)
        told = _FAILED_STATUS.search(near) or _REPLY_CODE.search(near)
        failure = _class_of(near) if told else whole
        found.append(Recipient(address, failure, status[0] if status else ""))
    return found or _from_returned(letter, whole)


def _from_returned(letter: Letter, failure: Failure) -> list[Recipient]:
    """A report that names nobody speaks of the one person to whom the returned letter went."""
    original = original_of(letter)
    named = dict(original.headers).get("to", "") if original else ""
    addresses = list(dict.fromkeys(_ADDRESS.findall(named)))
    return [Recipient(addresses[0], failure, "")] if len(addresses) == 1 else []


def original_of(letter: Letter) -> Original | None:
    """The header of the letter that a report returned, with the Message-ID that leads to what we sent."""
    for part in letter.parts_of(*_ORIGINAL_PARTS):
        if part.children:
            headers = part.children[0].headers
        else:
            headers = parse_headers(letter.tree.content(part)[:200_000].lstrip())[0]
        if headers.fields:
            return _as_original(headers)
    at = -1
    lowered = letter.body[:JUDGED].casefold()
    for sign in phrases.RETURNED:
        at = max(at, lowered.find(sign))
    if at >= 0:
        pasted = letter.body[at : at + 20_000].partition("\n")[2].lstrip().encode("utf-8", "replace")
        headers = parse_headers(pasted)[0]
        if headers.has("message-id"):
            return _as_original(headers)
    return None


def _as_original(headers: Headers) -> Original:
    ids = headers.ids("message-id")
    return Original(
        ids[0] if ids else None, tuple((name, words(value)[:2_000]) for name, value in headers.fields[:200])
    )
