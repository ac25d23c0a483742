"""Calendar files and the calendar parts of letters: what they want, and what everybody invited says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_router.reading import Attendee, Kind, read, read_calendar
from tests.fuzz.growth import faster_than_its_length

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


def event(*lines: str, end: str = "END:VEVENT\nEND:VCALENDAR\n") -> bytes:
    """A calendar file with an answer of these lines."""
    return ("BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:u\n" + "\n".join(lines) + "\n" + end).encode()


@pytest.mark.parametrize(
    ("line", "address", "partstat"),
    [
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:dana@hill.example", "dana@hill.example", "DECLINED"),
        ("attendee;partstat=tentative:MAILTO:Dana@hill.example", "Dana@hill.example", "TENTATIVE"),
        ("ATTENDEE ; PARTSTAT = ACCEPTED : mailto:dana@hill.example", "dana@hill.example", "ACCEPTED"),
        ('ATTENDEE;CN="a;b:c,PARTSTAT=DECLINED";PARTSTAT=ACCEPTED:mailto:dana@hill.example', "dana@hill.example",
         "ACCEPTED"),
        ("ATTENDEE;PARTSTAT=ACCEP\n TED:mailto:dana@hi\n\tll.example", "dana@hill.example", "ACCEPTED"),
        ("ATTENDEE:mailto:dana@hill.example", "dana@hill.example", ""),
        ("ATTENDEE;PARTSTAT=ACCEPTED;EMAIL=dana@hill.example:urn:uuid:1", "dana@hill.example", "ACCEPTED"),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana%2Bhill@hill.example", "dana+hill@hill.example", "ACCEPTED"),
        ("ATTENDEE;PARTSTAT=ACCEPTED:dana@hill.example", "dana@hill.example", "ACCEPTED"),
        ("ATTENDEE;PARTSTAT=X-LATER;X-NUM=0:invalid:nomail", "invalid:nomail", "X-LATER"),
        ("ATTENDEE;ROLE=ATTENDEE;STATUS=CONFIRMED:dana@hill.example", "dana@hill.example", "CONFIRMED"),
    ],
)  # fmt: skip
def test_an_attendee_is_read_however_a_program_writes_the_line(line: str, address: str, partstat: str) -> None:
    calendar = read_calendar(event(line)).calendar
    assert calendar is not None
    assert [(one.address, one.partstat) for one in calendar.attendees] == [(address, partstat)]


@pytest.mark.parametrize(
    "raw",
    [
        event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example", end=""),
        event(
            "this is no line of a calendar",
            "DTSTART:never",
            ";;;",
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example",
        ),
        b"\xef\xbb\xbf" + event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example"),
        event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example").decode().encode("utf-16"),
        event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example").replace(b"\n", b"\r"),
        b"\r\n\r\n" + event("SUMMARY:Fr\xf6hlich", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example"),
        event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example") * 2,
        b"METHOD:REPLY\nUID:u\nATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example\nEND:VEVENT\nMETHOD:REPLY",
        event("BEGIN:VALARM", "END:VTODO", "END:VALARM", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@hill.example"),
    ],
)
def test_a_broken_or_odd_calendar_still_gives_its_answer(raw: bytes) -> None:
    calendar = read_calendar(raw).calendar
    assert calendar is not None
    assert (calendar.method, calendar.uid) == ("REPLY", "u")
    assert [(one.address, one.partstat) for one in calendar.attendees] == [("dana@hill.example", "ACCEPTED")]


@pytest.mark.parametrize("component", ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VALARM", "VTIMEZONE", "X-OWN"])
def test_a_bare_component_is_a_calendar_without_method(component: str) -> None:
    reading = read_calendar(f"BEGIN:{component}\nSUMMARY:x\nEND:{component}\n".encode())
    assert reading.kind is Kind.MACHINE
    assert reading.calendar is not None
    assert reading.calendar.method is None


@pytest.mark.parametrize("raw", [b"", b"\0\xff\xfe", b"Dear Maya,\nsee you on Saturday: at seven.", b":\n;=:\n" * 9])
def test_what_is_no_calendar_is_unreadable_and_shown(raw: bytes) -> None:
    reading = read_calendar(raw)
    assert reading.kind is Kind.UNREADABLE
    assert reading.calendar is None


@pytest.mark.parametrize(
    "unit",
    [
        "BEGIN:A\nEND:B\n",
        "ATTENDEE:a@b.example\n",
        ";A=B",
        'A;B="',
        "^n",
        "mailto",
        "\n ",
        "BEGIN:VEVENT\nUID:a\nATTENDEE:a@b.example\n",
    ],
)
def test_time_grows_with_the_length_of_a_calendar_and_not_faster(unit: str) -> None:
    assert not faster_than_its_length(
        read_calendar, lambda size: ("BEGIN:VCALENDAR\n" + unit * (size // len(unit))).encode()
    )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"BEGIN:VEVENT",
                b"END:VEVENT",
                b'ATTENDEE;CN="',
                b"METHOD:REPLY",
                b"\n",
                b" ",
                b";",
                b":",
                b"\xff",
                b"UID:\\",
            ]
        )
    )
)
def test_no_pile_of_pieces_of_calendars_raises(pieces: list[bytes]) -> None:
    assert read_calendar(b"".join(pieces)).kind in set(Kind)
