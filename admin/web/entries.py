"""Entries: what stands in a conversation, as it is shown: words with what was folded in its place, machines, doings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.attachments import Attachment, attachments_of
from admin.web.bounce_words import says_of
from admin.web.pictures import Shown
from admin.web.veil import body, veil
from engine.base.settings import Settings
from engine.conversations.message import Message
from engine.conversations.passing import HELD_BACK, PASSING
from engine.conversations.received import Received
from engine.conversations.timeline import Done, Said
from engine.outbox.fate import Fate
from engine.people.consent import EVERYTHING
from reply_router.reading.quotes import FORWARDED
from reply_router.reading.signatures import APP_LINE, LIST_FOOTER, NOTICE, SIGNATURE
from templates.web.reader import Reader

#: What a phone's menu shows for the words that it sends.
TAP_SIGNS = {"liked": "👍", "loved": "❤️", "disliked": "👎", "laughed": "😂", "emphasized": "‼️", "questioned": "❓"}
#: What a folded stretch is called, by why it was folded; every other is words of an earlier letter, theirs or ours.
FOLD_WORDS = {
    SIGNATURE: "signature",
    APP_LINE: "app_line",
    NOTICE: "notice",
    LIST_FOOTER: "list_footer",
    FORWARDED: "forwarded",
}
#: Machine mail that says more of itself than that a machine wrote it (reply_router.reports names them).
MACHINES = frozenset({"away", "bounce", "late", "arrived", "complaint", "receipt", "loop", "list", "calendar"})
#: Of these, what speaks of a mail of ours, whoever's machine wrote it.
ABOUT_OURS = frozenset({"bounce", "late", "arrived", "complaint"})

#: What a word of consent may be about besides a chapter, and how it may have been said (engine.people.consent).
ABOUT = frozenset({"journey", "broadcast", "digest", "reminders", "staff"})
HOWS = frozenset(
    {"one-click", "link", "preferences", "import", "text", "carrier", "sign-up", "reply", "complaint", "added by hand"}
)

#: What proves these is what they wrote, unless it begins with what they were shown, or ends with what they did then.
THEIR_WORDS = frozenset({"text", "reply"})
SHOWN = "Shown: “"

#: Characters and lines of one stretch that are in view, and by how many characters it may be longer all the same.
LONG, ROOM, MANY_LINES = 5_000, 1_000, 80
#: Lines in view of a letter that could be read only in part: they may be no words of theirs.
FEW_LINES = 20
#: Characters of one folded stretch that a page carries; all of them stand in the original.
MOST_FOLDED = 50_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of words as they stand in a letter; `folded` says in a word or two what is out of sight."""

    text: str
    folded: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of the timeline as it is shown. kind: in, out, journey, machine, note or done."""

    id: str
    kind: str
    at: datetime
    name: str = ""
    how: str = ""
    text: str = ""
    subject: str = ""
    pieces: list[Piece] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    trouble: str = ""
    #: What of the letter could not be read, and that its original can be opened.
    unread: str = ""
    #: Nothing of it could be read, and it can be tried once more.
    rereads: bool = False
    message_id: int | None = None
    #: Why it is here, in the sentence of the rule that decided.
    why: str = ""
    original: bool = False
    attached: list[Attachment] = field(default_factory=list)
    pictures: list[Shown] = field(default_factory=list)
    #: What was said after the tone of a call.
    voicemail: Shown | None = None
    #: When the very same words came once more.
    again: list[datetime] = field(default_factory=list)
    #: A stranger's pictures are seen only by who asks for them.
    hides_pictures: bool = False


def entries_of(
    told: Sequence[Said | Done],
    known: Mapping[int, Fate],
    pictures: Mapping[int, list[Shown]],
    name: str,
    reader: Reader,
    settings: Settings,
) -> list[Entry]:
    """The timeline as it is shown; `name`: whom the conversation is with."""
    return [
        _said(each, name, known, pictures, reader, settings)
        if isinstance(each, Said)
        else Entry(f"d{each.at.timestamp():.6f}-{each.what}", "done", each.at, text=_done(each, reader))
        for each in told
    ]


def reasons_of(session: Session, told: Sequence[Said | Done], reader: Reader) -> dict[int, str]:
    """Why each message is here, by its id: the sentence of the rule that decided when it came in."""
    came = {each.message.received_id: each.message.id for each in told if isinstance(each, Said)}
    came.pop(None, None)
    rows = session.execute(select(Received.id, Received.reason).where(Received.id.in_(list(came)))) if came else ()
    return {came[row_id]: reader.said(reason.partition(": ")[2]) for row_id, reason in rows}


def pieces_of(
    text: str, folded: Sequence[Mapping[str, Any]], reader: Reader, *, most_lines: int = MANY_LINES
) -> list[Piece]:
    """The words with each folded stretch where it stood; stretches with nothing between them are one."""
    pieces: list[Piece] = []
    done = 0
    for part in sorted(folded, key=lambda each: _place(each, text)):
        at = _place(part, text)
        if text[done:at].strip():
            pieces.append(Piece(text[done:at]))
        done = max(done, at)
        word = reader.say(f"folded.{FOLD_WORDS.get(str(part.get('why', '')), 'quoted')}")
        before = pieces[-1] if pieces and pieces[-1].folded else None
        if before is None:
            pieces.append(Piece(str(part.get("text", "")), word))
        else:
            words = before.folded if word in before.folded.split(", ") else f"{before.folded}, {word}"
            pieces[-1] = Piece(f"{before.text}\n\n{part.get('text', '')}", words)
    if text[done:].strip() or not pieces:
        pieces.append(Piece(text[done:]))
    return [short for piece in pieces for short in _shortened(piece, most_lines, reader)]


def machine_words(message: Message, author: str, whom: str, reader: Reader) -> str:
    """What a machine's mail is, in a few words: an away message, mail to `whom` that came back, ..."""
    what = str(message.detail.get("machine", ""))
    name = (whom if what in ABOUT_OURS else author) or reader.say("inbox.unknown")
    says = reader.say(f"machine.{what if what in MACHINES else 'machine'}", name=name)
    why = says_of(str(message.detail.get("report", {}).get("status", "")), reader) if what in ("bounce", "late") else ""
    return f"{says}: {why}" if why else says


