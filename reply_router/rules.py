"""Rules: one ordered table that decides what becomes of everything that comes in. The first rule that applies decides.

Pure: the facts of a case were looked up before, and what a rule decides is done afterwards (reply_router.route). The
winning rule's name and sentence stand in Received.reason, and as "why it is here" in the conversation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.base.tokens import Purpose
from reply_router.addresses import ANYWHERE, Aim, Broken, Room, Signed, normal
from reply_router.find import Place, Sender
from reply_router.reading import Kind, Reading, Verb


class Filed(StrEnum):
    """Where words go once a rule has decided."""

    #: Only the received row says that it came.
    NOWHERE = "nowhere"
    #: Folded in the member's timeline as what a machine wrote.
    MACHINE = "machine"
    #: In the conversation that was found, or a new one.
    PLACE = "place"
    #: In a conversation of its own with whoever wrote, linked to nobody.
    APART = "apart"
    #: A private note in the conversation that the staff address names.
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Case:
    """One received row as the rules see it."""

    reading: Reading
    sender: Sender
    place: Place
    #: What the envelope's recipient says.
    aim: Aim = ANYWHERE
    #: It carries a mark that only we can make, or comes from one of our own signed addresses.
    own: bool = False
    #: The row that was filed before with the same content for the same recipient.
    duplicate_of: int | None = None
    #: The delivery of ours that a complaint names, proven by what only we can make.
    complained_of: int | None = None
    #: The words are an answer to what the letter before them asked, whatever else they may mean.
    answers: bool = False
    #: The organizer behind a staff address: their id and name when they may answer there and wrote from an address of
    #: theirs.
    organizer_id: int | None = None
    organizer: str = ""

    @property
    def purpose(self) -> Purpose | None:
        """What the envelope's recipient was made for, when we made it."""
        return self.aim.token.purpose if isinstance(self.aim, Signed) else None

    @property
    def who(self) -> str:
        """How sentences call whoever wrote."""
        if self.place.member is not None and self.place.known:
            return self.place.member.called
        return self.sender.name or "Somebody"


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, what it is for, the outcome, where the words go, and the check: its sentence where it applies."""

    name: str
    description: str
    outcome: str
    filed: Filed
    check: Callable[[Case], str | None]


def judge(case: Case) -> tuple[Rule, str]:
    """The rule that decides the case, and its sentence."""
    for rule in RULES:
        sentence = rule.check(case)
        if sentence is not None:
            return rule, sentence
    raise AssertionError("the last rule applies to everything")


def _probe(case: Case) -> str | None:
    return "It is our own test of the way in." if case.purpose is Purpose.PROBE else None


def _own(case: Case) -> str | None:
    return "A letter of ours came back to us; answering it would go round in circles." if case.own else None


def _duplicate(case: Case) -> str | None:
    if case.duplicate_of is None:
        return None
    return "The very same mail came before; its server sent it again. It stands in the conversation once."


def _bounce(case: Case) -> str | None:
    if case.reading.kind is not Kind.BOUNCE or case.purpose is not Purpose.RETURN_PATH:
        return None
    return "A mail server gave our letter back, to the return path that only this letter has."


def _doubtful_bounce(case: Case) -> str | None:
    if case.reading.kind is not Kind.BOUNCE:
        return None
    return (
        "It says that a letter of ours came back, but not to that letter’s own return path, so anybody could have "
        "written it. Nobody’s address was rested because of it."
    )


def _complaint(case: Case) -> str | None:
    if case.reading.kind is not Kind.COMPLAINT or case.complained_of is None:
        return None
    return "A mail provider says that they called this letter unwanted. They get no more of its kind."


def _doubtful_complaint(case: Case) -> str | None:
    if case.reading.kind is not Kind.COMPLAINT:
        return None
    return (
        "A mail provider says that somebody called a mail of ours unwanted, but not which one. Look in the original "
        "for who it was, and stop what they do not want."
    )


def _machine(case: Case) -> str | None:
    if case.reading.kind not in (Kind.AUTO_REPLY, Kind.MACHINE):
        return None
    why = case.reading.why[0] if case.reading.why else "It says so itself."
    return f"A machine wrote it. {why}"


def _calendar(case: Case) -> str | None:
    # Nothing is done by it but that a person sees it: the member's own address, saying it of themselves, is enough.
    if case.reading.kind is not Kind.CALENDAR_REPLY or case.place.member is None or not case.place.known:
        return None
    answer = answer_in(case)
    if answer is None or answer[2] != case.sender.address:
        return None
    says, what, _ = answer
    event = f"“{_short(what)}”" if what else "it"
    return f"{case.who} answered an invitation from a calendar: {CALENDAR_SAYS[says]} {event}."


def _doubtful_calendar(case: Case) -> str | None:
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


def _unreadable(case: Case) -> str | None:
    if case.reading.kind is not Kind.UNREADABLE:
        return None
    return "It was too complicated to be read by machine. Nothing of it is lost: open the original."


def _staff(case: Case) -> str | None:
    if case.purpose is not Purpose.STAFF_REPLY or case.organizer_id is None:
        return None
    return f"{case.organizer or 'An organizer'} answered by mail. It waits here as a draft, to be sent with one press."


def _not_staff(case: Case) -> str | None:
    if case.purpose is not Purpose.STAFF_REPLY:
        return None
    return (
        "It came to an address that we gave to one organizer, but not from an address of theirs. "
        "Nothing was sent to the member."
    )


def _unsubscribe(case: Case) -> str | None:
    command = case.reading.command
    if command is None or command.verb is not Verb.UNSUBSCRIBE:
        return None
    place = case.place
    if not (place.ours and place.known and place.member is not None):
        return None
    return f"{case.who} asked us to stop, in a line of its own: “{_short(command.line)}”. No more letters go to them."


def _pace(case: Case) -> str | None:
    command, place = case.reading.command, case.place
    if command is None or command.verb not in PACES or case.answers:
        return None
    if not (place.ours and place.known and place.member is not None):
        return None
    return f"{case.who} asked us, in a line of its own, to write {PACES[command.verb]}: “{_short(command.line)}”."


#: The verbs by which somebody changes how often we write, in words.
PACES = {Verb.LESS: "less often", Verb.PAUSE: "nothing for thirty days", Verb.MORE: "as often as before"}


def _asks_to_stop(case: Case) -> str | None:
    command = case.reading.command
    if command is None or command.verb is not Verb.UNSUBSCRIBE:
        return None
    return (
        "Somebody asks us to stop writing, but the mail does not prove who it is. Nothing was changed yet: find out "
        "whom they mean, and stop it for them."
    )


def _broken_address(case: Case) -> str | None:
    # A good reply address beside it in To or Cc still finds the way.
    if not isinstance(case.aim, Broken) or case.place.how == "token":
        return None
    return "The reply address it was sent to was not made here, or lost a letter on its way. Look at the best guesses."


def _token(case: Case) -> str | None:
    if case.place.how != "token":
        return None
    if case.place.known:
        return f"{case.who} answered {_what(case)}."
    return f"{case.who} answered {_what(case)}, from an address that we do not know as theirs."


def _reference(case: Case) -> str | None:
    if case.place.how != "reference":
        return None
    return f"{case.who} answered {_what(case)}; their mail program says to which mail it belongs."


def _mailbox(case: Case) -> str | None:
    return "It was written to this person’s own mailbox." if case.place.how == "mailbox" else None


def _open(case: Case) -> str | None:
    if case.place.how != "open":
        return None
    return f"{case.who} wrote from an address we know, and you are talking already."


def _chapter(case: Case) -> str | None:
    if case.place.how != "chapter":
        return None
    to = f"to {case.aim.name}" if isinstance(case.aim, Room) else "to us"
    return f"{case.who} wrote {to} without answering anything of ours."


def _anybody(case: Case) -> str | None:
    if case.place.thread is not None:
        return "Somebody who is no member here wrote again."
    if isinstance(case.aim, Room):
        return f"Somebody we do not know wrote to {case.aim.name}."
    return "Somebody we do not know wrote to us."


def _what(case: Case) -> str:
    subject = case.place.said.subject if case.place.said is not None else case.place.subject
    letter = case.place.delivery is not None and case.place.delivery.message_class != "answer"
    return f"{'the letter' if letter else 'what we wrote under'} “{_short(subject)}”" if subject else "a mail of ours"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


#: The whole decision, in order.
RULES: tuple[Rule, ...] = (
    Rule("probe", "Our own test mail came through.", "probe", Filed.NOWHERE, _probe),
    Rule("own", "Our own mark or address came back: a loop.", "machine", Filed.MACHINE, _own),
    Rule("duplicate", "The same content for the same recipient was filed.", "duplicate", Filed.NOWHERE, _duplicate),
    Rule("bounce", "A report to a return path of ours.", "bounce", Filed.MACHINE, _bounce),
    Rule("doubtful_bounce", "A report that proves nothing.", "needs_person", Filed.APART, _doubtful_bounce),
    Rule("complaint", "A provider's report that names a letter.", "complaint", Filed.MACHINE, _complaint),
    Rule("doubtful_complaint", "A report that names no letter.", "needs_person", Filed.APART, _doubtful_complaint),
    Rule("machine", "Away notes, receipts, lists. Never answered.", "machine", Filed.MACHINE, _machine),
    Rule("calendar", "A member's calendar answers for them.", "thread", Filed.PLACE, _calendar),
    Rule(
        "doubtful_calendar", "A calendar's answer that proves nothing.", "needs_person", Filed.PLACE, _doubtful_calendar
    ),
    Rule("staff", "An organizer answers a notice: a draft.", "thread", Filed.NOTE, _staff),
    Rule("not_staff", "Somebody else has an organizer's address.", "needs_person", Filed.APART, _not_staff),
    Rule("unreadable", "Beyond what we read by machine.", "needs_person", Filed.PLACE, _unreadable),
    Rule("unsubscribe", "A whole line says stop, proven.", "command", Filed.PLACE, _unsubscribe),
    Rule("pace", "A whole line says LESS, PAUSE or MORE, proven.", "command", Filed.PLACE, _pace),
    Rule("asks_to_stop", "A whole line says stop, unproven: pending.", "needs_person", Filed.PLACE, _asks_to_stop),
    Rule("broken_address", "A reply address that does not verify.", "needs_person", Filed.APART, _broken_address),
    Rule("token", "A signed reply address.", "thread", Filed.PLACE, _token),
    Rule("reference", "A Message-ID of ours, by the same person.", "thread", Filed.PLACE, _reference),
    Rule("mailbox", "A person's own mailbox at our domain.", "thread", Filed.PLACE, _mailbox),
    Rule("open", "Their open conversation.", "thread", Filed.PLACE, _open),
    Rule("chapter", "The chapter they wrote to, or their home.", "thread", Filed.PLACE, _chapter),
    Rule("anybody", "Nobody knows yet whose it is.", "needs_person", Filed.PLACE, _anybody),
)
