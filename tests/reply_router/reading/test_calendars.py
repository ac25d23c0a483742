"""Calendar files and the calendar parts of letters: what they want, and what everybody invited says."""

import pytest

from reply_router.reading import Attendee, Kind, read, read_calendar

ANSWER = """BEGIN:VCALENDAR
PRODID:-//Hill Calendar//EN
VERSION:2.0
METHOD:REPLY
BEGIN:VEVENT
UID:supper-7@in.hearth.example
SEQUENCE:2
SUMMARY:Supper at the mill\\, second try
COMMENT:I come later\\, after the late shift.
ATTENDEE;CN="Okafor, Dana";PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:dana@hill.example
BEGIN:VALARM
ATTENDEE:mailto:alarm@hill.example
SUMMARY:Wake up
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def test_an_answer_to_an_invitation_is_read_whole() -> None:
    reading = read_calendar(ANSWER.replace("\n", "\r\n").encode())
    assert reading.kind is Kind.CALENDAR_REPLY
    assert reading.subject == "Supper at the mill, second try"
    assert reading.text == "I come later, after the late shift."
    calendar = reading.calendar
    assert calendar is not None
    assert (calendar.method, calendar.uid, calendar.sequence) == ("REPLY", "supper-7@in.hearth.example", 2)
    assert calendar.attendees == (Attendee("dana@hill.example", "ACCEPTED", "Okafor, Dana"),)


@pytest.mark.parametrize("method", ["REQUEST", "PUBLISH", "CANCEL", ""])
def test_a_calendar_that_answers_nothing_is_a_machines(method: str) -> None:
    file = ANSWER.replace("METHOD:REPLY\n", f"METHOD:{method}\n" if method else "")
    reading = read_calendar(file.encode())
    assert reading.kind is Kind.MACHINE
    assert reading.calendar is not None
    assert reading.calendar.method == (method or None)


def test_a_letter_with_an_answer_carries_what_it_says() -> None:
    letter = (
        "From: dana@hill.example\nSubject: Accepted: Supper\nContent-Type: multipart/alternative; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nDana has accepted.\n"
        f"--b\nContent-Type: text/calendar; method=REPLY; charset=utf-8\n\n{ANSWER}\n--b--\n"
    )
    reading = read(letter.encode())
    assert reading.kind is Kind.CALENDAR_REPLY
    assert reading.calendar is not None
    assert reading.calendar.attendees[0].partstat == "ACCEPTED"
