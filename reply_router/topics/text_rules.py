"""Checks of texts that have to do with a chapter's topic, as those of mail (reply_router.topics.rules).

The provider signs what phone a text came from, and so its commands are proven.
"""

from reply_router.text_case import TextCase
from reply_router.topics.rules import asks, asks_which, decides, is_locked, is_outside, is_unwanted, says, says_to_us


def moderation(case: TextCase) -> str | None:
    """A steward's APPROVE or REJECT, with the number of a post or while one waits for them."""
    return decides(case.topic) if case.topic is not None else None


def moderation_which(case: TextCase) -> str | None:
    """The same, and it is not plain about which post."""
    return asks_which(case.topic) if case.topic is not None else None


def command(case: TextCase) -> str | None:
    """UNSEND, ONLY, ENOUGH, MUTE or REPORT."""
    return asks(case.topic) if case.topic is not None else None


def to_us(case: TextCase) -> str | None:
    """Words of somebody whose post waits, and that are no command: said to us."""
    return says_to_us(case.topic) if case.topic is not None else None


def outsider(case: TextCase) -> str | None:
    """Somebody who is not in the chapter."""
    return is_outside(case.topic) if case.topic is not None else None


def unwanted(case: TextCase) -> str | None:
    """Words for somebody who wants none of theirs."""
    return is_unwanted(case.topic) if case.topic is not None else None


def locked(case: TextCase) -> str | None:
    """A topic that takes no more posts."""
    return is_locked(case.topic) if case.topic is not None else None


def post(case: TextCase) -> str | None:
    """A member's words for their chapter, or for the neighbor they answer."""
    return says(case.topic) if case.topic is not None else None
