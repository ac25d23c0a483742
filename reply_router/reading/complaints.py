"""A mail provider's feedback report: somebody pressed "this is spam" on one of our letters (RFC 5965)."""

from reply_router.reading.letter import Letter
from reply_router.reading.values import Kind, Opinion


def complaint(letter: Letter) -> Opinion | None:
    """The letter is a feedback report, unless it reports on authentication only (RFC 6591)."""
    reports = letter.parts_of("message/feedback-report")
    if not reports and _hotmail(letter):
        return Opinion(Kind.COMPLAINT, "Outlook.com reports that somebody called one of our letters junk.")
    if not reports and letter.tree.root.options.get("report-type", "").lower() != "feedback-report":
        return None
    said = letter.tree.text(reports[0])[:20_000].casefold() if reports else ""
    if "feedback-type: auth-failure" in said:
        return Opinion(Kind.MACHINE, "It is a provider's report on mail authentication, not a complaint.")
    return Opinion(Kind.COMPLAINT, "A mail provider reports that somebody called one of our letters spam.")


def _hotmail(letter: Letter) -> bool:
    """Outlook.com's Junk Mail Reporting Program sends the letter alone, marked by a header of its own."""
    return letter.subject.casefold().startswith("complaint about message from") and any(
        part.headers.has("x-hmxmroriginalrecipient") for part in letter.tree.parts
    )
