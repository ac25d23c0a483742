"""Checks of what somebody asks us to do: an organizer by mail, a member who wants less of us or nothing.

Each says the sentence that is shown where it applies, else None. The order is the table's (reply_router.rules).
"""

from engine.base.tokens import Purpose
from engine.outbox.order import KEEPS_WORDS, VERBS, order_of
from engine.outbox.topic_letter import is_topics
from reply_router.case import Case, shortened
from reply_router.reading import Verb


def order_draft(case: Case) -> str | None:
    """Staff of the whole organization order something about all sending, as far as a From line can tell."""
    given = case.fresh_order
    if given is None or not given.is_staff or (case.proof.proven and given.is_alone):
        return None
    return (
        f"{given.author} said by mail: “#{given.order.verb}”, and nothing proves that it is them alone who wrote. "
        "Nothing was changed yet: it waits here as a draft, for one press."
    )


def order(case: Case) -> str | None:
    """The same, proven."""
    given = case.fresh_order
    if given is None or not given.is_staff:
        return None
    return f"{given.author} said by mail: “#{given.order.verb}”, from an address proven to be theirs."


def order_of_others(case: Case) -> str | None:
    """The same, proven, by somebody with another role; unproven, it is a mail like any other."""
    given = case.fresh_order
    if given is None or not case.proof.proven or not given.is_alone:
        return None
    return (
        f"{given.author} said by mail: “#{given.order.verb}”, which only staff of the whole organization may do. "
        "Nothing was changed; somebody of them looks at it."
    )


def staff_draft(case: Case) -> str | None:
    """The organizer whom a staff address was made for, as far as a From line can tell."""
    if case.purpose is not Purpose.STAFF_REPLY or case.organizer_id is None or case.proof.proven:
        return None
    return (
        f"{case.organizer or 'An organizer'} answered by mail, and nothing proves that it is them. It waits here as a "
        "draft, to be sent with one press."
    )


def staff_command(case: Case) -> str | None:
    """The same, proven, with nothing but a command."""
    if case.purpose is not Purpose.STAFF_REPLY or case.organizer_id is None:
        return None
    order = order_of(case.reading.text)
    if order.verb not in VERBS or (order.text and order.verb not in KEEPS_WORDS):
        return None
    return f"{case.organizer or 'An organizer'} said by mail: “#{order.verb}”."


def staff(case: Case) -> str | None:
    """The same, proven, with words."""
    if case.purpose is not Purpose.STAFF_REPLY or case.organizer_id is None:
        return None
    return f"{case.organizer or 'An organizer'} answered by mail, from an address proven to be theirs."


def not_staff(case: Case) -> str | None:
    """Anybody else at a staff address."""
    if case.purpose is not Purpose.STAFF_REPLY:
        return None
    return (
        "It came to an address that we gave to one organizer, but not from an address of theirs. "
        "Nothing was sent to the member."
    )


def unsubscribe(case: Case) -> str | None:
    """A whole line says stop, and the mail proves whose it is."""
    command = case.reading.command
    if command is None or command.verb is not Verb.UNSUBSCRIBE or not is_theirs(case):
        return None
    return (
        f"{case.who} asked us to stop, in a line of its own: “{shortened(command.line)}”. No more letters go to them."
    )


def leave(case: Case) -> str | None:
    """A whole line says LEAVE and a chapter they are in, and the mail proves whose it is."""
    command = case.reading.command
    if command is None or command.verb is not Verb.LEAVE or case.chapter is None or case.answers:
        return None
    if not is_theirs(case):
        return None
    return f"{case.who} left {case.chapter.name}, in a line of its own: “{shortened(command.line)}”."


def help_(case: Case) -> str | None:
    """A whole line says HELP, and the mail proves whose it is."""
    command = case.reading.command
    if command is None or command.verb is not Verb.HELP or case.answers or not is_theirs(case):
        return None
    return f"{case.who} asked what this is and which words do what."


def pace(case: Case) -> str | None:
    """A whole line asks for more or less of us, and the mail proves whose it is."""
    command = case.reading.command
    if command is None or command.verb not in PACES or case.answers or not is_theirs(case):
        return None
    return f"{case.who} asked us, in a line of its own, to write {PACES[command.verb]}: “{shortened(command.line)}”."


#: The verbs by which somebody changes how often we write, in words.
PACES = {Verb.LESS: "less often", Verb.PAUSE: "nothing for thirty days", Verb.MORE: "as often as before"}