def _held_back(message: Message, author: str, reader: Reader) -> str:
    """What others see of a note that its author keeps."""
    return reader.say("note.held_back", name=author) if message.detail.get(PASSING) == HELD_BACK else ""


def _passing(message: Message, reader: Reader) -> str:
    """What its author hears of their own note: who reads how much of it."""
    if message.detail.get(PASSING) == HELD_BACK:
        return reader.say("note.yours_alone")
    return reader.say("note.scrubbed", words=message.text)


def _shortened(piece: Piece, most_lines: int, reader: Reader) -> list[Piece]:
    """The piece as it is, unless it would fill screens: then its end is folded, and what is far too long stays away."""
    if piece.folded:
        return [Piece(_as_much(piece.text, reader), piece.folded)]
    if len(piece.text) <= LONG + ROOM and piece.text.count("\n") <= most_lines:
        return [piece]
    lines = piece.text[:LONG].split("\n")
    begin = "\n".join(lines[: min(most_lines, len(lines) - 1)] if len(lines) > 1 else lines)
    return [Piece(begin), Piece(_as_much(piece.text[len(begin) :].strip("\n"), reader), reader.say("folded.rest"))]


def _as_much(text: str, reader: Reader) -> str:
    return text if len(text) <= MOST_FOLDED else f"{text[:MOST_FOLDED]}…\n\n{reader.say('folded.in_the_original')}"


def _place(part: Mapping[str, Any], text: str) -> int:
    """Before which character it stood; words kept before that was noted stood at the end."""
    at = part.get("at")
    return min(at, len(text)) if isinstance(at, int) and at >= 0 else len(text)


def _said(
    said: Said,
    name: str,
    known: Mapping[int, Fate],
    pictures: Mapping[int, list[Shown]],
    reader: Reader,
    settings: Settings,
) -> Entry:
    message, author = said.message, said.author or name
    fate = known.get(message.delivery_id) if message.delivery_id else None
    ours = message.kind in ("out", "journey")
    text = body(message.text) if message.kind == "journey" else said.whole or message.text
    text = text or _held_back(message, author, reader)
    most_lines = FEW_LINES if message.detail.get("trouble") else MANY_LINES
    pieces = pieces_of(text, message.folded, reader, most_lines=most_lines)
    if message.detail.get("unreadable") and text.strip():
        # What a broken letter holds is no words of theirs: it stands there for whoever wants to look.
        pieces = [Piece(_as_much(text, reader), reader.say("folded.as_it_came"))]
    return Entry(
        id=f"m{message.id}",
        kind=message.kind,
        at=message.at,
        name=author or reader.say("conversation.desk"),
        how=_how(message, author, name, reader),
        text=veil(settings, text),
        subject=message.subject,
        pieces=[Piece(veil(settings, each.text), each.folded) for each in pieces],
        marks=[
            *([_waits(fate, reader)] if fate and ours and fate.word == "waits" else []),
            *_proof(message, reader),
            *([_passing(message, reader)] if said.whole else []),
            *_calendar(message, reader),
            *_taps(message, reader),
        ],
        trouble=_failed(fate, reader),
        unread=_unread(message, reader),
        rereads=bool(message.detail.get("unreadable")),
        message_id=message.id,
        original=message.received_id is not None,
        attached=attachments_of(message, reader),
        pictures=pictures.get(message.id, []),
        again=[datetime.fromisoformat(str(each["at"])) for each in message.detail.get("sent_again", [])],
        hides_pictures=message.kind == "in" and message.author_id is None,
    )


