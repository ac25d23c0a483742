"""Checks of what machines send: our own tests and loops, the same again, reports, away notes, calendars.

Each says the sentence that is shown where it applies, else None. The order is the table's (reply_router.rules).
"""

from engine.base.tokens import Purpose
from reply_router.addresses import normal
from reply_router.case import Case, shortened
from reply_router.reading import Kind


def probe(case: Case) -> str | None:
    """Our own test of the way in."""
    if case.purpose is not Purpose.PROBE:
        return None
    if case.reading.kind is Kind.BOUNCE:
        return "A mail server gave our own test of the way in back to us."
    # Only what bears our mark is ours: words of somebody who wrote to that address are words.
    return "It is our own test of the way in." if case.own else None


def own(case: Case) -> str | None:
    """Our own mark, or a mail from one of our own signed addresses."""
    return "A letter of ours came back to us; answering it would go round in circles." if case.own else None


def duplicate(case: Case) -> str | None:
    """The same content came before for the same recipient."""
    if case.duplicate_of is None:
        return None
    return "The very same mail came before; its server sent it again. It stands in the conversation once."


def bounce(case: Case) -> str | None:
    """A report at the return path that only that letter has."""
    if case.reading.kind is not Kind.BOUNCE or case.purpose is not Purpose.RETURN_PATH:
        return None
    if case.is_told:
        return "Our mail provider says that this letter came back."
    return "A mail server gave our letter back, to the return path that only this letter has."


def foreign(case: Case) -> str | None:
    """A provider tells of somebody else's mail: its account sends more than ours."""
    if not case.is_foreign:
        return None
    return "Our mail provider tells of a mail that is none of ours: neither our mark nor our domain is on it."


def doubtful_bounce(case: Case) -> str | None:
    """A report anywhere else."""
    if case.reading.kind is not Kind.BOUNCE:
        return None
    if case.is_told:
        return (
            "Our mail provider says that a mail from our domain came back, but not which letter it was. Nobody’s "
            "address was rested because of it."
        )
    return (
        "It says that a letter of ours came back, but not to that letter’s own return path, so anybody could have "
        "written it. Nobody’s address was rested because of it."
    )


def complaint(case: Case) -> str | None:
    """A provider names the letter that was unwanted."""
    if case.reading.kind is not Kind.COMPLAINT or case.complained_of is None:
        return None
    return "A mail provider says that they called this letter unwanted. They get no more of its kind."


def doubtful_complaint(case: Case) -> str | None:
    """A provider names none."""
    if case.reading.kind is not Kind.COMPLAINT:
        return None
    return (
        "A mail provider says that somebody called a mail of ours unwanted, but not which one. Look in the original "
        "for who it was, and stop what they do not want."
    )


def machine(case: Case) -> str | None:
    """The mail says by itself, or by its form, that a machine wrote it."""
    if case.reading.kind not in (Kind.AUTO_REPLY, Kind.MACHINE):
        return None
    why = case.reading.why[0] if case.reading.why else "It says so itself."
    return f"A machine wrote it. {why}"


def junk(case: Case) -> str | None:
    """A stranger's mail that our mail server, or several signs together, call junk (E15)."""
    return case.junk or None


def calendar(case: Case) -> str | None:
    """A member answers an invitation from their calendar, for themselves."""
    # Nothing is done by it but that a person sees it: the member's own address, saying it of themselves, is enough.
    if case.reading.kind is not Kind.CALENDAR_REPLY or case.place.member is None or not case.place.known:
        return None
    if case.proof.failed:
        return None
    answer = answer_in(case)
    if answer is None or answer[2] != case.sender.address:
        return None
    says, what, _ = answer
    event = f"“{shortened(what)}”" if what else "it"
    return f"{case.who} answered an invitation from a calendar: {CALENDAR_SAYS[says]} {event}."


def doubtful_calendar(case: Case) -> str | None:
    """A calendar answers for somebody who is not proven to be the sender."""
    if case.reading.kind is not Kind.CALENDAR_REPLY:
        return None
    return (
        "A calendar answers an invitation, but nothing proves that it is the invited person’s. Nothing was changed: "
        "look who it was, and note it for them."
    )


#: What a calendar's answer says (RFC 5545 3.2.12; RFC 5546 3.2.7 for another time), and how a sentence says it.
CALENDAR_SAYS = {
    "accepted": "they come to",
    "declined": "they do not come to",
    "tentative": "they may come to",
    "counter": "they would like another time for",
    "answered": "they said something about",
}


def answer_in(case: Case) -> tuple[str, str, str] | None:
    """What a calendar's answer says (a key of CALENDAR_SAYS), of which event, and for whose address; None: nothing."""
    calendar = case.reading.calendar
    if calendar is None or not calendar.attendees:
        return None
    attendee = next(
        (each for each in calendar.attendees if normal(each.address) == case.sender.address), calendar.attendees[0]
    )
    says = "counter" if calendar.method == "COUNTER" else attendee.partstat.lower()
    return says if says in CALENDAR_SAYS else "answered", calendar.summary, normal(attendee.address)


def unreadable(case: Case) -> str | None:
    """A mail beyond what we read by machine."""
    if case.reading.kind is not Kind.UNREADABLE:
        return None
    return "It was too complicated to be read by machine. Nothing of it is lost: open the original."
