"""The closed lists of words that journeys use."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Speaks(StrEnum):
    """What a message does to the person who reads it; the ask budget counts `ask` alone."""

    ASK = "ask"
    GIVE = "give"
    LISTEN = "listen"


class QuestionKind(StrEnum):
    """Open: any words, read by a person. Choice: named answers. Yes or no: as it says."""

    OPEN = "open"
    CHOICE = "choice"
    YES_NO = "yes_no"


class Means(StrEnum):
    """By what a question reaches the member."""

    EMAIL = "email"
    TEXT = "text"


class HandTo(StrEnum):
    """Who receives a task: the member's organizer, a steward of their chapter, or the team's desk."""

    ORGANIZER = "organizer"
    STEWARD = "steward"
    DESK = "desk"


class Entering(StrEnum):
    """Whom an audience brings in: those it fits at publication, those it comes to fit later, or both."""

    CURRENT_AND_FUTURE = "current_and_future"
    ONLY_CURRENT = "only_current"
    ONLY_FUTURE = "only_future"


class AddressKind(StrEnum):
    """A way to reach a member."""

    EMAIL = "email"
    PHONE = "phone"


class Role(StrEnum):
    """What somebody does in a chapter, or (the last three) for the whole organization."""

    MEMBER = "member"
    HELPER = "helper"
    ORGANIZER = "organizer"
    STEWARD = "steward"
    REGIONAL = "regional"
    STAFF = "staff"
    AUDITOR = "auditor"


class AfterPause(StrEnum):
    """What becomes of messages that a pause kept back: none of them, the newest alone, or a person says."""

    SKIP = "skip"
    NEWEST = "newest"
    ASK = "ask"


class WhenFull(StrEnum):
    """What becomes of a message to somebody who had as many as we send: it waits for room, or is skipped."""

    WAIT = "wait"
    SKIP = "skip"


class InQuietHours(StrEnum):
    """What becomes of a message whose time comes in quiet hours: the next moment available, or it is given up."""

    NEXT_AVAILABLE = "next_available"
    ABORT = "abort"


class Channels(StrEnum):
    """What quiet hours are kept for: texts alone, or mail too."""

    TEXTS = "texts"
    ALL = "all"


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """0 for Monday to 6 for Sunday, as `datetime.weekday` counts."""
        return list(Weekday).index(self)


#: The stages of each kind of path, in order. A path is `belonging`, or `outlook:` and a theme.
STAGES: Mapping[str, tuple[str, ...]] = {
    "belonging": ("curious", "connected", "active", "leading", "resting"),
    "outlook": ("unsure", "listening", "sees_it", "speaks_for_it", "brings_others"),
}

#: Words that carriers and the law give a meaning of their own; never an answer of ours.
RESERVED_WORDS = frozenset(
    """stop stopall unsubscribe cancel end quit revoke optout opt-out help info start unstop
    alto parar baja ayuda""".split()
)


def stages_of(path: str) -> tuple[str, ...]:
    """The stages of the path, in order; empty for a path of no known kind."""
    return STAGES.get(path.partition(":")[0], ())
