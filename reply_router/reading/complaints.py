"""A mail provider's report that somebody pressed "this is spam" on one of our letters (RFC 5965, and older ways)."""

import re
from typing import Final

from reply_router.reading.letter import JUDGED, Letter
from reply_router.reading.provider_notice import provider_notice
from reply_router.reading.values import Kind, Opinion

_REPORT_TYPES: Final = ("feedback-report", "abuse-report", "abuse-feedback-report")
_TYPE: Final = re.compile(r"^feedback-type: *([a-z-]+)", re.IGNORECASE | re.MULTILINE)
_AGENT: Final = re.compile(
    r"^(?:user-agent|version|original-mail-from|arrival-date|source-ip): ?\S", re.I | re.MULTILINE
)
#: RFC 6591 and RFC 5965 section 7.3: reports that nobody complained, or that a program did.
_NO_COMPLAINT: Final = ("auth-failure", "not-spam", "dmarc")
#: What programs that know no RFC 5965 write over a letter they send back as spam.
_SUBJECTS: Final = (
    "complaint about message from",
    "email feedback report for",
    "abuse report for",
    "spam report for",
    "spam complaint",
    "junk mail report",
)
_SENDERS: Final = (
    "feedback",
    "feedbackloop",
    "fbl",
    "scomp",
    "complaints",
    "complaint",
    "abuse",
    "staff",
    "jmrp",
    "arf",
)
_MARKS: Final = ("x-hmxmroriginalrecipient", "x-complaint-original-recipient")


def complaint(letter: Letter) -> Opinion | None:
    """The letter is a feedback report, unless it reports on authentication (RFC 6591) or takes a complaint back."""
    notice = provider_notice(letter)
    if notice is not None:
        said = "Amazon SES reports that somebody called one of our letters spam."
        return Opinion(Kind.COMPLAINT, said, notice.recipients) if notice.about == "complaint" else None
    kind = _feedback_type(letter)
    if kind in _NO_COMPLAINT:
        return Opinion(Kind.MACHINE, f"It is a provider's report of type {kind}, not a complaint.")
    if kind is not None:
        return Opinion(Kind.COMPLAINT, "A mail provider reports that somebody called one of our letters spam.")
    if any(part.headers.has(mark) for part in letter.tree.parts for mark in _MARKS):
        return Opinion(Kind.COMPLAINT, "Outlook.com reports that somebody called one of our letters junk.")
    if _sent_back(letter):
        return Opinion(Kind.COMPLAINT, "A mail provider sent one of our letters back as a complaint.")
    return None


def _feedback_type(letter: Letter) -> str | None:
    """What the report calls itself; "" when it does not say, None when it is no such report."""
    parts = letter.parts_of("message/feedback-report")
    if parts:
        found = _TYPE.search(letter.tree.text(parts[0])[:JUDGED])
        return found[1].lower() if found else ""
    if letter.tree.root.options.get("report-type", "").lower() in _REPORT_TYPES:
        found = _TYPE.search(letter.body[:JUDGED])
        return found[1].lower() if found else ""
    found = _TYPE.search(letter.body[:JUDGED])
    if found is not None and _AGENT.search(letter.body[:JUDGED]):
        return found[1].lower()  # its fields stand among its words
    return None


def _sent_back(letter: Letter) -> bool:
    if not letter.parts_of("message/rfc822", "text/rfc822-headers"):
        return False
    sender = letter.sender
    local = sender.address.partition("@")[0].casefold() if sender else ""
    subject = letter.subject.casefold().removeprefix("fw: ").removeprefix("fwd: ")
    return local in _SENDERS and subject.startswith(_SUBJECTS)
