"""Explain: outcomes, messages and what is awaited, in words."""

from collections.abc import Sequence

from engine.enrollments.enrollment import Standing, Visit
from engine.enrollments.journey import Journey
from engine.outbox.closed import Closed
from engine.outbox.delivery import Delivery
from journeys.model import Journey as Script
from journeys.steps import Wait, WaitForFact

#: The outcomes of visits in words.
SAYS = {
    "sent": "The message was written",
    "asked": "The question was written",
    "waits": "It waits here",
    "waited": "The time went by",
    "silent": "No answer came in time",
    "replied": "They wrote",
    "met": "It became so",
    "timed_out": "It did not become so in time",
    "no_date": "There was no such date",
    "past": "The day was over already",
    "branched": "A turn was taken",
    "split": "A lot was drawn",
    "jumped": "They went back or on",
    "not_jumped": "They had been sent there often enough",
    "moved": "They were moved",
    "not_moved": "They were not moved",
    "tagged": "The tags were changed",
    "set": "The fact was written down",
    "joined": "They came in",
    "not_joined": "They did not come in",
    "handed_off": "A person was asked",
    "unheard": "Nobody chose an outcome in time",
    "finished": "They came to the end",
    "goal": "What the journey is for had come about, and it ended",
    # Why stands beside it: a talk, the member's own pause, the journey's.
    "held": "It was held",
    "paused": "It was held",
    "skipped": "It was skipped",
    "failed": "It went wrong",
}  # fmt: skip
#: Outcomes that carry a name: `answered:yes`.
_NAMED = {"answered": "They answered “{}”", "done": "Whoever did it found: {}", "exit": "The journey ended early ({})"}


def said_of(outcome: str) -> str:
    """An outcome with a name in it (`answered:yes`), in words; any other as it is written."""
    kind, _, name = outcome.partition(":")
    if name:
        return _NAMED.get(kind, f"{kind}: {{}}").format(name.replace("_", " "))
    return outcome.replace("_", " ").capitalize()


def message_in_words(each: Delivery, shut: Closed | None) -> str:
    what = "text" if each.channel == "sms" else "letter"
    if shut is not None:
        return f"The {what} waits: {shut.reason}"
    match each.state:
        case "sent":
            return f"The {what} left on {each.sent_at or each.state_at:%d %B %Y at %H:%M} UTC."
        case "refused":
            return f"The {what} never left: {each.refusal}"
        case "failed":
            return f"The {what} did not arrive: {each.error_says}"
        case "queued" if each.refusal:
            return f"The {what} waits until {each.send_at:%d %B %Y at %H:%M} UTC: {each.refusal}"
        case _:
            return f"The {what} is on its way."


def awaited(here: Standing | None, script: Script, visits: Sequence[Visit], journey: Journey) -> str:
    if here is None or here.step >= len(script.steps):
        return ""
    step = script.steps[here.step]
    when = f"{here.due_at:%d %B %Y at %H:%M} UTC"
    last = visits[-1] if visits else None
    if journey.paused_at is not None:
        return f"The journey is paused since {journey.paused_at:%d %B %Y}; {step.id} waits until it goes on."
    if here.tries and last is not None:
        return f"{step.id} went wrong {here.tries} times ({last.why}); it is tried again on {when}."
    if here.wanted_at is not None and last is not None:
        return f"{step.id} was put off: {last.why} It is looked at again on {when}."
    if here.phase and isinstance(step, Wait) and isinstance(step.pause, WaitForFact):
        return f"{step.id} {step.describe(script.ids)}; it is looked at again on {when} at the latest."
    if here.phase:
        return f"{step.id} {step.describe(script.ids)}; until {when} at the latest."
    return f"{step.id} is next, on {when}."
