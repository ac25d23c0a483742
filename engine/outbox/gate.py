"""The gate: whether a message may leave now, must wait, or must not leave; always with a reason that staff can read.

Pure: facts in, verdict out. The courier loads the facts in the transaction that claims the message, so a stop that was
committed before the claim always counts (law 6). The rules stand in files beside this one, by what they look at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.outbox import gate_caps as caps
from engine.outbox import gate_consent as allowed
from engine.outbox import gate_times as times
from engine.outbox.gate_caps import LOOK_BACK, counts_before_an_ask
from engine.outbox.gate_consent import scope_of
from engine.outbox.gate_facts import Allow, Facts, Letter, Limits, Refuse, Verdict, WaitUntil, with_those_leaving

__all__ = [
    "LOOK_BACK", "RULES", "Allow", "Facts", "Letter", "Limits", "Refuse", "Rule", "Verdict", "WaitUntil",
    "counts_before_an_ask", "judge", "rule_of", "scope_of", "with_those_leaving",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the gate: its name, what it asks in words, and what it says of a message (None: nothing)."""

    name: str
    asks: str
    judge: Callable[[Facts, Limits, datetime], Verdict | None]
    #: Words by which its reasons are known again where only the sentence was kept.
    marks: tuple[str, ...] = ()


def judge(facts: Facts, limits: Limits, now: datetime) -> Verdict:
    """The first rule that has something to say decides; when none has, it may leave."""
    for rule in RULES:
        if (said := rule.judge(facts, limits, now)) is not None:
            return said
    return _ALLOW


_ALLOW = Allow()


#: Every rule, in the order in which they are asked. Whoever explains a message reads this table too.
RULES: tuple[Rule, ...] = (
    Rule(
        "erased",
        "they did not ask us to forget them",
        lambda facts, _, __: allowed.person(facts),
        ("to erase what we",),
    ),
    Rule(
        "forgotten",
        "whoever is reached there did not ask us to forget them",
        lambda facts, _, __: allowed.forgotten(facts),
        ("asked us to forget them",),
    ),
    Rule(
        "phone",
        "their phone did not ask for no texts",
        lambda facts, _, __: allowed.phone(facts),
        ("This phone asked",),
    ),
    Rule(
        "consent",
        "they said yes to messages of this kind",
        lambda facts, _, __: allowed.consent(facts),
        ("They asked for no", "They never said yes", "They stopped", "They switched", "They never texted us"),
    ),
    Rule(
        "room",
        "they are in the room it was said in, and want to hear it",
        lambda facts, _, __: allowed.room(facts),
        ("in this chapter any more", "no topics of this chapter", "no more of this topic", "to hear no more from"),
    ),
    Rule(
        "address",
        "there is an address that can be written to",
        lambda facts, _, __: times.address(facts),
        ("of theirs is known", "Nothing goes to this address"),
    ),
    Rule(
        "back-off",
        "mail there was not late just now",
        lambda facts, _, now: times.backs_off(facts, now),
        ("Mail there was late lately",),
    ),
    Rule(
        "late", "it is not too late for a text", lambda facts, _, now: times.late(facts, now), ("a late text is worse",)
    ),
    Rule(
        "brake",
        "few enough readers of the chapter complained, and little came back",
        lambda facts, _, now: times.brake(facts, now),
        ("Letters of this chapter to many rest", "Letters of no chapter to many rest"),
    ),
    Rule(
        "hold", "nobody here is talking with them", lambda facts, _, now: times.hold(facts, now), ("They are talking",)
    ),
    Rule(
        "wish",
        "they did not ask for a pause",
        lambda facts, _, now: times.wish(facts, now),
        ("They asked us to pause",),
    ),
    Rule(
        "pause",
        "the journey is not paused, nor was while this waited",
        times.pause,
        ("The journey is paused", "The journey was paused"),
    ),
    Rule("stale", "nothing held it past its time", times.stale, ("held it past its time",)),
    Rule("asks", "the ask budget, and never two asks in a row", caps.asks, ("ask twice in a row", "They were asked")),
    Rule("cap", "the weekly cap", caps.cap, ("within a week",)),
    Rule(
        "window",
        "texting hours where they live",
        lambda facts, _, now: times.window(facts, now),
        ("texting hours", "no hour is decent", "in quiet hours", "leave no hour"),
    ),
)


def rule_of(reason: str) -> str:
    """The name of the rule that gave a delivery this reason; empty where it was none of the gate's."""
    return next((rule.name for rule in RULES if any(mark in reason for mark in rule.marks)), "")
