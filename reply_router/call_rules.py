"""Rules for calls: one ordered table that decides what becomes of each. The first rule that applies decides.

Pure, as `reply_router.rules` is for mail: the facts were looked up before, what a rule decides is done afterwards
(reply_router.calls).
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.conversations.voicemail import length_in_words
from reply_router.reading.call import Call
from reply_router.text_find import TextPlace


@dataclass(frozen=True, slots=True)
class CallCase:
    """One thing told of a call, as the rules see it."""

    call: Call
    place: TextPlace
    #: The row that told the very same thing before.
    duplicate_of: int | None = None
    #: The row by which this call stands in a conversation already.
    told_by: int | None = None

    @property
    def who(self) -> str:
        """How sentences call whoever called."""
        return self.place.member.called if self.place.member is not None else "Somebody whose phone we do not know"


@dataclass(frozen=True, slots=True)
class CallRule:
    """A name, what it is for, the outcome, whether it stands in a conversation, and the check."""

    name: str
    description: str
    outcome: str
    filed: bool
    check: Callable[[CallCase], str | None]
    #: What it may do besides (keys of reply_router.effects.EFFECTS).
    effects: tuple[str, ...] = ()


def judge_call(case: CallCase) -> tuple[CallRule, str]:
    """The rule that decides the case, and its sentence."""
    for rule in CALL_RULES:
        sentence = rule.check(case)
        if sentence is not None:
            return rule, sentence
    raise AssertionError("the last rule applies to everything")


def _duplicate(case: CallCase) -> str | None:
    if case.duplicate_of is None:
        return None
    return "The provider told us of the very same before. It stands in the conversation once."


def _end(case: CallCase) -> str | None:
    if case.told_by is None or case.call.has_words:
        return None
    return "The call is over. What was said stands in the conversation already."


def _broken(case: CallCase) -> str | None:
    return f"{case.call.trouble} Open the original." if case.call.trouble else None


def _voicemail(case: CallCase) -> str | None:
    if not case.call.has_words or case.place.member is None:
        return None
    return f"{case.who} called and left a voicemail of {length_in_words(case.call.seconds)}. Call them back."


def _voicemail_of_anybody(case: CallCase) -> str | None:
    if not case.call.has_words:
        return None
    return f"{case.who} called and left a voicemail of {length_in_words(case.call.seconds)}."


def _silent(case: CallCase) -> str | None:
    if case.place.member is None:
        return None
    return f"{case.who} called and left no words. Call them back: perhaps they would rather speak with somebody."


def _silent_anybody(case: CallCase) -> str | None:
    return f"{case.who} called and left no words. Nobody has to call back."


#: The whole decision, in order.
CALL_RULES: tuple[CallRule, ...] = (
    CallRule("duplicate", "The provider told the same before.", "duplicate", False, _duplicate),
    CallRule("end", "The end of a call whose words stand there.", "duplicate", False, _end),
    CallRule("broken", "It cannot be read.", "needs_person", True, _broken),
    CallRule("voicemail", "A member's words after the tone: call them back.", "thread", True, _voicemail, ("call",)),
    CallRule("voicemail_of_anybody", "A stranger's words after the tone.", "needs_person", True,
             _voicemail_of_anybody, ("call",)),
    CallRule("silent", "A member called and said nothing: call them back.", "thread", True, _silent, ("call",)),
    CallRule("silent_anybody", "A stranger called and said nothing.", "thread", True, _silent_anybody),
)  # fmt: skip
