"""Any bytes as a calendar file, and as the calendar part of a letter."""

from reply_router.reading import Kind, read_calendar
from reply_router.reading.calendar import ANSWERS, MOST_ATTENDEES
from tests.fuzz.readings import check_reading, check_strings, same

WORDS = (
    "BEGIN:VCALENDAR\r\n", "END:VCALENDAR\r\n", "BEGIN:VEVENT\r\n", "END:VEVENT\r\n", "BEGIN:VTIMEZONE\r\n",
    "END:VTIMEZONE\r\n", "BEGIN:VALARM\r\n", "END:VALARM\r\n", "METHOD:REPLY\r\n", "METHOD:REQUEST\r\n",
    "METHOD:COUNTER\r\n", "METHOD:CANCEL\r\n", "VERSION:2.0\r\n", "PRODID:-//x//EN\r\n", "UID:e.1@hearth.example\r\n",
    "ATTENDEE;PARTSTAT=ACCEPTED;CN=Dana:mailto:dana@hill.example\r\n", "ORGANIZER:mailto:maya@hill.example\r\n",
    "ATTENDEE;PARTSTAT=DECLINED:MAILTO:dana@hill.example\r\n", "PARTSTAT=TENTATIVE", "CN=\"", "^n", "\\n", "\\,",
    "DTSTART;TZID=Europe/Berlin:20260307T180000\r\n", "DTSTART;VALUE=DATE:20260307\r\n", "DTEND:20260307T200000Z\r\n",
    "DURATION:PT2H\r\n", "RRULE:FREQ=SECONDLY;COUNT=100000\r\n", "EXDATE:", "RDATE;VALUE=PERIOD:", "SUMMARY:", "\r\n ",
    "\n\t", "SEQUENCE:", "RECURRENCE-ID:", "DTSTAMP:", "TZOFFSETFROM:+0100\r\n", "TRIGGER:-PT15M\r\n", "GEO:1;2\r\n",
)  # fmt: skip

_HEAD = b"From: dana@hill.example\nSubject: Accepted: Supper\nContent-Type: text/calendar; method=REPLY\n\n"


def check(data: bytes) -> None:
    """Fails when the file breaks a promise of the reader."""
    check_reading(_HEAD + data)
    reading = read_calendar(data)
    assert same(reading) == same(read_calendar(data)), "a second reading differs"
    check_strings(reading)
    calendar = reading.calendar
    assert (calendar is None) == (reading.kind is Kind.UNREADABLE), reading.kind
    if calendar is not None:
        assert (reading.kind is Kind.CALENDAR_REPLY) == (calendar.method in ANSWERS), calendar.method
        assert len(calendar.attendees) <= MOST_ATTENDEES
        for one in calendar.attendees:
            assert len(one.address) <= 300 and "\n" not in one.address, one
