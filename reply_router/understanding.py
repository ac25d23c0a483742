"""Understanding: what a received row says, and whether it is from whom it names; with no transaction open.

A mail is read in a process of its own, within a budget (reply_router/budget): it is a stranger's text. A row whose
reader or filing broke three times is not read any more: a person gets the original.
"""

from collections.abc import Sequence
from dataclasses import replace

from engine.base.errors import Unread
from engine.base.log import logger
from engine.outbox.letter import is_loop_mark
from reply_router.budget.readers import Letter, readers
from reply_router.calls import DOOR as VOICE
from reply_router.content import loop_marks, without_loop_marks
from reply_router.mail_case import Office
from reply_router.proof.proof import SIGNED_TEXT, Proof
from reply_router.proof.prove import prove
from reply_router.reading import Kind, Reading
from reply_router.reading.call import Call, read_call
from reply_router.reading.events import EVENT, NAMES, read_event
from reply_router.reading.text_message import TextMessage, read_message
from reply_router.reading.texts import TextKind, TextWords
from reply_router.taken import MOST_TRIES, Taken
from reply_router.text_route import DOOR

_POISON = "It stopped our reader several times. Nothing of it is lost: open the original."

#: Seconds after which what is still unread of a group is given back: a lease lasts four times as long.
MOST_SECONDS = 5.0

log = logger(__name__)


def is_poison(taken: Taken) -> bool:
    """Whether it broke so often that nobody reads it any more."""
    return taken.attempt > MOST_TRIES


def read_row(taken: Taken, office: Office, letter: Reading | Unread | None) -> Reading | TextMessage | Call:
    """What was found in the row, or that it is beyond reading. `letter`: what was read in it, if it is a mail."""
    if taken.door == VOICE:
        return read_call(taken.raw) if not is_poison(taken) else Call("", trouble=_POISON)
    return understand(taken, office, letter) if not is_poison(taken) else unread(taken)


def understand(taken: Taken, office: Office, letter: Reading | Unread | None = None) -> Reading | TextMessage:
    """What was found in the mail or text. Raises Unread for a mail beyond its budget, until its last try.

    A text is read here, and what a provider tells of our mail: their doors take little, and what is proven theirs.
    `letter`: what was read in the mail already.
    """
    if taken.door == DOOR:
        return read_message(taken.raw)
    if taken.door == EVENT:
        event = read_event(taken.provider, taken.raw)
        return event.as_reading(NAMES[taken.provider]) if event is not None else Reading(Kind.UNREADABLE)
    if letter is None:
        (letter,) = letters_read([taken], office)
    if not isinstance(letter, Unread):
        return letter
    if taken.attempt < MOST_TRIES:
        raise letter
    log.warning("a mail could not be read; a person gets the original", row_id=taken.received_id, says=str(letter))
    return unread(taken, str(letter))


def letters_read(group: Sequence[Taken], office: Office) -> list[Reading | Unread]:
    """What was read in these mails, in their order; fewer than came when their time is over.

    Raises Unavailable when there is no reader at all.
    """
    return readers.read_in_turn([_letter(each, office) for each in group], MOST_SECONDS)


def _letter(taken: Taken, office: Office) -> Letter:
    """What the reader gets. Another organization's loop mark is not ours, and says nothing of what it is."""
    marks = loop_marks(taken.raw)
    foreign = bool(marks) and not any(is_loop_mark(office.tokens, each) for each in marks)
    raw = without_loop_marks(taken.raw) if foreign else taken.raw
    return Letter(raw, taken.sent, taken.mail_from)


def unread(taken: Taken, why: str = "") -> Reading | TextMessage:
    """What a person gets of a mail or text that could not be read: the original, and what the header's first lines say,
    if at least these can be read."""
    if taken.door == DOOR:
        return TextMessage("", "", "", "", TextWords(TextKind.HUMAN), trouble=_POISON)
    try:
        reading = readers.glance(taken.raw)
    except Unread:
        reading = Reading(Kind.UNREADABLE)
    return replace(reading, why=(_POISON,), trouble=(why,) if why else ())


def proof_of(taken: Taken, reading: Reading | TextMessage | Call, office: Office) -> Proof:
    """Whether it is from whom it says. What the provider of texts signed is: its door takes nothing else."""
    if isinstance(reading, TextMessage | Call):
        return SIGNED_TEXT
    mail = office.settings.mail
    if office.settings.sandbox.enabled and not mail.asks_this_machine:
        mail = mail.model_copy(update={"check_senders": False})
    return prove(
        mail, taken.raw, reading, door=taken.door, peer=taken.peer, helo=taken.helo, mail_from=taken.mail_from or ""
    )