def topics_choice(case: Case) -> str | None:
    """A whole line says EACH, DAILY, WEEKLY or MENTIONS in answer to a chapter's letter, and the mail proves whose."""
    command, delivery = case.reading.command, case.place.delivery
    if command is None or command.verb not in TOPICS or case.answers or not is_theirs(case):
        return None
    if delivery is None or delivery.chapter_id is None or not is_topics(delivery):
        return None
    return f"{case.who} asked for the chapter's topics {TOPICS[command.verb]}: “{shortened(command.line)}”."


#: The verbs by which somebody chooses how topics come, in words.
TOPICS = {
    Verb.EACH: "one by one",
    Verb.DAILY: "once a day",
    Verb.WEEKLY: "once a week",
    Verb.MENTIONS: "only where somebody names them",
}


def is_theirs(case: Case) -> bool:
    """Whether a member asks it of themselves: from an address of theirs, proven, and of nobody else's (law 9)."""
    place = case.place
    if place.member is None or not place.known or not case.proof.proven:
        return False
    return place.ours or case.sender.member_ids == (place.member.id,)


def own_word(case: Case) -> str | None:
    """A plain yes or no to our question whether they asked that, proven."""
    if not case.own_word or not is_theirs(case):
        return None
    return f"{case.who} says that it was them." if case.own_word == "yes" else f"{case.who} says that it was not them."


def asks_first(case: Case) -> str | None:
    """A whole line asks for more or less of us, or leaves a chapter, in a member's name, and nothing proves that they
    wrote it."""
    command = case.reading.command
    if command is None or case.answers or case.place.member is None or not case.is_asked:
        return None
    if command.verb is Verb.LEAVE and case.chapter is not None:
        return (
            f"A mail in the name of {case.place.member.called} says that they leave {case.chapter.name}. "
            f"{case.proof.says} Nothing was changed yet: they are asked, at the address we know."
        )
    if command.verb not in PACES:
        return None
    return (
        f"A mail in the name of {case.place.member.called} asks us to write {PACES[command.verb]}. {case.proof.says} "
        "Nothing was changed yet: they are asked, at the address we know."
    )


def asks_person(case: Case) -> str | None:
    """The same, and no mail asks its member now: they were asked something else within a day, or this before and have
    not answered, or no address of theirs takes mail."""
    command = case.reading.command
    if command is None or case.answers or case.place.member is None:
        return None
    if command.verb is Verb.LEAVE and case.chapter is not None:
        wish = f"says that they leave {case.chapter.name}"
    elif command.verb in PACES:
        wish = f"asks us to write {PACES[command.verb]}"
    else:
        return None
    return (
        f"A mail in the name of {case.place.member.called} {wish}. {case.proof.says} Nothing was changed, and no mail "
        "asks them now: one did lately, about this or another thing, or no address of theirs takes mail. Find out from "
        "them what they want."
    )


def asks_to_stop(case: Case) -> str | None:
    """A whole line says stop, and nothing proves whose it is."""
    command = case.reading.command
    if command is None or command.verb is not Verb.UNSUBSCRIBE:
        return None
    if case.place.member is not None:
        return (
            f"A mail in the name of {case.place.member.called} asks us to stop writing. {case.proof.says} "
            "Nothing was changed yet: they are asked, at the address we know, whether it was them."
        )
    return (
        "Somebody asks us to stop writing, but the mail does not prove who it is. Nothing was changed yet: find out "
        "whom they mean, and stop it for them."
    )


def confirm(case: Case) -> str | None:
    """Yes or no to a sign-up, from the very mailbox that was asked. Unproven, it is words for a person."""
    said = case.confirms
    if said is None or not case.proof.proven or case.sender.address != said.row.address:
        return None
    if said.heard.name == "yes":
        return f"{case.who} was asked whether they want to be with us, and said yes."
    return f"{case.who} was asked whether they want to be with us, and said no."


def join(case: Case) -> str | None:
    """Somebody whom we do not know asks to be with us. The mail that asks back goes to the address they name.

    Where that address's own domain disowns the mail, it is somebody else's, and is not written to.
    """
    if case.joins is None or case.proof.failed:
        return None
    where = case.joins.chapter.name if case.joins.chapter is not None else "us"
    return f"{case.who} asked to be with {where}. One mail asks whether the mailbox is theirs."
