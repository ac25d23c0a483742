"""Checks of where words belong once nothing else was to be done with them (reply_router.find found the place).

Each says the sentence that is shown where it applies, else None. The order is the table's (reply_router.rules).
"""

from reply_router.addresses import Broken, Room
from reply_router.case import Case, shortened


def broken_address(case: Case) -> str | None:
    """A reply address of our form that does not verify."""
    # A good reply address beside it in To or Cc still finds the way.
    if not isinstance(case.aim, Broken) or case.place.how == "token":
        return None
    return "The reply address it was sent to was not made here, or lost a letter on its way. Look at the best guesses."


def several_chapters(case: Case) -> str | None:
    """The same mail to another chapter of ours began a conversation that somebody answers."""
    if case.beside is None or case.beside.outcome != "thread" or not isinstance(case.aim, Room):
        return None
    return f"{case.who} wrote to several chapters at once. It is one conversation, and {case.aim.name} sees it too."


def several_unmatched(case: Case) -> str | None:
    """The same, by somebody whom nobody knows."""
    if case.beside is None or not isinstance(case.aim, Room):
        return None
    return (
        f"Somebody we do not know wrote to several chapters at once. It is one conversation, and {case.aim.name} sees "
        "it too."
    )


def own_rule(case: Case) -> str | None:
    """A rule of staff's own is for these words, and nobody answers them already."""
    return case.chosen.says if case.chosen is not None else None


def token(case: Case) -> str | None:
    """A signed reply address."""
    if case.place.how != "token":
        return None
    if case.place.known:
        return f"{case.who} answered {_what(case)}."
    return f"{case.who} answered {_what(case)}, from an address that we do not know as theirs."


def reference(case: Case) -> str | None:
    """A Message-ID of ours, answered by the same person."""
    if case.place.how != "reference":
        return None
    return f"{case.who} answered {_what(case)}; their mail program says to which mail it belongs."


def mailbox(case: Case) -> str | None:
    """The own mailbox of somebody who answers here."""
    return "It was written to this person’s own mailbox." if case.place.how == "mailbox" else None


def talking(case: Case) -> str | None:
    """A known address, with an open conversation."""
    if case.place.how != "open":
        return None
    return f"{case.who} wrote from an address we know, and you are talking already."


def chapter(case: Case) -> str | None:
    """A known address; the room they wrote to, or their home."""
    if case.place.how != "chapter":
        return None
    to = f"to {case.aim.name}" if isinstance(case.aim, Room) else "to us"
    return f"{case.who} wrote {to} without answering anything of ours."


def anybody(case: Case) -> str | None:
    """Everything else."""
    if case.place.thread is not None:
        return "Somebody who is no member here wrote again."
    if isinstance(case.aim, Room):
        return f"Somebody we do not know wrote to {case.aim.name}."
    return "Somebody we do not know wrote to us."


def _what(case: Case) -> str:
    subject = case.place.said.subject if case.place.said is not None else case.place.subject
    letter = case.place.delivery is not None and case.place.delivery.message_class != "answer"
    return (
        f"{'the letter' if letter else 'what we wrote under'} “{shortened(subject)}”" if subject else "a mail of ours"
    )
