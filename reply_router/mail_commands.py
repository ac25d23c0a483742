"""Commands by mail: stop, leave a chapter, help, how often. Each is done at once, and shown.

What is here is done only for a member whose mail shows that it is theirs; the rules see to that (`command_rules.py`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import Invalid, NotFound
from engine.base.log import logger
from engine.chapters.topic_choice import choose_topics
from engine.conversations.received import Received
from engine.conversations.thread import IN_STORM, Thread
from engine.enrollments.choice import choose_pace, stop_everything
from engine.outbox import limits
from engine.outbox.leaving import leave_chapter
from engine.outbox.moderating import Back, tell_member
from engine.outbox.post import consent_mail, service_letter
from engine.people.address import Address
from engine.people.consent import Said
from engine.people.member import Member
from engine.people.member_pace import Wish
from reply_router.case import Case
from reply_router.reading.commands import Command

#: The letter that confirms a stop, by its name in the library.
STOPPED = "stopped"
#: What is done and seen by nobody, whether or not they are told.
_SILENT = ("unsubscribe",)

log = logger(__name__)


def stop(session: Session, case: Case, received: Received, thread: Thread, now: datetime) -> str:
    """No letters come any more but answers to the member's own words; one last says so, where that is news."""
    member, command = _theirs(case)
    fresh = stop_everything(session, member.id, ("email",), _said(session, case, member, command, received), now)
    if fresh and _may_be_told(session, case, thread, now):
        limits.note(session, limits.RECEIPT, case.sender.address, thread.id, now)
        confirm_stop(session, case.sender.address, member.id, received.id, now)
    return "opt_out"


def confirm_stop(session: Session, address: str, member_id: int, received_id: int, now: datetime) -> None:
    """Somebody who asked by mail for no more letters has one last, which says that it is so and nothing else."""
    try:
        consent_mail(session, address, member_id, STOPPED, {}, now, key=f"stopped:{received_id}")
    except NotFound:
        log.warning("the letter that confirms a stop is not published; the stop stands", row_id=received_id)


def leave(session: Session, case: Case, received: Received, thread: Thread, now: datetime) -> str:
    """The member is in that chapter no more, and hears that it is so."""
    member, command = _theirs(case)
    if case.chapter is None:
        raise ValueError("nobody leaves no chapter")
    said = _said(session, case, member, command, received)
    leave_chapter(session, member.id, case.chapter.id, "email", said, now)
    data = {"chapter": {"name": case.chapter.name}}
    _receipt(session, case, member, thread, "left", data, f"left:{received.id}", now)
    return "left"


def help_(session: Session, case: Case, received: Received, thread: Thread, now: datetime) -> str:
    """They hear who we are, how to reach a person, and which words do what: once a day."""
    member, _ = _theirs(case)
    _receipt(session, case, member, thread, "help", {}, f"help:{case.sender.address}:{now:%Y-%m-%d}", now)
    return ""


def pace(session: Session, case: Case, received: Received, thread: Thread, now: datetime) -> str:
    """We write as often as they asked, and they hear that it is so."""
    member, command = _theirs(case)
    wish = Wish(command.verb)
    choose_pace(session, member.id, wish, now)
    _receipt(session, case, member, thread, "pace", pace_words(wish), f"pace:{received.id}", now)
    return "pace"


def topics(session: Session, case: Case, received: Received, thread: Thread, now: datetime) -> str:
    """The topics of the chapter whose letter they answered come as they asked, and they hear that it is so."""
    member, command = _theirs(case)
    delivery = case.place.delivery
    if delivery is None or delivery.chapter_id is None:
        raise ValueError("it answers no chapter's letter")
    try:
        choose_topics(session, member.id, delivery.chapter_id, now, by_mail=str(command.verb), how="reply")
    except Invalid:
        return ""  # they have left it meanwhile, and nothing of it comes anyway
    if _may_be_told(session, case, thread, now):
        limits.note(session, limits.RECEIPT, case.sender.address, thread.id, now)
        back = Back("email", case.sender.address)
        what, key = f"topics_{command.verb}", f"topics:{received.id}"
        tell_member(session, member, delivery.chapter_id, what, back, key, now)
    return "topics"


#: What is done by the rule's name; it says its effect (reply_router.effects).
DONE: Mapping[str, Callable[[Session, Case, Received, Thread, datetime], str]] = {
    "unsubscribe": stop,
    "leave": leave,
    "help": help_,
    "pace": pace,
    "topics_choice": topics,
}


def is_told(session: Session, case: Case, rule: str, thread: Thread, now: datetime) -> bool:
    """Whether they hear from the machine what became of it, or need to hear nothing; else a person should see it."""
    return rule in _SILENT or _may_be_told(session, case, thread, now)


def pace_words(wish: Wish) -> dict[str, dict[str, bool]]:
    """What the receipt says, as its template reads it."""
    return {"pace": {"is_less": wish is Wish.LESS, "is_pause": wish is Wish.PAUSE}}


def _theirs(case: Case) -> tuple[Member, Command]:
    member, command = case.place.member, case.reading.command
    if member is None or command is None:
        raise ValueError("a command is a member's own")
    return member, command


def _said(session: Session, case: Case, member: Member, command: Command, received: Received) -> Said:
    address_id = session.scalar(
        select(Address.id).where(
            Address.member_id == member.id, Address.kind == "email", Address.value == case.sender.address
        )
    )
    words = command.line.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Said("reply", evidence=words, address_id=address_id, received_id=received.id, by_id=member.id)


def _receipt(
    session: Session, case: Case, member: Member, thread: Thread, template: str, data: Mapping[str, object], key: str,
    now: datetime,
) -> None:  # fmt: skip
    if _may_be_told(session, case, thread, now):
        limits.note(session, limits.RECEIPT, case.sender.address, thread.id, now)
        service_letter(session, case.sender.address, member.id, template, data, now, key=key, thread=thread)


def _may_be_told(session: Session, case: Case, thread: Thread, now: datetime) -> bool:
    """In a storm, and beyond what one person may hear of it, the machine says nothing."""
    if IN_STORM in thread.marks:
        return False
    return limits.may_have_receipt(session, case.sender.address, thread.id, now)