def _failed(fate: Fate | None, reader: Reader) -> str:
    if fate is None or fate.word != "failed":
        return ""
    return reader.say("conversation.fate_failed", why=reader.said(fate.says))


def _proof(message: Message, reader: Reader) -> list[str]:
    """That nothing proves whose words these are (law 9)."""
    state = message.detail.get("proof", {}).get("state")
    if message.kind != "in" or state is None:
        return []
    return [reader.say("conversation.disowned" if state == "failed" else "conversation.not_proven")]


def _calendar(message: Message, reader: Reader) -> list[str]:
    """What their calendar answers to an invitation."""
    answer = message.detail.get("calendar")
    if not answer:
        return []
    return [reader.say(f"calendar.{answer['says']}", what=answer.get("what") or reader.say("calendar.event"))]


def _unread(message: Message, reader: Reader) -> str:
    if message.detail.get("unreadable"):
        return reader.say("conversation.too_complicated")
    return reader.say("conversation.partly_read") if message.detail.get("trouble") else ""


def _taps(message: Message, reader: Reader) -> list[str]:
    """Who tapped these words on their phone, and what that probably means."""
    said = []
    for tap in message.detail.get("taps", []):
        key = "tap_taken_back" if tap["removed"] else f"tap_{tap['probably'] or 'plain'}"
        sign = TAP_SIGNS.get(tap["what"], tap["what"])
        said.append(reader.say(f"conversation.{key}", who=tap["by"] or reader.say("conversation.them"), sign=sign))
    return said


def _waits(fate: Fate, reader: Reader) -> str:
    if fate.leaves_at is not None and fate.leaves_at > reader.now:
        return reader.say("conversation.fate_leaves", when=reader.moment(fate.leaves_at))
    return reader.say("conversation.fate_waits")


def _how(message: Message, author: str, whom: str, reader: Reader) -> str:
    if message.kind == "machine":
        return machine_words(message, author, whom, reader)
    by = reader.say(f"conversation.by_{message.channel}") if message.channel in ("email", "sms", "voice") else ""
    dated = message.detail.get("dated")
    if dated:
        # Its own clock is off, or it lay somewhere: the time beside it is when it came.
        by += reader.say("conversation.dated", when=reader.moment(datetime.fromisoformat(str(dated))))
    return by


def consent_words(channel: str, about: str, opted_in: bool, how: str, reader: Reader) -> str:
    """One word of consent in a sentence: what comes or not, by what, and how it was said."""
    said = reader.say(f"consent.how_{how.replace('-', '_').replace(' ', '_')}") if how in HOWS else how
    if about == EVERYTHING:
        which = "sms" if channel == "sms" else "email"
        return reader.say(f"consent.{'yes' if opted_in else 'no'}_all_{which}", how=said)
    what = reader.say(f"consent.{about}") if about in ABOUT else about
    way = reader.say("consent.by_sms" if channel == "sms" else "consent.by_email")
    return reader.say("consent.yes" if opted_in else "consent.no", what=what, way=way, how=said)


def proof_words(how: str, evidence: str, reader: Reader) -> str:
    """What proves a word of consent, where we worded it in the reader's language; what somebody wrote as they did."""
    is_theirs = how in THEIR_WORDS and not evidence.startswith(SHOWN) and not evidence.endswith(".)")
    return evidence if is_theirs else reader.said(evidence)


def _done(done: Done, reader: Reader) -> str:
    values: dict[str, Any] = {"who": done.by, "to": done.to, "why": reader.said(done.why)}
    match done.what:
        case "agreed" | "stopped":
            return consent_words(done.channel, done.to, done.what == "agreed", done.why, reader)
        case "assigned" if done.to_id is None:
            key = "put_back" if done.by else "put_back_rule"
        case "assigned" if done.by_id == done.to_id:
            key = "took"
        case "assigned":
            key = "handed" if done.by else "assigned"
        case "closed":
            key = "closed" if done.by else "closed_rule"
        case "reopened":
            key = "reopened" if done.by else "reopened_rule"
        case waits:
            key = waits
    return reader.say(f"conversation.did_{key}", **values)
