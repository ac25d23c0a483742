"""A calendar file has become a value: what it wants, which event it is about, and what each attendee says (RFC 5545).

Our own reading of the lines and not a library's: of a stranger's file we want six properties, wherever they stand and
however broken the rest is, while a parser of whole calendars refuses the file for one bad line, and works out time
zones by rules that the stranger wrote.
"""

import re
import time
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from reply_router.reading.charsets import decode, flat
from reply_router.reading.letter import Letter
from reply_router.reading.mime import LONGEST_TEXT, Part
from reply_router.reading.values import Attendee, Calendar, Kind, Opinion, Reading

#: The methods by which somebody who was invited answers (RFC 5546 sections 3.2.3 and 3.2.7).
ANSWERS: Final = frozenset({"REPLY", "COUNTER"})
CALENDAR_TYPES: Final = ("text/calendar", "application/ics", "text/x-vcalendar", "application/calendar")
MOST_ATTENDEES: Final = 1_000
#: A calendar's components stand in one another three deep.
_DEEPEST: Final = 20
#: Lines are folded by octets, so a letter may be cut in two: they are joined before anything is decoded (section 3.1).
_FOLD: Final = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
_NAME: Final = re.compile(r"\s*([A-Za-z0-9-]{1,60})\s*(?=[;:])")
_PARAMETER: Final = re.compile(r'\s*;\s*([^=;:"\s]{1,60})\s*=\s*("[^"]*"|[^";:]*)\s*')
_TEXT_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_CARET: Final = re.compile(r"\^([n^'])")
_MAILTO: Final = re.compile(r"mailto\s*\\?:\s*", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s<>\"(),:;@\[\]]{1,64}@[^\s<>\"(),:;@\[\]]{1,190}")
_UNREADABLE: Final = "There is no line of a calendar in it; open the original."


@dataclass(frozen=True, slots=True)
class _Property:
    """One content line: its name (upper case), its parameters by upper-case name, and its raw value."""

    name: str
    options: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """A TEXT value without its escapes (section 3.3.11)."""
        return _TEXT_ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value).strip()


def read_calendar(raw: bytes) -> Reading:
    """A calendar file's reading: `calendar`, the event's name as subject, and an attendee's comment as the words.

    An answer to an invitation is of kind calendar_reply, any other calendar of kind machine. Never raises.
    """
    began = time.perf_counter()
    calendar = calendar_of(raw)
    if calendar is None:
        shown = decode(raw[:100_000], None)
        reading = Reading(Kind.UNREADABLE, text=shown, body=shown, why=(_UNREADABLE,))
    else:
        kind = Kind.CALENDAR_REPLY if calendar.method in ANSWERS else Kind.MACHINE
        reading = Reading(
            kind,
            subject=calendar.summary or None,
            text=calendar.comment,
            body="\n\n".join(one for one in (calendar.summary, calendar.comment) if one),
            calendar=calendar,
            why=(_why(calendar),),
        )
    return replace(reading, seconds=time.perf_counter() - began)


def _why(calendar: Calendar) -> str:
    if calendar.method in ANSWERS:
        return f"It is an answer to an invitation: its method is {calendar.method}."
    if calendar.method:
        return f"It is a calendar, but no answer to an invitation: its method is {calendar.method}."
    return "It is a calendar that says no method, so no answer to an invitation."


def calendar_of(raw: bytes, charset: str | None = None, method: str = "") -> Calendar | None:
    """What a calendar says, or None when no line of it is one of a calendar's.

    `method` is the one its media type names, for a file that names none (RFC 6047 section 2.4). Of a file with several
    events the first event that has attendees counts, else the first; what stands in an alarm or a time zone is not its.
    """
    text = decode(_FOLD.sub(b"", raw[:LONGEST_TEXT]), charset)
    said, components = "", list[_Component]()
    open_: list[_Component] = []
    known = False
    for line in text.split("\n"):
        one = _property(line)
        if one is None:
            continue
        if one.name == "BEGIN":
            open_.append(_Component(one.value.strip().upper(), []))
            components.append(open_[-1])
            known = True
        elif one.name == "END":
            known = True
            _close(open_, one.value.strip().upper())
        elif one.name == "METHOD":
            said, known = said or flat(one.value).upper()[:40], True
        else:
            if not open_:
                open_.append(_Component("", []))
                components.append(open_[-1])
            known = known or one.name in _TOLD
            open_[-1].properties.append(one)
    return _told(said or method.upper(), components) if known else None


