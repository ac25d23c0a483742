"""Holding: which posts wait, for whom, and why. One table in order; the first reason that applies decides.

Pure. A steward looks at what could embarrass the chapter, the author at what could embarrass the author: a first post,
a storm and an old topic wait for the steward without end; words that look private wait ten minutes for their author
and then go out, because most of them were meant for the chapter after all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.conversations.topic_post import MOST_AN_HOUR, WhyHeld


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a post that came in just now."""

    author: str
    #: They answer people in this chapter, and are the ones who would decide.
    is_organizer: bool
    #: Words of theirs went out to the chapter before.
    has_posted: bool
    #: Posts of theirs within the last hour, in all topics of the chapter.
    lately: int
    #: What the chapter chose: first, all, none.
    moderates: str
    #: Nothing was said in the topic for as long as the chapter calls old.
    is_old: bool
    #: Why it looks as if it were for one person (reply_router.topics.guard); None: it does not, or answers nobody.
    private: str | None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a post waits; `by_itself`: it goes out after ten minutes, unless its author takes it back."""

    why_held: WhyHeld
    why: str
    by_itself: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to hold: its name for the row, whether it ends by itself, and the check: its sentence if it applies."""

    why_held: WhyHeld
    by_itself: bool
    check: Callable[[Facts], str | None]


def _storm(facts: Facts) -> str | None:
    if facts.lately < MOST_AN_HOUR:
        return None
    return f"{facts.author} wrote {facts.lately} times within an hour: somebody looks before more goes out."


def _all(facts: Facts) -> str | None:
    return "Every post waits for a steward here." if facts.moderates == "all" and not facts.is_organizer else None


def _old(facts: Facts) -> str | None:
    return "The topic is old: what is added waits for a steward." if facts.is_old and not facts.is_organizer else None


def _first(facts: Facts) -> str | None:
    if facts.moderates != "first" or facts.has_posted or facts.is_organizer:
        return None
    return f"These are {facts.author}’s first words to the chapter."


def _first_and_private(facts: Facts) -> str | None:
    """A steward who decides about first words is told when these look as if they were not for everybody."""
    first = _first(facts)
    return f"{facts.private} {first}" if first is not None and facts.private is not None else None


def _private(facts: Facts) -> str | None:
    return facts.private


def _first_by_itself(facts: Facts) -> str | None:
    if facts.has_posted or facts.is_organizer:
        return None
    return f"These are {facts.author}’s first words to the chapter."


#: The whole decision, in order.
REASONS = (
    Reason("moderated", False, _storm),
    Reason("moderated", False, _all),
    Reason("moderated", False, _old),
    Reason("looks_private", False, _first_and_private),
    Reason("first_post", False, _first),
    Reason("looks_private", True, _private),
    Reason("first_post", True, _first_by_itself),
)


def held(facts: Facts) -> Hold | None:
    """Why the post waits; None: it goes out at once."""
    for reason in REASONS:
        sentence = reason.check(facts)
        if sentence is not None:
            return Hold(reason.why_held, sentence, reason.by_itself)
    return None