@dataclass(frozen=True, slots=True)
class _Component:
    name: str
    properties: list[_Property]

    def first(self, name: str) -> str:
        return next((one.text for one in self.properties if one.name == name), "")

    @property
    def attendees(self) -> tuple[Attendee, ...]:
        return tuple(_attendee(one) for one in self.properties if one.name == "ATTENDEE")


#: Properties that a bare snippet of an event is recognized by.
_TOLD: Final = frozenset(
    {"ATTENDEE", "DTSTART", "DTSTAMP", "DTEND", "UID", "SUMMARY", "PRODID", "TRIGGER", "RRULE", "TZID"}
)
_ASIDE: Final = frozenset(
    {"VALARM", "VTIMEZONE", "STANDARD", "DAYLIGHT", "AVAILABLE", "PARTICIPANT", "VLOCATION", "VRESOURCE"}
)


def _close(open_: list[_Component], name: str) -> None:
    """The innermost open component of this name ends, and with it whatever was forgotten inside."""
    if any(one.name == name for one in open_[-_DEEPEST:]):
        while open_ and open_.pop().name != name:
            pass


def _told(method: str, components: list[_Component]) -> Calendar:
    events = [one for one in components if one.name not in _ASIDE and one.name != "VCALENDAR"]
    event = next((one for one in events if any(each.name == "ATTENDEE" for each in one.properties)), None)
    if event is None:
        event = next(iter(events), _Component("", []))
    uid = event.first("UID")
    same = [one for one in events if one is event or (uid and one.first("UID") == uid)]
    attendees = dict.fromkeys(each for one in same for each in one.attendees)
    sequence = event.first("SEQUENCE")
    return Calendar(
        method or None,
        flat(uid)[:1_000],
        tuple(attendees)[:MOST_ATTENDEES],
        int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 10 else 0,
        flat(event.first("SUMMARY"))[:1_000],
        event.first("COMMENT")[:20_000],
    )


def _property(line: str) -> _Property | None:
    """The content line, or None for a line that is none (section 3.1); blanks around its signs are forgiven."""
    found = _NAME.match(line)
    if found is None:
        return None
    options: dict[str, str] = {}
    at = found.end()
    while (each := _PARAMETER.match(line, at)) is not None:
        options.setdefault(each[1].upper(), _caret(each[2].strip().strip('"')))
        at = each.end()
    colon = line.find(":", at)
    if colon < 0:
        return None
    return _Property(found[1].upper(), options, line[colon + 1 :])


def _caret(text: str) -> str:
    """A parameter's value without RFC 6868's escapes."""
    return _CARET.sub(lambda found: {"n": "\n", "^": "^", "'": '"'}[found[1]], text) if "^" in text else text


def _attendee(one: _Property) -> Attendee:
    said = flat(one.options.get("PARTSTAT", one.options.get("STATUS", ""))).upper()[:40]
    return Attendee(_address(one), said, flat(one.options.get("CN", ""))[:200])


def _address(one: _Property) -> str:
    """The address an attendee is known by: the mailto URI, else its EMAIL parameter (RFC 7986 section 6.2)."""
    value = one.value.strip()
    link = _MAILTO.search(value)
    if link is not None:
        value = unquote(value[link.end() :].partition("?")[0])
    for candidate in (value, one.options.get("EMAIL", "")):
        found = _ADDRESS.search(flat(candidate)[:1_000])
        if found is not None:
            return found[0]
    return flat(one.value)[:300]


def calendar_reply(letter: Letter) -> Opinion | None:
    """A part of it is a calendar with METHOD:REPLY."""
    for part in letter.parts_of(*CALENDAR_TYPES):
        if method_of(letter, part) in ANSWERS:
            return Opinion(Kind.CALENDAR_REPLY, "A calendar program answers an invitation in it.")
    return None


def calendar_in(letter: Letter) -> Calendar | None:
    """What the first calendar part of a letter says."""
    for part in letter.parts_of(*CALENDAR_TYPES):
        found = _of_part(letter, part)
        if found is not None:
            return found
    return None


def method_of(letter: Letter, part: Part) -> str:
    """The method of a calendar part: what the file itself says, else what its type says."""
    found = _of_part(letter, part)
    return (found.method if found else part.options.get("method", "").upper()) or ""


def _of_part(letter: Letter, part: Part) -> Calendar | None:
    return calendar_of(letter.tree.content(part), part.options.get("charset"), part.options.get("method", ""))
